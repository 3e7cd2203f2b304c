// A sparkline: the last minute of a signal as a small line, with what was out of its limits in red.

import { indexAt, isLane } from "../plots/series.js";
import { isBad } from "./signals.js";

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./signals.js").LiveSignal} signal
 * @param {{ start: number, end: number }} view
 */
export function drawSpark(canvas, signal, view) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (!width || !context) return;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const styles = getComputedStyle(canvas);
  const { seconds, values } = signal.series;
  const first = Math.max(0, indexAt(seconds, view.start));
  /** @param {number} at */
  const x = (at) => ((at - view.start) / (view.end - view.start)) * width;
  if (isLane(signal.series)) {
    for (let at = first; at < seconds.length; at += 1) {
      const value = values[at];
      const to = at + 1 < seconds.length ? x(seconds[at + 1]) : width;
      const bad = isBad(signal, value);
      context.fillStyle = styles.getPropertyValue(bad ? "--bad" : "--ink-3");
      context.globalAlpha = bad ? 0.9 : value === false || value === null ? 0.12 : 0.4;
      context.fillRect(x(seconds[at]), height * 0.25, to - x(seconds[at]), height * 0.5);
    }
    context.globalAlpha = 1;
    return;
  }
  let [low, high] = [Infinity, -Infinity];
  for (let at = first; at < values.length; at += 1) {
    const value = values[at];
    if (typeof value !== "number") continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return;
  const margin = 2;
  const scale = high > low ? (height - 2 * margin) / (high - low) : 0;
  /** @param {number} value */
  const y = (value) => (scale ? height - margin - (value - low) * scale : height / 2);
  for (const bad of [false, true]) {
    context.beginPath();
    context.strokeStyle = styles.getPropertyValue(bad ? "--bad" : "--plot-1");
    context.lineWidth = bad ? 1.75 : 1.25;
    let open = false;
    for (let at = first; at < values.length; at += 1) {
      const value = values[at];
      if (typeof value !== "number" || (at > first && seconds[at] - seconds[at - 1] > signal.series.gap)) open = false;
      if (typeof value !== "number" || (bad && !isBad(signal, value))) {
        open = false;
        continue;
      }
      if (open && signal.series.drawing === "steps") context.lineTo(x(seconds[at]), y(/** @type {number} */ (values[at - 1])));
      if (open) context.lineTo(x(seconds[at]), y(value));
      else if (bad && at > first && typeof values[at - 1] === "number") {
        context.moveTo(x(seconds[at - 1]), y(/** @type {number} */ (values[at - 1])));
        context.lineTo(x(seconds[at]), y(value));
      } else context.moveTo(x(seconds[at]), y(value));
      open = true;
    }
    context.stroke();
  }
}
