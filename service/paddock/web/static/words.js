// Numbers in words, exactly as the server says them (domain/words.py): no page shows one size in two ways.

const divided = (number, by) => Math.floor((number + Math.floor(by / 2)) / by);

/** `645 kB`, `73.4 MB`: up to three digits and a decimal unit. */
export function size(bytes) {
  let [unit, factor] = ["B", 1];
  for (const larger of ["kB", "MB", "GB"]) {
    if (divided(bytes, factor) < 1000) break;
    [unit, factor] = [larger, factor * 1000];
  }
  const whole = divided(bytes, factor);
  if (unit === "B" || whole >= 100) return `${whole} ${unit}`;
  const tenths = divided(bytes * 10, factor);
  return `${Math.floor(tenths / 10)}.${tenths % 10} ${unit}`;
}
