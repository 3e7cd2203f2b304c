// What is drawn, and the facts about it that need no canvas.

/** @typedef {{ start: number, end: number }} View a span of the time axis, in seconds */

/** @typedef {number | string | boolean | null} Value null where a sample is missing */

/**
 * A signal over a span of time, in as many points as a screen shows, as the API has it.
 * @typedef {object} Series
 * @property {string} name
 * @property {string} label
 * @property {string} unit
 * @property {string} dtype
 * @property {"line" | "steps" | "segments"} drawing
 * @property {number[]} seconds ascending
 * @property {Value[]} values
 * @property {number} samples how many the log has in the span
 * @property {Record<string, string>} enums names by number
 * @property {Value[]} faults the values that are faults
 * @property {number | null} low the catalogue's lower limit
 * @property {number | null} high
 */

/** @typedef {Series & { gap: number, shift: number }} Found `gap`: seconds without a sample that are one; `shift`: added to its times */

/**
 * A signal in a plot: `source` is the key of its recording, with which its own key begins; `colour` counts from 0.
 * @typedef {{ key: string, source: string, name: string, label: string, unit: string, colour: number, dashed?: boolean }} Entry
 */

/** @typedef {Found & Entry} Drawn */

/** @typedef {Drawn & { values: (number | null)[] }} Line */

/**
 * Whether a signal is a lane of named pieces instead of a line.
 * @param {Series} series
 */
export function isLane(series) {
  return series.drawing === "segments" || series.dtype === "bool" || Object.keys(series.enums).length > 0;
}

/**
 * @param {Drawn} series
 * @returns {series is Line}
 */
export const isLine = (series) => !isLane(series);

/**
 * What a series is at an instant of the axis; undefined before it begins, and where no line is drawn.
 * @template {Found} T
 * @param {T} series
 * @param {number} instant
 * @returns {T["values"][number] | undefined}
 */
export function valueAt(series, instant) {
  const seconds = instant - series.shift;
  const index = indexAt(series.seconds, seconds);
  const isLost = series.drawing === "line" && seconds - series.seconds[index] > series.gap;
  return isLost ? undefined : series.values[index];
}

/**
 * Index of the last sample at or before `seconds`, -1 when there is none.
 * @param {number[]} times
 * @param {number} seconds
 */
export function indexAt(times, seconds) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * What a value is called: an enum's name, on and off, or the value.
 * @param {Series} series
 * @param {Value | undefined} value
 */
export function nameOf(series, value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? "on" : "off";
  return series.enums[value] ?? value;
}
