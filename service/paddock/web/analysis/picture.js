// Draws on a canvas: dots or cells, bars, a line; each with axes that say what they are.

import { tickText, ticks } from "../plots/ticks.js";

const LEFT = 64;
const BOTTOM = 40;
const TOP = 22;
const RIGHT = 14;
const TICK_PX = 70;

/** @typedef {{ low: number, high: number }} Range */

/**
 * A canvas of this size with axes drawn, and where values lie on it.
 * @param {HTMLCanvasElement} canvas
 * @param {Range} across
 * @param {Range} up
 * @param {string} xTitle
 * @param {string} yTitle
 */
function prepare(canvas, across, up, xTitle, yTitle) {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser cannot draw.");
  pen.scale(devicePixelRatio, devicePixelRatio);
  const style = getComputedStyle(canvas);
  const ink = style.getPropertyValue("--ink-2") || "#555";
  const line = style.getPropertyValue("--line") || "#ddd";
  const accent = style.getPropertyValue("--accent") || "#0f766e";
  /** @param {number} value */
  const x = (value) => LEFT + ((value - across.low) / (across.high - across.low)) * (width - LEFT - RIGHT);
  /** @param {number} value */
  const y = (value) => height - BOTTOM - ((value - up.low) / (up.high - up.low)) * (height - TOP - BOTTOM);
  pen.font = "12px system-ui, sans-serif";
  pen.fillStyle = ink;
  pen.strokeStyle = line;
  pen.lineWidth = 1;
  pen.textAlign = "center";
  const columns = ticks(across.low, across.high, (width - LEFT) / TICK_PX);
  for (const at of columns.at) {
    rule(pen, x(at), TOP, x(at), height - BOTTOM);
    pen.fillText(tickText(at, columns.step), x(at), height - BOTTOM + 16);
  }
  pen.textAlign = "right";
  const rows = ticks(up.low, up.high, height / TICK_PX);
  for (const at of rows.at) {
    rule(pen, LEFT, y(at), width - RIGHT, y(at));
    pen.fillText(tickText(at, rows.step), LEFT - 6, y(at) + 4);
  }
  pen.fillText(xTitle, width - RIGHT, height - 6);
  pen.textAlign = "left";
  pen.fillText(yTitle, 8, 14);
  pen.fillStyle = accent;
  pen.strokeStyle = accent;
  return { pen, x, y };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
function rule(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

/**
 * From the least to the greatest with a margin; something to draw on where all are the same.
 * @param {number[]} values
 * @param {number} margin a share
 * @returns {Range}
 */
function range(values, margin) {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(high > low)) return { low: (Number.isFinite(low) ? low : 0) - 1, high: (Number.isFinite(high) ? high : 0) + 1 };
  const room = (high - low) * margin;
  return { low: low - room, high: high + room };
}

/**
 * Two ranges widened so that both axes have one scale, as a circle needs it to look like one.
 * @param {HTMLCanvasElement} canvas
 * @param {Range} across
 * @param {Range} up
 */
function alike(canvas, across, up) {
  const shape = (canvas.clientWidth - LEFT - RIGHT) / (canvas.clientHeight - TOP - BOTTOM);
  const width = Math.max(across.high - across.low, (up.high - up.low) * shape);
  /**
   * @param {Range} each
   * @param {number} size
   */
  const widened = (each, size) => ({ low: (each.low + each.high - size) / 2, high: (each.low + each.high + size) / 2 });
  return [widened(across, width), widened(up, width / shape)];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{ xs: number[], ys: number[], counts: number[], cell: [number, number] | null }} found
 * @param {string} xTitle
 * @param {string} yTitle
 * @param {boolean} ofOneUnit
 */
export function drawCloud(canvas, found, xTitle, yTitle, ofOneUnit) {
  const ranges = [range(found.xs, 0.04), range(found.ys, 0.04)];
  const [across, up] = ofOneUnit ? alike(canvas, ranges[0], ranges[1]) : ranges;
  const { pen, x, y } = prepare(canvas, across, up, xTitle, yTitle);
  const most = Math.log1p(found.counts.reduce((a, b) => Math.max(a, b), 1));
  found.xs.forEach((across, at) => {
    if (found.cell) {
      const [width, height] = found.cell;
      pen.globalAlpha = 0.15 + 0.85 * (Math.log1p(found.counts[at]) / most);
      const left = x(across - width / 2);
      const top = y(found.ys[at] + height / 2);
      pen.fillRect(left, top, Math.max(1, x(across + width / 2) - left), Math.max(1, y(found.ys[at] - height / 2) - top));
    } else {
      pen.globalAlpha = 0.6;
      pen.beginPath();
      pen.arc(x(across), y(found.ys[at]), 2, 0, 7);
      pen.fill();
    }
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} edges
 * @param {number[]} heights
 * @param {string} xTitle
 * @param {string} yTitle
 */
export function drawBars(canvas, edges, heights, xTitle, yTitle) {
  const up = range([...heights, 0], 0);
  const { pen, x, y } = prepare(canvas, range(edges, 0), up, xTitle, yTitle);
  heights.forEach((height, at) => {
    const left = x(edges[at]);
    pen.fillRect(left, y(height), Math.max(1, x(edges[at + 1]) - left - 1), y(0) - y(height));
  });
}

/**
 * A line over a logarithmic height, as decades of a spectrum need it.
 * @param {HTMLCanvasElement} canvas
 * @param {number[]} across
 * @param {number[]} values
 * @param {string} xTitle
 * @param {string} unit
 */
export function drawLine(canvas, across, values, xTitle, unit) {
  const least = values.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), Infinity);
  const logs = values.map((value) => Math.log10(Math.max(value, Number.isFinite(least) ? least : 1e-12)));
  const { pen, x, y } = prepare(canvas, range([0, ...across], 0), range(logs, 0.04), xTitle, `log₁₀ of ${unit}`);
  pen.lineWidth = 1.5;
  pen.beginPath();
  logs.forEach((value, at) => pen.lineTo(x(across[at]), y(value)));
  pen.stroke();
}
