// Numbers and times as axes and read-outs write them.

/**
 * Round steps (1, 2 or 5 times a power of ten) that cut `low` to `high` into about `count` parts.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  if (!(raw > 0) || !Number.isFinite(raw)) return { at: [low], step: 1 };
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const at = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step * 1e-9; tick += 1) at.push(tick * step);
  return { at, step };
}

const MINUTE_STEPS = [15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/**
 * The same for seconds: above ten seconds in steps that are round on a clock.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 */
export function timeTicks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1);
  if (raw <= 10) return ticks(low, high, count);
  const step = MINUTE_STEPS.find((each) => each >= raw) ?? Math.ceil(raw / 3600) * 3600;
  const at = [];
  for (let tick = Math.ceil(low / step); tick * step <= high; tick += 1) at.push(tick * step);
  return { at, step };
}

/** @param {number} step */
const digits = (step) => Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));

/**
 * A tick's number, with as many digits as its neighbours need.
 * @param {number} value
 * @param {number} step
 */
export function tickText(value, step) {
  const size = Math.abs(value);
  if (size && (size >= 1e6 || step < 1e-5)) return value.toExponential(1).replace("e+", "e");
  return value.toFixed(digits(step)).replace("-", "−");
}

/**
 * Seconds as `1:02`, with as many fraction digits as `step` needs; `−0:05` before the start.
 * @param {number} seconds
 * @param {number} step
 */
export function clock(seconds, step = 1) {
  const places = digits(step);
  const whole = Number(Math.abs(seconds).toFixed(places));
  const minutes = Math.floor(whole / 60);
  const rest = (whole - minutes * 60).toFixed(places).padStart(places ? places + 3 : 2, "0");
  const sign = seconds < 0 && whole ? "−" : "";
  const hours = Math.floor(minutes / 60);
  return `${sign}${hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}` : minutes}:${rest}`;
}

/**
 * A value for people: five significant digits.
 * @param {unknown} value
 */
export function valueText(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value).replace("-", "−");
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(3);
  return String(Number(value.toPrecision(size >= 1000 ? 6 : 4))).replace("-", "−");
}
