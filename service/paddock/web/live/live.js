// <live-device data-device>: all signals of a device with their values, and plots that follow now.

import { copied } from "../kernel/copy.js";
import { all, make, need, shortened } from "../kernel/dom.js";
import { showKeys } from "../kernel/help.js";
import { readAddress, writeAddress } from "../plots/address.js";
import { Figure } from "../plots/figure.js";
import { clock } from "../plots/ticks.js";
import { Following } from "./following.js";
import { Signals, ageOf, agoText, isBad, isStale, keyOf, lastOf, reading } from "./signals.js";
import { drawSpark } from "./spark.js";
import { Stream } from "./stream.js";

/** @typedef {import("./signals.js").LiveSignal} LiveSignal */
/** @typedef {{ root: HTMLElement, pick: HTMLButtonElement, spark: HTMLCanvasElement, value: HTMLElement, unit: HTMLElement, signal: LiveSignal }} Row */

const SPANS = [10, 30, 60, 300, 900, 3600];
const DRAW_MS = 50;
const VALUES_MS = 150;
const SPARK_S = 60;
const SPARK_COLUMNS = 80;
const BEGIN_WITH = 3;  // plots that nobody chose

/** @param {number} seconds */
const spanText = (seconds) => (seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${seconds / 60} min` : "1 h");

class LiveDevice extends HTMLElement {
  signals = new Signals();
  /** @type {Map<string, Row>} */
  rows = new Map();
  /** @type {string[][]} */
  plots = [];
  chosen = false;  // whether the address, or somebody, says what to plot
  lost = false;
  drawnAt = 0;
  valuesAt = 0;
  frame = 0;
  gone = new AbortController();

  connectedCallback() {
    this.device = this.dataset.device ?? "";
    this.gone = new AbortController();
    const { plots } = readAddress(location.hash);
    this.plots = plots;
    this.chosen = plots.length > 0;
    this.linked = new Following(this.signals, this.spanAsked(), {
      view: () => this.changed(),
      cursor: () => this.readOut(),
      busy: (busy) => this.setAttribute("aria-busy", String(busy)),
      failed: (error) => this.say(`The last minutes could not be read. ${error instanceof Error ? error.message : error}`),
      paused: () => this.changed(),
    });
    this.linked.stacked = true;
    this.stream = new Stream({ told: (told) => this.take(told), state: (state) => this.connection(state) });
    this.build();
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) target.toggleAttribute("data-seen", isIntersecting);
    });
    this.set(this.plots);
    this.watch();
    this.run();
  }

  disconnectedCallback() {
    this.gone.abort();
    cancelAnimationFrame(this.frame);
    this.stream?.close();
    this.linked?.close();
    this.seen?.disconnect();
  }

  spanAsked() {
    const asked = Number(new URLSearchParams(location.hash.slice(1)).get("span"));
    return SPANS.includes(asked) ? asked : 60;
  }

  build() {
    this.state = make("span", { class: "badge waiting" }, "waiting");
    this.left = make("span", { class: "hint left-out" });
    this.time = make("output", { class: "clock", "aria-label": "Cursor" });
    this.pausing = make("button", { class: "button small", type: "button", "aria-pressed": "false", onclick: () => this.toggle() }, "Pause");
    this.span = make("select", { class: "span", "aria-label": "Seconds shown", onchange: () => this.spread() });
    for (const each of SPANS) this.span.append(make("option", { value: each, selected: each === this.linked?.span }, spanText(each)));
    this.copying = make("button", { class: "button small", type: "button", onclick: () => void this.copy() }, "Copy link");
    const keys = make("button", { class: "button small quiet", type: "button", "aria-label": "Keys and gestures", title: "Keys and gestures", onclick: showKeys }, "?");
    const clearing = make("button", { class: "button small quiet", type: "button", onclick: () => this.choose([]) }, "Clear");
    this.message = make("p", { class: "hint message", role: "status" });
    this.stage = make("div", { class: "plots" });
    this.search = make("input", { type: "search", class: "field", placeholder: "Search signals", "aria-label": "Search signals", "aria-keyshortcuts": "/", autocomplete: "off", spellcheck: "false", oninput: () => this.filter() });
    this.list = make("div", { class: "topics" });
    this.none = make("p", { class: "hint nothing" }, "Nothing has come in the last minutes. As soon as the device sends something, it is here.");
    const bar = make("div", { class: "toolbar" }, this.state, this.time, this.pausing, this.span, this.copying, clearing, keys);
    const picking = make("aside", { class: "values", "aria-label": "Signals" }, make("div", { class: "find" }, this.search), this.none, this.list);
    const gestures = matchMedia("(hover: none)").matches ? "One finger moves back in time, two zoom, a double tap is now again." : "Drag to zoom into the last minutes, Shift-drag to move, double click for now.";
    this.replaceChildren(picking, make("div", { class: "stage" }, bar, this.message, this.left, this.stage, make("p", { class: "hint gestures" }, gestures)));
    document.addEventListener("keydown", (event) => {
      if (event.key !== " " || event.target !== document.body) return;
      event.preventDefault();
      this.toggle();
    }, { signal: this.gone.signal });
  }

  /** What it is told of: every signal's last minute as a sparkline, and the plots as finely as they are drawn. */
  watch() {
    const linked = there(this.linked);
    const width = Math.max(200, there(this.stage).clientWidth) * (devicePixelRatio || 1);
    this.signals.kept = Math.max(SPARK_S, linked.span) * 1.1;
    const plotted = this.plots.flat();
    this.stream?.watch([
      { device: this.device ?? "", span_s: SPARK_S, columns: SPARK_COLUMNS },
      ...(plotted.length ? [{ device: this.device ?? "", signals: plotted, span_s: linked.span, columns: Math.min(4000, Math.round(width)) }] : []),
    ]);
  }

  /** @param {import("./stream.js").Told} told */
  take(told) {
    this.signals.take(told);
    if (this.signals.added) {
      this.signals.added = false;
      this.listed();
      if (!this.chosen) this.begin();
      else if (told.reset) this.set(this.plots);
    }
    const slow = this.signals.leftOut ? [`This connection is slow: ${this.signals.leftOut.toLocaleString("en")} samples were left out, none of them a spike of what is drawn.`] : [];
    write(there(this.left), [...slow, ...this.signals.notes[this.device ?? ""] ?? []].join(" "));
  }

  /** Plots what says most of a car, where nobody chose. */
  begin() {
    const role = ["speed", "throttle", "brake", "pack_voltage", "cell_temperature", "motor_temperature", "steering", "state"];
    const ranked = [...this.signals.known.values()].filter((each) => each.drawing === "line" || role.includes(each.role));
    ranked.sort((a, b) => place(role, a.role) - place(role, b.role) || (a.name > b.name ? 1 : -1));
    const begun = ranked.slice(0, BEGIN_WITH).map((each) => [each.name]);
    if (begun.length === this.plots.length) return;
    this.set(begun);
    this.watch();
  }

  /** @param {"live" | "lost"} state */
  connection(state) {
    this.lost = state === "lost";
    need(document, "#offline").hidden = !this.lost;
    this.readState();
  }

  readState() {
    const heard = Math.min(Infinity, ...[...this.signals.known.values()].map(ageOf));
    const stale = [...this.signals.known.values()].every(isStale);
    const badge = there(this.state);
    const [kind, text] = this.lost ? ["failed", "no connection"] : !this.signals.known.size ? ["waiting", "waiting"]
      : stale ? ["recovered", agoText(heard)] : this.linked?.following ? ["working", "live"] : ["waiting", "paused"];
    badge.className = `badge ${kind}`;
    badge.textContent = text;
  }

  /** Makes the rows that are missing, by topic. */
  listed() {
    there(this.none).hidden = this.signals.known.size > 0;
    document.querySelector("#live-recorded")?.toggleAttribute("hidden", this.signals.known.size > 0);
    const sorted = [...this.signals.known.values()].sort((a, b) => (a.topic === b.topic ? byName(a.name, b.name) : byName(a.topic, b.topic)));
    const list = there(this.list);
    for (const signal of sorted) {
      if (this.rows.has(signal.name)) continue;
      const branch = this.branch(signal.topic);
      const row = this.row(signal);
      this.rows.set(signal.name, row);
      const after = all(branch, ".live-row").find((each) => byName(each.dataset.name ?? "", signal.name) > 0);
      branch.insertBefore(row.root, after ?? null);
    }
    for (const branch of all(list, "details")) need(branch, ".count").textContent = String(all(branch, ".live-row").length);
    this.filter();
  }

  /** @param {string} topic */
  branch(topic) {
    const list = there(this.list);
    const known = all(list, "details").find((each) => each.dataset.topic === topic);
    if (known) return known;
    const branch = make("details", { open: true, "data-topic": topic }, make("summary", {}, shortened(topic), make("span", { class: "count" })));
    const after = all(list, "details").find((each) => byName(each.dataset.topic ?? "", topic) > 0);
    list.insertBefore(branch, after ?? null);
    return branch;
  }

  /**
   * @param {LiveSignal} signal
   * @returns {Row}
   */
  row(signal) {
    const spark = make("canvas", { class: "spark", "aria-hidden": "true" });
    const value = make("output", { class: "value" });
    const unit = make("span", { class: "unit" }, signal.unit);
    const field = signal.name.startsWith(`${signal.topic}.`) ? signal.name.slice(signal.topic.length + 1) : signal.name;
    const limits = signal.low !== null || signal.high !== null ? `\nlimits ${signal.low ?? "…"} to ${signal.high ?? "…"} ${signal.unit}` : "";
    const pick = make("button", { type: "button", class: "live-pick", "aria-pressed": String(this.isPlotted(signal.name)), title: `${signal.label}\n${signal.name}${limits}`, onclick: () => this.plot(signal.name) }, shortened(field));
    const root = make("div", { class: "live-row", "data-name": signal.name }, pick, spark, value, unit);
    this.seen?.observe(root);
    return { root, pick, spark, value, unit, signal };
  }

  filter() {
    const words = there(this.search).value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { root, signal } of this.rows.values()) {
      const text = `${signal.name} ${signal.label} ${signal.role}`.toLowerCase();
      root.hidden = !words.every((word) => text.includes(word));
    }
    for (const branch of all(there(this.list), "details")) branch.hidden = all(branch, ".live-row").every((row) => row.hidden);
  }

  /** @param {string} name */
  isPlotted(name) {
    return this.plots.some((plot) => plot.includes(name));
  }

  /** @param {string} name */
  plot(name) {
    this.choose(this.isPlotted(name) ? this.without(name) : [...this.plots, [name]]);
  }

  /** @param {string} name */
  without(name) {
    return this.plots.map((plot) => plot.filter((other) => other !== name)).filter((plot) => plot.length);
  }

  /** @param {string[][]} plots */
  choose(plots) {
    this.chosen = true;
    this.set(plots);
    this.watch();
  }

  /** @param {string[][]} plots */
  set(plots) {
    const linked = there(this.linked);
    const stage = there(this.stage);
    this.plots = plots;
    for (const figure of linked.figures) figure.close();
    linked.figures = plots.map((names) => new Figure(linked, names.map((name, colour) => this.entry(name, colour)), (entry) => this.tools(entry)));
    stage.replaceChildren(...linked.figures.map((figure) => figure.root));
    if (!plots.length) stage.append(make("div", { class: "invitation" }, make("p", {}, "Pick signals from the list to plot them.")));
    for (const row of this.rows.values()) row.pick.setAttribute("aria-pressed", String(this.isPlotted(row.signal.name)));
    this.changed();
    void linked.load();
  }

  /**
   * @param {string} name
   * @param {number} colour
   * @returns {import("../plots/series.js").Entry}
   */
  entry(name, colour) {
    const device = this.device ?? "";
    const key = keyOf(device, name);
    const known = this.signals.known.get(key);
    return { key, source: device, name, colour, label: known?.label ?? name, unit: known?.unit ?? "" };
  }

  /** @param {import("../plots/series.js").Entry} entry */
  tools({ name }) {
    /** @type {(text: string, label: string, act: () => void) => HTMLElement} */
    const tool = (text, label, act) => make("button", { type: "button", class: "tool", "aria-label": `${label} ${name}`, title: label, onclick: act }, text);
    return [tool("↑", "Move to the plot above", () => this.move(name, -1)), tool("✕", "Remove", () => this.choose(this.without(name)))];
  }

  /**
   * Moves a signal into the plot `step` further.
   * @param {string} name
   * @param {number} step
   */
  move(name, step) {
    const to = this.plots.findIndex((plot) => plot.includes(name)) + step;
    const plots = this.plots.map((plot) => plot.filter((other) => other !== name));
    if (to < 0) plots.unshift([name]);
    else plots[to].push(name);
    this.choose(plots.filter((plot) => plot.length));
  }

  toggle() {
    if (this.linked?.following) this.linked.pause();
    else this.linked?.resume();
  }

  spread() {
    const linked = there(this.linked);
    linked.resume();
    linked.span = Number(there(this.span).value);
    this.changed();
    this.watch();
  }

  changed() {
    const { linked, pausing } = this;
    if (!linked || !pausing) return;
    pausing.textContent = linked.following ? "Pause" : "Back to live";
    pausing.setAttribute("aria-pressed", String(!linked.following));
    pausing.classList.toggle("primary", !linked.following);
    const hash = [writeAddress({ plots: this.chosen ? this.plots : [] }).slice(1), linked.span === 60 ? "" : `span=${linked.span}`].filter(Boolean).join("&");
    if (`#${hash}` !== (location.hash || "#")) history.replaceState(history.state, "", hash ? `#${hash}` : location.pathname + location.search);
    this.readOut();
    this.readState();
  }

  readOut() {
    const linked = there(this.linked);
    const { cursor, view } = linked;
    const shown = !this.plots.length ? "" : cursor !== null ? clock(cursor, 0.001) : linked.following ? clock(this.signals.now(), 1) : `${clock(view.start, 0.1)} – ${clock(view.end, 0.1)}`;
    if (this.time) this.time.textContent = shown;
  }

  run() {
    this.frame = requestAnimationFrame((now) => {
      if (now - this.drawnAt >= DRAW_MS) {
        this.drawnAt = now;
        this.linked?.tick();
      }
      if (now - this.valuesAt >= VALUES_MS) {
        this.valuesAt = now;
        this.showValues();
      }
      this.run();
    });
  }

  showValues() {
    const end = this.signals.now();
    for (const row of this.rows.values()) {
      if (!row.root.hasAttribute("data-seen") || row.root.hidden) continue;
      const value = lastOf(row.signal);
      const stale = isStale(row.signal);
      write(row.value, reading(row.signal));
      row.root.classList.toggle("stale", stale);
      row.root.classList.toggle("bad", isBad(row.signal, value));
      row.root.title = stale ? `last ${agoText(ageOf(row.signal))}` : "";
      drawSpark(row.spark, row.signal, { start: end - SPARK_S, end });
    }
    this.readState();
    if (this.linked?.following) {
      this.readOut();
      this.linked.readNow();
    }
  }

  say(/** @type {string} */ text) {
    there(this.message).textContent = text;
  }

  async copy() {
    const button = there(this.copying);
    if (!await copied(location.href)) return this.say(location.href);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 1500);
    return undefined;
  }
}

/**
 * By name, and cells[2] before cells[10].
 * @param {string} a
 * @param {string} b
 */
const byName = (a, b) => a.localeCompare(b, "en", { numeric: true });

/**
 * @param {string[]} order
 * @param {string} role
 */
const place = (order, role) => (order.includes(role) ? order.indexOf(role) : order.length);

/**
 * Text that changes often and mostly does not.
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * What is there once the element is connected.
 * @template T
 * @param {T | undefined} made
 * @returns {T}
 */
function there(made) {
  if (made === undefined) throw new Error("The element is not connected.");
  return made;
}

customElements.define("live-device", LiveDevice);
