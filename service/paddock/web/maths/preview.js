// The preview of an expression: a chart of what it is over the chosen recording.

import { need } from "../kernel/dom.js";
import { Chart, marginsOf } from "../plots/chart.js";
import { valueText } from "../plots/ticks.js";

/**
 * What an expression is over a recording, as the API has it.
 * @typedef {object} Found
 * @property {number[]} seconds
 * @property {(number | null)[]} values
 * @property {number} samples
 * @property {number} known
 * @property {number | null} min
 * @property {number | null} max
 * @property {number | null} mean
 * @property {boolean} whole
 */

/** @param {number} value */
const short = (value) => valueText(Number(value.toPrecision(4)));

export class Preview {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.host = need(root, ".chart");
    this.caption = need(root, "figcaption");
    this.chart = new Chart(this.host);
  }

  clear() {
    this.caption.textContent = "What it is on the recording is drawn here while you write.";
    this.host.classList.remove("stale");
    this.host.setAttribute("aria-label", "No preview yet");
    this.chart.show([], { start: 0, end: 1 });
  }

  /** The text changed, and means nothing at the moment: what is drawn is that of before. */
  outdate() {
    this.host.classList.add("stale");
  }

  /**
   * @param {Found} found
   * @param {string} unit
   * @param {string} shape
   */
  show(found, unit, shape) {
    const { seconds, values, samples, known, min, max, mean, whole } = found;
    const span = min === null || max === null || mean === null ? "It is missing everywhere" : `${short(min)} … ${short(max)} ${unit}, mean ${short(mean)}`.replace(" ,", ",");
    const missing = samples - known;
    const more = whole ? "" : "; this is a first part, the whole is computed once it is saved";
    this.caption.textContent = `${span}. ${samples.toLocaleString("en")} samples${missing ? `, ${missing.toLocaleString("en")} missing` : ""}${more}.`;
    this.host.classList.remove("stale");
    this.host.setAttribute("aria-label", `Preview: ${this.caption.textContent}`);
    const start = seconds[0] ?? 0;
    /** @type {import("../plots/series.js").Drawn} */
    const series = {
      key: "a:preview", source: "a", name: "preview", label: "preview", unit, colour: 0, shift: 0, gap: Infinity, dtype: "double",
      drawing: shape === "line" ? "line" : "steps", seconds, values, samples, enums: {}, faults: [], low: null, high: null,
    };
    this.chart.margins = marginsOf([series], this.host.clientWidth);
    this.chart.show([series], { start, end: Math.max(start + 1e-3, seconds.at(-1) ?? 1) });
  }
}
