// Where the car was, coloured by what it did there. The dot is the cursor of the plots beside it.

import { fetchPlot } from "./data.js";
import { make } from "../kernel/dom.js";
import { indexAt } from "./series.js";
import { valueText } from "./ticks.js";

/** @typedef {{ low: number, high: number }} Range */
/** @typedef {{ time: number, lat: number, lon: number, by: number | null, x: number, y: number }} Place where the car was, and where that is drawn */

const POINTS = 8000;
const MARGIN = 14;
const SHADES = 48;
// Told apart without colour vision, and dark to light in both themes.
const RAMP = [[62, 38, 140], [44, 100, 178], [30, 150, 140], [120, 190, 80], [250, 205, 60]];

/** @param {number} share */
export function shade(share) {
  const place = Math.min(0.9999, Math.max(0, share)) * (RAMP.length - 1);
  const at = Math.floor(place);
  const mixed = RAMP[at].map((low, channel) => Math.round(low + (RAMP[at + 1][channel] - low) * (place - at)));
  return `rgb(${mixed.join(" ")})`;
}

/**
 * Values of one series at the times of another, on the straight line between two samples.
 * @param {number[]} times
 * @param {import("./series.js").Series} series
 */
function sampledAt(times, series) {
  return times.map((time) => {
    const before = indexAt(series.seconds, time);
    const after = Math.min(before + 1, series.seconds.length - 1);
    const [low, high] = [series.values[Math.max(before, 0)], series.values[after]];
    if (typeof low !== "number" || typeof high !== "number") return null;
    const span = series.seconds[after] - series.seconds[Math.max(before, 0)];
    return span > 0 ? low + ((high - low) * (time - series.seconds[Math.max(before, 0)])) / span : low;
  });
}

export class Track {
  /** @type {Place[]} */
  places = [];
  /** @type {(Range & { unit: string }) | null} */
  by = null;  // what colours the way
  /** @type {ImageData | null} */
  drawn = null;

  /**
   * @param {string} recording
   * @param {string[]} signals latitude and longitude
   * @param {{ name: string, label: string }[]} colours what may colour them
   * @param {import("./linked.js").Linked} linked
   */
  constructor(recording, [latitude, longitude], colours, linked) {
    this.recording = recording;
    this.names = [latitude, longitude];
    this.linked = linked;
    this.canvas = make("canvas", { role: "img", "aria-label": "The way of the car on the ground" });
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.choice = make("select", { "aria-label": "Colour by", onchange: () => void this.load() });
    for (const each of colours) this.choice.append(make("option", { value: each.name }, each.label));
    this.choice.hidden = !colours.length;
    this.low = make("span");
    this.high = make("span");
    const bar = make("i", { class: "ramp", style: `background: linear-gradient(to right, ${RAMP.map((_, n) => shade(n / (RAMP.length - 1))).join(", ")})` });
    this.scale = make("p", { class: "scale", hidden: true }, this.low, bar, this.high);
    this.host = make("div", { class: "track" }, this.canvas);
    this.root = make("div", { class: "figure" }, make("div", { class: "legend" }, this.choice, this.scale), this.host);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.host);
    this.host.addEventListener("pointermove", (event) => this.pointAt(event.offsetX, event.offsetY));
  }

  close() {
    this.resizing.disconnect();
  }

  async load() {
    const names = [...this.names, ...(this.choice.value ? [this.choice.value] : [])];
    const plot = await fetchPlot(this.recording, [...new Set(names)], null, POINTS);
    const [latitude, longitude] = plot.series;
    this.fill(latitude, longitude, plot.series.find((series) => series.name === this.choice.value));
  }

  /**
   * Draws the way that these say.
   * @param {import("./series.js").Series} latitude
   * @param {import("./series.js").Series} longitude
   * @param {import("./series.js").Series} [colour]
   */
  fill(latitude, longitude, colour) {
    const times = latitude.seconds;
    const lons = sampledAt(times, longitude);
    const bys = colour ? sampledAt(times, colour) : [];
    this.places = times.flatMap((time, at) => {
      const [lat, lon] = [latitude.values[at], lons[at]];
      // 0, 0 is what receivers say before they know.
      if (typeof lat !== "number" || !lat || !lon) return [];
      return [{ time, lat, lon, by: bys[at] ?? null, x: 0, y: 0 }];
    });
    this.by = colour ? { ...range(this.places.map((place) => place.by)), unit: colour.unit } : null;
    this.scale.hidden = !this.by;
    if (this.by) {
      this.low.textContent = valueText(Number(this.by.low.toPrecision(3)));
      this.high.textContent = `${valueText(Number(this.by.high.toPrecision(3)))} ${this.by.unit}`;
    }
    this.draw();
  }

  /**
   * Metres east and north of the middle, fitted into the canvas with equal scales.
   * @param {number} width
   * @param {number} height
   */
  project(width, height) {
    const lat = range(this.places.map((place) => place.lat));
    const lon = range(this.places.map((place) => place.lon));
    const flatten = Math.cos(((lat.low + lat.high) / 2) * (Math.PI / 180));
    const scale = Math.min(
      (width - 2 * MARGIN) / Math.max(1e-9, (lon.high - lon.low) * flatten),
      (height - 2 * MARGIN) / Math.max(1e-9, lat.high - lat.low),
    );
    for (const place of this.places) {
      place.x = width / 2 + (place.lon - (lon.low + lon.high) / 2) * flatten * scale;
      place.y = height / 2 - (place.lat - (lat.low + lat.high) / 2) * scale;
    }
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!this.places.length || !width) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.pen;
    context.scale(ratio, ratio);
    this.project(width, height);
    context.lineWidth = 3;
    context.lineCap = "round";
    const strokes = Array.from({ length: SHADES }, () => new Path2D());
    for (let at = 1; at < this.places.length; at += 1) {
      const [from, to] = [this.places[at - 1], this.places[at]];
      const share = this.by && to.by !== null ? (to.by - this.by.low) / (this.by.high - this.by.low || 1) : 0.5;
      const stroke = strokes[Math.min(SHADES - 1, Math.max(0, Math.floor(share * SHADES)))];
      stroke.moveTo(from.x, from.y);
      stroke.lineTo(to.x, to.y);
    }
    strokes.forEach((stroke, number) => {
      context.strokeStyle = shade(number / (SHADES - 1));
      context.stroke(stroke);
    });
    this.drawn = context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    this.point(this.linked.cursor);
  }

  /** @param {number | null} cursor */
  point(cursor) {
    if (!this.drawn) return;
    const context = this.pen;
    context.putImageData(this.drawn, 0, 0);
    if (cursor === null) return;
    const place = this.places[indexAt(this.places.map((each) => each.time), cursor)];
    if (!place) return;
    const styles = getComputedStyle(this.host);
    context.beginPath();
    context.arc(place.x, place.y, 6, 0, 2 * Math.PI);
    context.fillStyle = styles.getPropertyValue("--ink");
    context.strokeStyle = styles.getPropertyValue("--surface");
    context.fill();
    context.stroke();
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  pointAt(x, y) {
    if (!this.places.length) return;
    /** @param {Place} place */
    const far = (place) => (place.x - x) ** 2 + (place.y - y) ** 2;
    const nearest = this.places.reduce((best, place) => (far(place) < far(best) ? place : best));
    this.linked.moveCursor(nearest.time);
  }
}

/**
 * @param {(number | null)[]} values
 * @returns {Range}
 */
function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? { low: 0, high: 1 } : { low, high };
}
