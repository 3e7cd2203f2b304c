// Axes of values: each unit in a plot has its own, the first one left, the others beside each other on the right.

import { tickText, ticks } from "./ticks.js";

/** @typedef {{ unit: string, low: number, high: number }} Scale */
/** @typedef {import("./series.js").Line} Line */

const WIDE = { first: 54, further: 46, gap: 7 };
const NARROW = { first: 42, further: 35, gap: 4 };
const NARROW_PX = 480;  // a plot on a phone, or one of the overview
const NONE = 12;
const MOST = 0.45;  // of a plot's width for all the further ones
const TICK_PX = 32;
export const TITLE = 14;  // the line above the axes that says their units

/**
 * The units of these lines, in the order of their axes.
 * @param {{ unit: string }[]} lines
 */
export function unitsOf(lines) {
  return [...new Set(lines.map((each) => each.unit))];
}

/** @param {number} width */
const roomy = (width) => (width < NARROW_PX ? NARROW : WIDE);

/**
 * From one further axis to the next, in a plot of this width.
 * @param {string[]} units
 * @param {number} width
 */
function stepOf(units, width) {
  return Math.min(roomy(width).further, (MOST * width) / (units.length - 1));
}

/**
 * The room that the axes of these units need at both sides of a plot of this width.
 * @param {string[]} units
 * @param {number} width
 */
export function roomOf(units, width) {
  return { left: roomy(width).first, right: units.length > 1 ? (units.length - 1) * stepOf(units, width) + 4 : NONE };
}

/**
 * From the lowest to the highest visible value of a unit, with a margin. `visible(series)`: first and last index.
 * @param {string} unit
 * @param {Line[]} lines
 * @param {(series: Line) => number[]} visible
 * @returns {Scale}
 */
export function scaleOf(unit, lines, visible) {
  let low = Infinity;
  let high = -Infinity;
  for (const series of lines.filter((each) => each.unit === unit)) {
    const [first, last] = visible(series);
    for (let index = first; index <= last; index += 1) {
      const value = series.values[index];
      if (value === null) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) [low, high] = [0, 1];
  const margin = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return { unit, low: low - margin, high: high + margin };
}

/**
 * Draws the axis of `chart.scales[number]`; where there are several, with its unit, and the colour of its only line.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./chart.js").Chart} chart
 * @param {number} number
 */
export function drawAxis(context, chart, number) {
  const { scales, left, right, top, bottom, styles } = chart;
  const { unit, low, high } = scales[number];
  const { at, step } = ticks(low, high, Math.max(2, (bottom - top) / TICK_PX));
  const own = chart.lines.filter((each) => each.unit === unit);
  const between = stepOf(scales.map((scale) => scale.unit), chart.host.clientWidth);
  const { gap } = roomy(chart.host.clientWidth);
  const place = number ? right + (number - 1) * between : left;
  /** @type {(text: string, y: number) => void} */
  const write = (text, y) => (number ? context.fillText(text, place + gap, y, between - gap - 2) : context.fillText(text, place - gap, y, place - gap - 2));
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = number ? "left" : "right";
  for (const tick of at) {
    const y = Math.round(bottom - ((tick - low) / (high - low)) * (bottom - top)) + 0.5;
    if (!number) stroke(context, styles.grid, left, y, right, y);
    else stroke(context, styles.strong, place, y, place + gap - 2, y);
    context.fillStyle = scales.length > 1 && own.length === 1 ? chart.colour(own[0]) : styles.quiet;
    write(tickText(tick, step), y);
  }
  if (number) stroke(context, styles.strong, Math.round(place) + 0.5, top, Math.round(place) + 0.5, bottom);
  if (scales.length > 1) write(unit, TITLE / 2 + 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 */
function stroke(context, colour, fromX, fromY, toX, toY) {
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
