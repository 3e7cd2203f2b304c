// A small plot of an answer: bars where the first column has names, dots where it has numbers or instants.

import { need } from "../kernel/dom.js";

const WIDTH = 800;
const HEIGHT = 240;
const EDGE = 8;
const MOST_BARS = 100;
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {{ columns: { name: string, type: string }[], rows: unknown[][] }} Answer */

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/**
 * Draws the second column over the first where that says something; hides the figure where not.
 * @param {HTMLElement} figure
 * @param {Answer} answer
 * @param {string[]} kinds "num" for each column of numbers
 */
export function plot(figure, answer, kinds) {
  const y = kinds.findIndex((kind, at) => at > 0 && kind === "num");
  const { rows, columns } = answer;
  const isTime = columns[0]?.type.startsWith("timestamp") ?? false;
  const overNumbers = kinds[0] === "num" || isTime;
  const fits = overNumbers || rows.length <= MOST_BARS;
  figure.hidden = y < 0 || rows.length < 2 || !fits;
  if (figure.hidden) return;
  const values = rows.map((row) => Number(row[y] ?? NaN));
  const places = rows.map((row, at) => (isTime ? Date.parse(String(row[0])) : overNumbers ? Number(row[0] ?? NaN) : at));
  const shown = values.map((value, at) => ({ value, place: places[at] })).filter(({ value, place }) => Number.isFinite(value + place));
  const { low, high } = range(shown.map(({ value }) => value), !overNumbers);
  const { low: first, high: last } = range(shown.map(({ place }) => place), false);
  /** @param {number} value */
  const up = (value) => HEIGHT - EDGE - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * EDGE);
  /** @param {number} place */
  const along = (place) => EDGE + ((place - first) / (last - first || 1)) * (WIDTH - 2 * EDGE);
  const width = (WIDTH - 2 * EDGE) / Math.max(1, rows.length);
  const shapes = shown.map(({ value, place }) => (overNumbers
    ? shape("circle", { cx: along(place), cy: up(value), r: 2 })
    : shape("rect", { x: EDGE + place * width, y: Math.min(up(value), up(0)), width: Math.max(1, width * 0.8), height: Math.max(1, Math.abs(up(value) - up(0))) })));
  need(figure, "svg", SVGSVGElement).replaceChildren(...shapes);
  need(figure, "figcaption").textContent = `${columns[y].name} over ${columns[0].name}: ${short(low)} to ${short(high)}`;
}

/**
 * @param {number[]} values
 * @param {boolean} withZero
 */
function range(values, withZero) {
  const all = withZero ? [...values, 0] : values;
  return { low: all.reduce((a, b) => Math.min(a, b), Infinity), high: all.reduce((a, b) => Math.max(a, b), -Infinity) };
}

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(4)));
