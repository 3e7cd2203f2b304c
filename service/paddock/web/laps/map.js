// The track under laps that lie over each other: coloured by a signal or by gain and loss, with every car as a dot.

import { make } from "../kernel/dom.js";
import { indexAt } from "../plots/series.js";
import { valueText } from "../plots/ticks.js";
import { shade } from "../plots/track.js";

/** @typedef {import("./overlay.js").Comparison} Comparison */

const MARGIN = 16;
const LOSS_OVER_M = 30;

export class LapMap {
  /**
   * @param {Comparison} compared
   * @param {string[]} labels of the laps
   * @param {import("../plots/linked.js").Linked} linked
   */
  constructor(compared, labels, linked) {
    this.compared = compared;
    this.labels = labels;
    this.linked = linked;
    this.canvas = make("canvas", { role: "img", "aria-label": "The track, with a dot for each car" });
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.choice = make("select", { "aria-label": "Colour the track by", onchange: () => this.draw() });
    compared.laps.slice(1).forEach((_, number) => this.choice.append(make("option", { value: `d${number + 1}` }, `Time lost · ${labels[number + 1]}`)));
    for (const series of compared.laps[0].series) this.choice.append(make("option", { value: series.name }, series.label));
    this.choice.hidden = !this.choice.options.length;
    this.low = make("span");
    this.high = make("span");
    const bar = make("i", { class: "ramp" });
    bar.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(shade).join(", ")})`;
    this.scale = make("p", { class: "scale" }, this.low, bar, this.high);
    this.host = make("div", { class: "track" }, this.canvas);
    this.root = make("div", { class: "figure" }, make("div", { class: "legend" }, this.choice, this.scale), this.host);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.host);
    this.host.addEventListener("pointermove", (event) => this.pointAt(event.offsetX, event.offsetY));
    /** @type {ImageData | null} */
    this.drawn = null;
  }

  close() {
    this.resizing.disconnect();
  }

  /** The places of a lap on the canvas; all laps share one scale. */
  /** @param {number} lap */
  places(lap) {
    const { latitude, longitude } = this.compared.laps[lap];
    const all = this.compared.laps[0];
    const [south, north] = [Math.min(...all.latitude), Math.max(...all.latitude)];
    const [west, east] = [Math.min(...all.longitude), Math.max(...all.longitude)];
    const flatten = Math.cos(((south + north) / 2) * (Math.PI / 180));
    const { clientWidth: width, clientHeight: height } = this.host;
    const scale = Math.min((width - 2 * MARGIN) / Math.max(1e-9, (east - west) * flatten), (height - 2 * MARGIN) / Math.max(1e-9, north - south));
    return latitude.map((lat, at) => ({
      x: width / 2 + (longitude[at] - (west + east) / 2) * flatten * scale,
      y: height / 2 - (lat - (south + north) / 2) * scale,
    }));
  }

  /**
   * What colours the way at each distance, and its unit.
   * @returns {{ values: (number | null)[], unit: string }}
   */
  colours() {
    const { distance_m: distance, laps } = this.compared;
    const lap = /^d(\d+)$/.exec(this.choice.value);
    if (lap) {
      const lost = laps[Number(lap[1])].difference_s;
      const step = distance[1] - distance[0] || 1;
      const reach = Math.max(1, Math.round(LOSS_OVER_M / step / 2));
      const values = lost.map((_, at) => {
        const [from, to] = [Math.max(0, at - reach), Math.min(lost.length - 1, at + reach)];
        return ((lost[to] - lost[from]) / Math.max(1e-6, distance[to] - distance[from])) * 100;
      });
      return { values, unit: "s per 100 m" };
    }
    const series = laps[0].series.find((each) => each.name === this.choice.value);
    if (!series) return { values: distance.map(() => null), unit: "" };
    return { values: distance.map((metres) => series.values[Math.max(0, indexAt(series.distance_m, metres))]), unit: series.unit };
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const places = this.places(0);
    const { values, unit } = this.colours();
    const known = values.filter((value) => value !== null);
    let [low, high] = [Math.min(...known), Math.max(...known)];
    if (unit.startsWith("s per")) [low, high] = [-Math.max(Math.abs(low), Math.abs(high)), Math.max(Math.abs(low), Math.abs(high))];
    this.scale.hidden = !known.length;
    this.low.textContent = known.length ? valueText(Number(low.toPrecision(3))) : "";
    this.high.textContent = known.length ? `${valueText(Number(high.toPrecision(3)))} ${unit}` : "";
    this.pen.lineWidth = 4;
    this.pen.lineCap = "round";
    for (let at = 1; at < places.length; at += 1) {
      const value = values[at];
      this.pen.strokeStyle = shade(value === null ? 0.5 : (value - low) / (high - low || 1));
      this.pen.beginPath();
      this.pen.moveTo(places[at - 1].x, places[at - 1].y);
      this.pen.lineTo(places[at].x, places[at].y);
      this.pen.stroke();
    }
    this.drawn = this.pen.getImageData(0, 0, this.canvas.width, this.canvas.height);
    this.point(this.linked.cursor);
  }

  /**
   * The cars at the moment at which the first one is at a distance: who is slower is behind.
   * @param {number | null} cursor
   */
  point(cursor) {
    if (!this.drawn) return;
    this.pen.putImageData(this.drawn, 0, 0);
    if (cursor === null) return;
    const { distance_m: distance, laps } = this.compared;
    const here = Math.max(0, indexAt(distance, cursor));
    const moment = laps[0].time_s[here];
    const styles = getComputedStyle(this.host);
    laps.forEach((lap, number) => {
      const at = number ? Math.max(0, indexAt(lap.time_s, moment)) : here;
      const place = this.places(number)[at];
      this.pen.beginPath();
      this.pen.arc(place.x, place.y, number ? 5 : 6, 0, 2 * Math.PI);
      this.pen.fillStyle = styles.getPropertyValue(`--plot-${(number % 8) + 1}`);
      this.pen.strokeStyle = styles.getPropertyValue("--surface");
      this.pen.lineWidth = 2;
      this.pen.fill();
      this.pen.stroke();
    });
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  pointAt(x, y) {
    let [nearest, best] = [0, Infinity];
    this.places(0).forEach((place, at) => {
      const far = (place.x - x) ** 2 + (place.y - y) ** 2;
      if (far < best) [nearest, best] = [at, far];
    });
    this.linked.moveCursor(this.compared.distance_m[nearest]);
  }
}
