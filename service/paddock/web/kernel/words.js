// Sizes and names in sentences, exactly as the server says them (domain/words.py): nothing is said in two ways.

/**
 * @param {number} number
 * @param {number} by
 */
const divided = (number, by) => Math.floor((number + Math.floor(by / 2)) / by);

/**
 * `645 kB`, `73.4 MB`: up to three digits and a decimal unit.
 * @param {number} bytes
 */
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

/**
 * A name inside a sentence: marks in it that turn the direction of writing round do not reach the rest.
 * @param {string} name
 */
export function isolated(name) {
  if (!/[\u202a-\u202e\u2066-\u2069]/.test(name)) return name;
  let [begun, ended] = [0, 0];
  for (const character of name) {
    if (/[\u2066-\u2068]/.test(character)) begun += 1;
    else if (character === "\u2069" && begun) begun -= 1;
    else if (character === "\u2069") ended += 1;
  }
  return "\u2068".repeat(ended + 1) + name + "\u2069".repeat(begun + 1);
}
