// <lap-overlay>: laps over each other by distance, the time between them, and where their cars were.

import { call, messageOf } from "../kernel/api.js";
import { make, need } from "../kernel/dom.js";
import { readAddress, writeAddress } from "../plots/address.js";
import { Figure } from "../plots/figure.js";
import { Linked } from "../plots/linked.js";
import { StatisticsPanel } from "../plots/statistics.js";
import { LapMap } from "./map.js";

/**
 * A lap as the API lays it over the first one.
 * @typedef {object} ComparedLap
 * @property {string} recording
 * @property {number} number
 * @property {number} begin_s
 * @property {number[]} time_s
 * @property {number[]} difference_s
 * @property {number[]} latitude
 * @property {number[]} longitude
 * @property {{ name: string, label: string, unit: string, distance_m: number[], values: (number | null)[] }[]} series
 */
/** @typedef {{ distance_m: number[], laps: ComparedLap[] }} Comparison */
/** @typedef {{ name: string, label: string, unit: string }} Choice */
/** @typedef {import("../plots/series.js").View} View */

/** @typedef {{ view?: View | null, pins?: import("../plots/linked.js").Pins, numbers?: "view" | "cursors" | null }} Seen */

const DIFFERENCE = "Time difference";

const POINTS = 6_000;

/** Figures over distance, filled at once: nothing is fetched when the view changes. */
class OverDistance extends Linked {
  /** @type {"time" | "distance"} */
  over = "distance";
  stacked = true;
  pinnable = true;

  /**
   * @param {Comparison} compared
   * @param {() => void} onCursor
   */
  constructor({ distance_m: distance, laps }, onCursor) {
    const sources = laps.map((lap, number) => ({
      id: lap.recording, key: `l${number}`, shift: 0, at: (/** @type {number} */ place) => lap.begin_s + valueAt(distance, lap.time_s, place),
    }));
    const differences = laps.slice(1).map((lap, number) => ({
      id: "", key: `d${number + 1}`, shift: 0,
      numbers: (/** @type {View} */ span, /** @type {number[]} */ places) => [numbersOf(distance, lap.difference_s, span, places)],
    }));
    super([...differences, ...sources], { cursor: onCursor });
    this.full = { start: 0, end: distance[distance.length - 1] };
  }

  async load() {
    this.show();
  }
}

class LapOverlay extends HTMLElement {
  /** @type {string[]} */
  laps = [];
  /** @type {string[]} */
  labels = [];
  /** @type {Choice[]} */
  signals = [];
  /** @type {string[][]} */
  plots = [];
  /** @type {OverDistance | null} */
  linked = null;
  /** @type {LapMap | null} */
  map = null;
  /** @type {StatisticsPanel | null} */
  numbers = null;

  connectedCallback() {
    this.laps = JSON.parse(this.dataset.laps ?? "[]");
    this.labels = JSON.parse(this.dataset.labels ?? "[]");
    this.signals = JSON.parse(this.dataset.signals ?? "[]");
    const address = readAddress(location.hash);
    this.plots = address.plots.length ? address.plots : JSON.parse(this.dataset.begin ?? "[]");
    void this.draw(address);
  }

  disconnectedCallback() {
    this.numbers?.close();
    this.linked?.close();
    this.map?.close();
  }

  /** What stays as it is when other signals are plotted. */
  get seen() {
    const { zoomed: view = null, pins = null } = this.linked ?? {};
    return { view, pins: pins ?? undefined, numbers: this.numbers?.open };
  }

  /** @param {Seen} seen */
  async draw(seen) {
    try {
      const query = new URLSearchParams(this.laps.map((lap) => ["lap", lap]));
      for (const name of new Set(this.plots.flat())) query.append("signal", name);
      query.set("points", String(POINTS));
      this.show(await call("GET", `/api/laps/compare?${query}`), seen);
    } catch (error) {
      this.replaceChildren(make("p", { class: "hint", role: "alert" }, messageOf(error)));
    }
  }

  /**
   * @param {Comparison} compared
   * @param {Seen} seen
   */
  show(compared, { view = null, pins, numbers = null }) {
    this.numbers?.close();
    this.linked?.close();
    this.map?.close();
    const linked = new OverDistance(compared, () => this.map?.point(linked.cursor));
    this.linked = linked;
    linked.zoomed = view;
    linked.pins = pins ?? linked.pins;
    const panel = new StatisticsPanel(linked, () => this.remember());
    this.numbers = panel;
    linked.on.view = linked.on.pins = () => panel.refresh();
    this.map = new LapMap(compared, this.labels, linked);
    const plots = make("div", { class: "plots" });
    if (compared.laps.length > 1) plots.append(this.difference(compared, linked).root);
    for (const names of this.plots) plots.append(this.figure(names, compared, linked).root);
    this.replaceChildren(this.tools(), plots, make("div", { class: "map" }, this.map.root), panel.root);
    linked.show();
    this.map.draw();
    panel.restore(numbers);
    panel.refresh();
  }

  tools() {
    const choice = make("select", { "aria-label": "Plot a signal" }, make("option", { value: "" }, "Add a plot…"));
    for (const each of this.signals) choice.append(make("option", { value: each.name }, `${each.label} · ${each.name}`));
    choice.addEventListener("change", () => {
      if (!choice.value) return;
      this.plots = [...this.plots, [choice.value]];
      void this.draw(this.seen);
    });
    return make("div", { class: "tools" }, choice, make("span", { class: "hint" }, "Drag to zoom, double click for all of the lap. A click, or the keys 1 and 2, put two cursors. The address is the link to this view."));
  }

  /**
   * @param {Comparison} compared
   * @param {OverDistance} linked
   */
  difference(compared, linked) {
    const entries = compared.laps.slice(1).map((_, number) => entry(`d${number + 1}`, DIFFERENCE, `${this.labels[number + 1]} behind ${this.labels[0]}`, "s", number + 1));
    compared.laps.slice(1).forEach((lap, number) => {
      linked.found.set(`d${number + 1}:${DIFFERENCE}`, found(DIFFERENCE, "s", compared.distance_m, lap.difference_s));
    });
    return this.add(new Figure(linked, entries), linked, "difference");
  }

  /**
   * @param {string[]} names
   * @param {Comparison} compared
   * @param {OverDistance} linked
   */
  figure(names, compared, linked) {
    const entries = compared.laps.flatMap((lap, number) => lap.series.filter((series) => names.includes(series.name)).slice(0, 1).map((series) => {
      linked.found.set(`l${number}:${series.name}`, found(series.name, series.unit, series.distance_m, series.values));
      return entry(`l${number}`, series.name, `${series.label} · ${this.labels[number]}`, series.unit, number);
    }));
    const close = make("button", { type: "button", class: "button small quiet", "aria-label": `Close the plot of ${names[0]}`, onclick: () => {
      this.plots = this.plots.filter((plot) => plot !== names);
      void this.draw(this.seen);
    } }, "✕");
    const figure = this.add(new Figure(linked, entries), linked, names[0]);
    figure.legend.append(make("li", {}, close));
    return figure;
  }

  /**
   * @param {Figure} figure
   * @param {OverDistance} linked
   * @param {string} name
   */
  add(figure, linked, name) {
    figure.root.dataset.plot = name;
    linked.figures.push(figure);
    return figure;
  }

  /** The view is in the address, so that a link shows the same. */
  remember() {
    history.replaceState(null, "", location.pathname + location.search + writeAddress({ plots: this.plots, ...this.seen }));
  }
}

/**
 * @param {string} source
 * @param {string} name
 * @param {string} label
 * @param {string} unit
 * @param {number} colour
 * @returns {import("../plots/series.js").Entry}
 */
function entry(source, name, label, unit, colour) {
  return { key: `${source}:${name}`, source, name, label, unit, colour };
}

/**
 * @param {string} name
 * @param {string} unit
 * @param {number[]} distance
 * @param {(number | null)[]} values
 * @returns {import("../plots/series.js").Found}
 */
function found(name, unit, distance, values) {
  return {
    name, label: name, unit, dtype: "double", drawing: "line", seconds: distance, values, samples: values.length,
    enums: {}, faults: [], low: null, high: null, gap: Infinity, shift: 0,
  };
}

/**
 * The value at a place, on the line between two that are known.
 * @param {number[]} places ascending
 * @param {number[]} values
 * @param {number} place
 */
function valueAt(places, values, place) {
  const next = places.findIndex((each) => each >= place);
  if (next < 0) return values[values.length - 1];
  if (next === 0) return values[0];
  const share = (place - places[next - 1]) / (places[next] - places[next - 1]);
  return values[next - 1] + share * (values[next] - values[next - 1]);
}

/**
 * What no log has in numbers: the points of the plot, and the values at places.
 * @param {number[]} places ascending
 * @param {number[]} values
 * @param {View} span
 * @param {number[]} at
 * @returns {import("../plots/data.js").Numbers}
 */
function numbersOf(places, values, span, at) {
  const inside = values.filter((_, row) => places[row] >= span.start && places[row] <= span.end);
  const count = inside.length;
  const mean = inside.reduce((sum, value) => sum + value, 0) / count;
  const square = inside.reduce((sum, value) => sum + value * value, 0) / count;
  const known = count > 0;
  return {
    signal: { name: DIFFERENCE }, count,
    min: known ? Math.min(...inside) : null, max: known ? Math.max(...inside) : null,
    mean: known ? mean : null, rms: known ? Math.sqrt(square) : null,
    std: known ? Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) : null,
    at: at.map((place) => valueAt(places, values, place)),
  };
}

customElements.define("lap-overlay", LapOverlay);

/** <lap-reference>: the first lap is what laps at its venue are compared with from now on. */
class LapReference extends HTMLElement {
  connectedCallback() {
    need(this, "button").addEventListener("click", () => void this.choose());
  }

  async choose() {
    const { venue, course, recording, number } = this.dataset;
    const said = need(this, "[role=status]");
    try {
      await call("PUT", `/api/venues/${venue}/reference`, { course, reference: { recording, number: Number(number) } });
      said.textContent = "It is the reference from now on.";
    } catch (error) {
      said.textContent = messageOf(error);
    }
  }
}

customElements.define("lap-reference", LapReference);
