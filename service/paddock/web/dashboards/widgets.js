// The widgets of a dashboard: each shows some signals of a device, and says which it wants to be told of.

import { make } from "../kernel/dom.js";
import { Following } from "../live/following.js";
import { ageOf, agoText, isBad, isStale, keyOf, lastOf, reading } from "../live/signals.js";
import { drawSpark } from "../live/spark.js";
import { Figure } from "../plots/figure.js";
import { isLane } from "../plots/series.js";
import { Track } from "../plots/track.js";
import { valueText } from "../plots/ticks.js";
import { ActionButton } from "./action.js";
import { AlertList } from "./alerts.js";

/** @typedef {import("../live/signals.js").LiveSignal} LiveSignal */
/** @typedef {import("../live/signals.js").Signals} Signals */
/** @typedef {import("../live/stream.js").Watched} Watched */

/**
 * One part of a dashboard, as the API has it.
 * @typedef {object} Spec
 * @property {string} id
 * @property {"value" | "plot" | "state" | "map" | "gauge" | "table" | "alerts" | "action" | "text"} kind
 * @property {string} title
 * @property {string} device
 * @property {string[]} signals
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 * @property {number} span_s
 * @property {number | null} low
 * @property {number | null} high
 * @property {string} action
 * @property {string} parameters
 * @property {string} text
 */

/** What widgets need of their dashboard. */
/** @typedef {{ signals: Signals, linked: (following: Following) => void, paused: (paused: boolean) => void, cursor: (from: Following) => void }} Board */

/**
 * What is inside the frame of a widget.
 * @typedef {object} Content
 * @property {HTMLElement} root
 * @property {() => Watched[]} watched
 * @property {() => void} draw some times a second
 * @property {() => void} [tick] as often as there is something new to see
 * @property {() => void} [close]
 */

/**
 * With the widget's limits in place of the catalogue's.
 * @template {{ low: number | null, high: number | null }} T
 * @param {T} signal
 * @param {Spec} spec
 */
export const limited = (signal, spec) => ({ ...signal, low: spec.low ?? signal.low, high: spec.high ?? signal.high });

/**
 * @param {Spec} spec
 * @param {Board} board
 * @returns {Content}
 */
export function contentOf(spec, board) {
  switch (spec.kind) {
    case "plot":
    case "state": return new PlotContent(spec, board);
    case "map": return new MapContent(spec, board);
    case "gauge": return new GaugeContent(spec, board);
    case "table": return new TableContent(spec, board);
    case "alerts": return new AlertList(spec);
    case "action": return new ActionButton(spec);
    case "text": return { root: make("p", { class: "widget-text" }, spec.text), watched: () => [], draw: () => {} };
    default: return new ValueContent(spec, board);
  }
}

/** One signal as a number. */
class ValueContent {
  /**
   * @param {Spec} spec
   * @param {Board} board
   */
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.value = make("output", { class: "value" }, "–");
    this.unit = make("span", { class: "unit" });
    this.limits = make("span", { class: "limits" });
    this.spark = make("canvas", { class: "spark", "aria-hidden": "true" });
    this.root = make("div", { class: "value-widget" }, make("p", { class: "number" }, this.value, this.unit), this.limits, this.spark);
  }

  /** @returns {Watched[]} */
  watched() {
    const { device, signals, span_s } = this.spec;
    return [{ device, signals, span_s, columns: 120 }];
  }

  draw() {
    const signal = this.board.signals.known.get(keyOf(this.spec.device, this.spec.signals[0]));
    this.root.classList.toggle("silent", !signal);
    if (!signal) return;
    const shown = limited(signal, this.spec);
    const value = lastOf(signal);
    write(this.value, reading(signal));
    write(this.unit, signal.unit);
    write(this.limits, limitsText(shown));
    this.root.classList.toggle("bad", isBad(shown, value));
    mark(this.root, signal);
    const end = this.board.signals.now();
    drawSpark(this.spark, shown, { start: end - this.spec.span_s, end });
  }
}

/** The site's own plots, over now. */
class PlotContent {
  /**
   * @param {Spec} spec
   * @param {Board} board
   */
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.linked = new Following(board.signals, spec.span_s, {
      paused: (paused) => board.paused(paused),
      cursor: () => board.cursor(this.linked),
    }, spec);
    board.linked(this.linked);
    this.figure = new Figure(this.linked, spec.signals.map((name, colour) => ({ key: keyOf(spec.device, name), source: spec.device, name, colour, label: "", unit: "" })));
    this.linked.figures = [this.figure];
    this.root = this.figure.root;
    this.kinds = "";
  }

  /** @returns {Watched[]} */
  watched() {
    const { device, signals, span_s } = this.spec;
    const width = Math.max(100, this.root.clientWidth) * (devicePixelRatio || 1);
    return [{ device, signals, span_s, columns: Math.min(4000, Math.round(width)) }];
  }

  tick() {
    this.linked.tick();
  }

  draw() {
    if (!this.linked.following) return;
    const series = this.spec.signals.map((name) => this.board.signals.known.get(keyOf(this.spec.device, name)));
    // Legend and margins change with what is there, not with every sample.
    const kinds = series.map((each) => (each ? `${each.label} ${each.unit} ${isLane(each.series)}` : "")).join("\n");
    if (kinds !== this.kinds) {
      this.kinds = kinds;
      for (const [at, entry] of this.figure.entries.entries()) {
        entry.label = series[at]?.label ?? entry.name;
        entry.unit = series[at]?.unit ?? "";
        const label = this.figure.readingOf(entry).item.querySelector(".label");
        if (label) label.textContent = entry.label;
      }
      void this.linked.load();
    }
    this.linked.readNow();
  }

  close() {
    this.linked.close();
  }
}

/** Where it is. */
class MapContent {
  /**
   * @param {Spec} spec
   * @param {Board} board
   */
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.linked = new Following(board.signals, spec.span_s);
    this.track = new Track("", spec.signals, [], this.linked);
    this.root = this.track.root;
  }

  /** @returns {Watched[]} */
  watched() {
    const { device, signals, span_s } = this.spec;
    return [{ device, signals, span_s: Math.max(span_s, 300), columns: 1500 }];
  }

  draw() {
    const { device, signals } = this.spec;
    const [latitude, longitude, colour] = signals.map((name) => this.board.signals.known.get(keyOf(device, name)));
    if (!latitude || !longitude) return;
    this.linked.cursor = latitude.series.seconds.at(-1) ?? null;
    this.track.fill(latitude.series, longitude.series, colour?.series);
    mark(this.root, latitude);
  }

  close() {
    this.track.close();
  }
}

const LABELS_PX = 16;
const TURN = [0.75 * Math.PI, 2.25 * Math.PI];

/** One number on an arc from its lower to its upper limit. */
class GaugeContent {
  /**
   * @param {Spec} spec
   * @param {Board} board
   */
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.value = make("output", { class: "value" }, "–");
    this.unit = make("span", { class: "unit" });
    this.root = make("div", { class: "gauge-widget" }, this.canvas, make("p", { class: "number" }, this.value, this.unit));
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.root);
  }

  /** @returns {Watched[]} */
  watched() {
    const { device, signals, span_s } = this.spec;
    return [{ device, signals, span_s, columns: 60 }];
  }

  draw() {
    const signal = this.board.signals.known.get(keyOf(this.spec.device, this.spec.signals[0]));
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!signal || !width) return;
    const shown = limited(signal, this.spec);
    const value = lastOf(signal);
    write(this.value, reading(signal));
    write(this.unit, signal.unit);
    const bad = isBad(shown, value);
    this.root.classList.toggle("bad", bad);
    mark(this.root, signal);
    const { low, high } = endsOf(shown);
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const styles = getComputedStyle(this.root);
    const thick = Math.max(8, Math.min(width, height) * 0.09);
    const radius = Math.max(10, Math.min(width / 2, (height - LABELS_PX) / 1.75) - thick);
    const [x, y] = [width / 2, radius + thick];
    /** @type {(from: number, to: number, colour: string) => void} */
    const arc = (from, to, colour) => {
      context.beginPath();
      context.lineWidth = thick;
      context.lineCap = "round";
      context.strokeStyle = styles.getPropertyValue(colour);
      context.arc(x, y, radius, TURN[0] + from * (TURN[1] - TURN[0]), TURN[0] + to * (TURN[1] - TURN[0]));
      context.stroke();
    };
    arc(0, 1, "--sunken");
    if (typeof value === "number" && high > low) arc(0, Math.min(1, Math.max(0, (value - low) / (high - low))), bad ? "--bad" : "--accent");
    context.fillStyle = styles.getPropertyValue("--ink-3");
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    for (const [turn, end] of [[TURN[0], low], [TURN[1], high]]) context.fillText(valueText(end), x + Math.cos(turn) * radius, y + Math.sin(turn) * radius + thick / 2 + LABELS_PX);
  }

  close() {
    this.resizing.disconnect();
  }
}

/** Signals as rows; all that the device has, where none is named. */
class TableContent {
  /**
   * @param {Spec} spec
   * @param {Board} board
   */
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.body = make("tbody");
    this.root = make("div", { class: "table-widget" }, make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Signal"), make("th", { scope: "col", class: "num" }, "Value"), make("th", { scope: "col" }, "Unit"))), this.body));
    this.root.tabIndex = 0;
    this.root.setAttribute("role", "region");
    this.root.setAttribute("aria-label", "Values");
    /** @type {Map<string, { row: HTMLElement, value: HTMLElement }>} */
    this.rows = new Map();
  }

  /** @returns {Watched[]} */
  watched() {
    return [{ device: this.spec.device, signals: this.spec.signals }];
  }

  draw() {
    const { device, signals } = this.spec;
    const known = signals.length ? signals.flatMap((name) => this.board.signals.known.get(keyOf(device, name)) ?? []) : [...this.board.signals.known.values()].filter((each) => each.device === device);
    for (const signal of known) {
      const { row, value } = this.rows.get(signal.name) ?? this.add(signal);
      write(value, reading(signal));
      row.classList.toggle("bad", isBad(limited(signal, this.spec), lastOf(signal)));
      mark(row, signal);
    }
  }

  /** @param {LiveSignal} signal */
  add(signal) {
    const value = make("td", { class: "num value" });
    const row = make("tr", { title: signal.name }, make("td", { class: "text" }, signal.label || signal.name), value, make("td", { class: "unit" }, signal.unit));
    this.body.append(row);
    const made = { row, value };
    this.rows.set(signal.name, made);
    return made;
  }
}

/**
 * Says whether it should have come again by now.
 * @param {HTMLElement} element
 * @param {LiveSignal} signal
 */
function mark(element, signal) {
  const stale = isStale(signal);
  element.classList.toggle("stale", stale);
  element.title = stale ? `${signal.name}, last ${agoText(ageOf(signal))}` : signal.name;
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {{ low: number | null, high: number | null }} limits */
function limitsText({ low, high }) {
  if (low === null && high === null) return "";
  if (low === null) return `up to ${valueText(high)}`;
  return high === null ? `from ${valueText(low)}` : `${valueText(low)} to ${valueText(high)}`;
}

/**
 * From where to where a gauge goes: the limits, or what there was.
 * @param {LiveSignal & { low: number | null, high: number | null }} signal
 */
function endsOf(signal) {
  let { low, high } = signal;
  for (const value of low === null || high === null ? signal.series.values : []) {
    if (typeof value !== "number") continue;
    if (signal.low === null) low = Math.min(low ?? value, value);
    if (signal.high === null) high = Math.max(high ?? value, value);
  }
  return { low: low ?? 0, high: high ?? 1 };
}
