// Lanes: signals of few states, each as a row of pieces that say their names.

import { nameOf } from "./series.js";

/** @typedef {import("./series.js").Drawn} Drawn */
/** @typedef {import("./series.js").Value} Value */

export const LANE_GAP = 4;

/**
 * Draws one lane over a chart, `top` from above. Each value lasts until the next: a piece of colour, with its name
 * where there is room.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./chart.js").Chart} chart
 * @param {Drawn} series
 * @param {number} top
 */
export function drawLane(context, chart, series, top) {
  const { left, right, lane, styles } = chart;
  const [first, last] = chart.visible(series);
  // Of an enum all values, not only those that are here: what means the same looks the same in every lane.
  const numbers = Object.keys(series.enums).map(Number);
  /** @type {Value[]} */
  const names = numbers.length ? numbers.sort((a, b) => a - b) : [...new Set(series.values)].sort(byValue);
  context.fillStyle = styles.sunken;
  context.fillRect(left, top, right - left, lane);
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (let index = first; index <= last; ) {
    const value = series.values[index];
    let next = index + 1;
    while (next <= last && series.values[next] === value) next += 1;
    const from = Math.max(left, chart.x(series.seconds[index] + series.shift));
    const to = next <= last ? chart.x(series.seconds[next] + series.shift) : right;
    if (value !== null) {
      const isFault = series.faults.includes(value);
      context.globalAlpha = isFault ? 0.9 : strengthOf(value, names);
      context.fillStyle = isFault ? styles.bad : styles.quiet;
      context.fillRect(from, top, Math.max(1, to - from), lane);
      context.globalAlpha = 1;
      const text = String(nameOf(series, value));
      if (series.dtype !== "bool" && context.measureText(text).width < to - from - 12) {
        context.fillStyle = isFault ? styles.surface : styles.ink;
        context.fillText(text, from + 6, top + lane / 2 + 0.5);
      }
    }
    if (index !== first) {
      context.fillStyle = styles.surface;
      context.fillRect(from, top, 1, lane);
    }
    index = next;
  }
}

/**
 * @param {Value} a
 * @param {Value} b
 */
const byValue = (a, b) => ((a ?? 0) > (b ?? 0) ? 1 : -1);

/**
 * How strong the grey of a value is that is no fault: off is nothing, the further states differ a little.
 * @param {Value} value
 * @param {Value[]} names
 */
function strengthOf(value, names) {
  if (typeof value === "boolean") return value ? 0.32 : 0;
  return 0.1 + (0.22 * Math.max(0, names.indexOf(value))) / Math.max(1, names.length - 1);
}

/**
 * Writes the name of a lane left of it, shortened in the middle: names that begin alike differ at their ends.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./chart.js").Chart} chart
 * @param {Drawn} series
 * @param {number} top
 */
export function drawLaneName(context, chart, series, top) {
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillStyle = chart.styles.ink;
  context.fillText(fit(context, series.label, chart.left - 12), chart.left - 7, top + chart.lane / 2 + 0.5);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} width
 */
function fit(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  for (let kept = text.length - 1; kept > 0; kept -= 1) {
    const short = `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
    if (context.measureText(short).width <= width) return short;
  }
  return "…";
}
