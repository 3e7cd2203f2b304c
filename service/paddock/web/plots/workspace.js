// <plot-workspace data-sources="[{id, label}, …]">: stacked plots of one recording, or of two laid over each other.

import { messageOf } from "../kernel/api.js";
import { copied, select } from "../kernel/copy.js";
import { all, make } from "../kernel/dom.js";
import { showKeys } from "../kernel/help.js";
import { worksheetMenu } from "../worksheets/worksheets.js";
import { readAddress, writeAddress } from "./address.js";
import { fetchSignals } from "./data.js";
import { Figure } from "./figure.js";
import { Linked, SETTLE_MS } from "./linked.js";
import { Picker } from "./picker.js";
import { StatisticsPanel, apartText } from "./statistics.js";
import { clock } from "./ticks.js";

/** @typedef {import("./data.js").Signal} Signal */
/** @typedef {import("./series.js").Entry} Entry */

/**
 * A recording under the plots, and which signals it has.
 * @typedef {import("./linked.js").Source & { label: string, startedAt: string, names: Set<string> }} Source
 */

const DRAGGED = "text/x-paddock-signal";
const ELEMENT = /\[\d+\]$/;  // of a long list, or of a log that was read by an older Paddock: no list names it

const GESTURES = "Drag to zoom, Shift-drag to move, Ctrl and wheel to zoom at the pointer, double click for all, clicks for two cursors.";
const TOUCHES = "One finger moves, two zoom, taps set two cursors to be dragged, a double tap shows all.";

/**
 * By name, and cells[2] before cells[10].
 * @param {Signal} a
 * @param {Signal} b
 */
function byName(a, b) {
  if (a.element_of && a.element_of === b.element_of) return a.name.length - b.name.length || (a.name > b.name ? 1 : -1);
  return a.name > b.name ? 1 : -1;
}

export class PlotWorkspace extends HTMLElement {
  /** @type {Source[]} */
  sources = [];
  /** @type {string[][]} */
  begin = [];  // what to plot where the address says nothing
  /** @type {string[][]} */
  plots = [];
  /** @type {Map<string, Signal>} */
  signals = new Map();
  gone = new AbortController();
  writing = 0;  // a timer
  // Once the signals are known:
  /** @type {Linked} */
  linked;
  /** @type {Picker} */
  picker;
  /** @type {StatisticsPanel} */
  numbers;
  /** @type {HTMLElement} */
  time;
  /** @type {HTMLButtonElement} */
  all;
  /** @type {HTMLElement} */
  copied;
  /** @type {HTMLElement} */
  message;
  /** @type {HTMLElement} */
  stage;

  connectedCallback() {
    /** @type {Source[]} */
    const sources = JSON.parse(this.dataset.sources ?? "[]");
    this.sources = sources.map((source, number) => ({ ...source, key: "ab"[number], shift: 0 }));
    this.begin = JSON.parse(this.dataset.begin ?? "[]");
    this.gone = new AbortController();
    const { signal } = this.gone;
    /** @param {Event} event */
    const plot = (event) => this.add(/** @type {CustomEvent<string[]>} */ (event).detail);
    document.addEventListener("paddock:plot", plot, { signal });
    addEventListener("hashchange", () => this.restore(), { signal });
    void this.build();
  }

  disconnectedCallback() {
    this.gone.abort();
    clearTimeout(this.writing);
    this.picker?.close();
    this.numbers?.close();
    this.linked?.close();
  }

  async build() {
    try {
      const lists = await Promise.all(this.sources.map((source) => fetchSignals(source.id)));
      this.sources.forEach((source, number) => {
        source.names = new Set(lists[number].map((signal) => signal.name));
      });
      this.signals = new Map(lists.flat().reverse().map((signal) => [signal.name, signal]));
    } catch (error) {
      this.replaceChildren(make("p", { class: "hint" }, `The signals could not be read. ${messageOf(error)}`));
      return;
    }
    this.linked = new Linked(this.sources, {
      view: () => this.moved(),
      cursor: () => this.readOut(),
      pins: () => this.numbers.refresh(),
      loaded: () => this.numbers.refresh(),
      busy: (busy) => this.setAttribute("aria-busy", String(busy)),
      failed: (error) => this.fail(error),
    });
    this.linked.stacked = true;
    this.linked.pinnable = true;
    this.numbers = new StatisticsPanel(this.linked, () => this.moved());
    const ordered = [...this.signals.values()].sort(byName);
    this.picker = new Picker(ordered, (name) => this.toggle(name), (name) => this.isPlotted(name));
    this.time = make("output", { class: "clock", "aria-label": "Cursor" });
    this.all = make("button", { class: "button small", type: "button", onclick: () => this.linked.reset() }, "Show all");
    this.copied = make("button", { class: "button small", type: "button", onclick: () => void this.copy() }, "Copy link");
    const keys = make("button", { class: "button small quiet keys", type: "button", "aria-label": "Keys and gestures", title: "Keys and gestures", onclick: showKeys }, "?");
    const clearing = make("button", { class: "button small quiet", type: "button", onclick: () => this.set([]) }, "Clear");
    this.message = make("p", { class: "hint message", role: "status" });
    // Until the first answer nobody knows how high plots will be: they come up together, instead of pushing each other.
    this.stage = make("div", { class: "plots waiting" });
    const worksheets = worksheetMenu({
      recording: this.sources[0].id,
      plots: () => this.plots,
      set: (plots) => this.set(plots),
      say: (text) => this.say(text),
    });
    const bar = make("div", { class: "toolbar" }, this.time, this.all, worksheets, this.copied, clearing, keys);
    const gestures = make("p", { class: "hint gestures" }, matchMedia("(hover: none)").matches ? TOUCHES : GESTURES);
    this.replaceChildren(this.picker.root, make("div", { class: "stage" }, bar, this.message, this.stage, this.numbers.root, gestures));
    this.restore();
  }

  /** @param {string} text */
  say(text) {
    this.message.textContent = text;
  }

  /** @param {unknown} error */
  fail(error) {
    // Empty as they are, plots can be taken away again.
    for (const figure of this.linked.figures) figure.root.classList.remove("awaited");
    this.say(`The plots could not be drawn. ${messageOf(error)}`);
  }

  /** What the address says; names that no log here has are left out, and named. */
  restore() {
    const { plots: asked, view, offset, pins, numbers } = readAddress(location.hash);
    const plots = asked.length ? asked : this.begin;
    this.begin = [];  // once: whoever clears the plots wants none
    /** @param {string} name */
    const known = (name) => this.signals.has(name) || ELEMENT.test(name);
    const missing = plots.flat().filter((name) => !known(name));
    this.say(missing.length ? `Not in this log: ${missing.join(", ")}.` : "");
    if (offset !== null && this.sources[1]) this.sources[1].shift = offset;
    this.linked.zoomed = view;
    this.linked.pins = pins;
    this.numbers.restore(numbers);
    this.set(plots.map((plot) => plot.filter(known)).filter((plot) => plot.length));
  }

  /** @param {string} name */
  isPlotted(name) {
    return this.plots.some((plot) => plot.includes(name));
  }

  /** @param {string} name */
  toggle(name) {
    this.set(this.isPlotted(name) ? this.without(name) : [...this.plots, [name]]);
  }

  /** @param {string[]} names */
  add(names) {
    if (!this.linked) return;
    const fresh = names.filter((name) => !this.isPlotted(name));
    if (fresh.length) this.set([...this.plots, fresh]);
    this.scrollIntoView({ behavior: "smooth", block: "start" });
  }

  /** @param {string} name */
  without(name) {
    return this.plots.map((plot) => plot.filter((other) => other !== name)).filter((plot) => plot.length);
  }

  /**
   * Moves a signal into the plot `step` further down or up; beyond the last one, or out of company, into its own.
   * @param {string} name
   * @param {number} step
   */
  move(name, step) {
    const from = this.plots.findIndex((plot) => plot.includes(name));
    const plots = this.plots.map((plot) => plot.filter((other) => other !== name));
    const to = from + step;
    if (to < 0) plots.unshift([name]);
    else if (to >= plots.length) plots.push([name]);
    else plots[to].push(name);
    this.set(plots.filter((plot) => plot.length));
  }

  /** @param {string[][]} plots */
  set(plots) {
    this.plots = plots;
    for (const figure of this.linked.figures) figure.close();
    this.linked.figures = plots.map((names) => new Figure(this.linked, this.entries(names), (entry) => this.tools(entry)));
    this.stage.replaceChildren(...this.linked.figures.map((figure, number) => this.droppable(figure.root, number)));
    if (!plots.length) {
      this.stage.append(this.invitation());
      this.stage.classList.remove("waiting");
    }
    this.picker.mark();
    this.numbers.root.hidden = !plots.length;
    this.changed();
    if (plots.length) {
      this.linked.show();
      void this.linked.load().then(() => {
        this.stage.classList.remove("waiting");
        this.readOut();
      });
    }
  }

  invitation() {
    const overview = document.querySelector("plot-overview") ? ", or open a panel of the overview" : "";
    const text = `Pick signals from the list or drag them here${overview}.`;
    return this.droppable(make("div", { class: "invitation" }, make("p", {}, text)), 0);
  }

  /**
   * @param {string[]} names
   * @returns {Entry[]}
   */
  entries(names) {
    return names.flatMap((name, colour) =>
      this.sources.filter((source) => source.names.has(name) || ELEMENT.test(name)).map((source) => ({
        key: `${source.key}:${name}`, source: source.key, name, colour: this.sources.length * colour + "ab".indexOf(source.key), dashed: source.key === "b", unit: this.signals.get(name)?.unit ?? "",
        label: this.sources.length > 1 ? `${source.label} · ${this.labelOf(name)}` : this.labelOf(name),
      })));
  }

  /** @param {string} name */
  labelOf(name) {
    const signal = this.signals.get(name);
    return signal ? `${signal.label}` : name;
  }

  /** @param {Entry} entry */
  tools(entry) {
    if (entry.dashed && this.sources[0].names.has(entry.name)) return [];
    /** @type {(text: string, label: string, act: () => void) => HTMLElement} */
    const tool = (text, label, act) => make("button", { type: "button", class: "tool", "aria-label": `${label} ${entry.name}`, title: label, onclick: act }, text);
    return [
      tool("↑", "Move to the plot above", () => this.move(entry.name, -1)),
      tool("↓", "Move to the plot below", () => this.move(entry.name, 1)),
      tool("✕", "Remove", () => this.set(this.without(entry.name))),
    ];
  }

  /**
   * Signals may be dropped on a plot, from the list and from other plots.
   * @param {HTMLElement} root
   * @param {number} number
   */
  droppable(root, number) {
    for (const item of all(root, ".legend li")) {
      item.draggable = true;
      item.addEventListener("dragstart", (event) => event.dataTransfer?.setData(DRAGGED, item.dataset.signal ?? ""));
    }
    root.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes(DRAGGED)) return;
      event.preventDefault();
      root.classList.add("target");
    });
    root.addEventListener("dragleave", () => root.classList.remove("target"));
    root.addEventListener("drop", (event) => {
      event.preventDefault();
      const name = event.dataTransfer?.getData(DRAGGED);
      if (!name || this.plots[number]?.includes(name)) return;
      const plots = this.plots.map((plot) => plot.filter((other) => other !== name));
      if (plots[number]) plots[number].push(name);
      else plots.push([name]);
      this.set(plots.filter((plot) => plot.length));
    });
    return root;
  }

  /**
   * Moves the second recording in time; with `follow`, a view that would lose one of the two shows all.
   * @param {number} seconds
   * @param {{ follow?: boolean }} how
   */
  shift(seconds, { follow = false } = {}) {
    this.sources[1].shift = seconds;
    for (const [key, series] of this.linked.found) if (key.startsWith("b:")) series.shift = seconds;
    this.linked.measure();
    const { start, end } = this.linked.view;
    /** @param {Source} source */
    const isSeen = ({ shift, duration }) => shift < end && shift + (duration ?? 0) > start;
    if (follow && !this.sources.every(isSeen)) this.linked.zoomed = null;
    this.linked.show();
    this.linked.look();
  }

  /** The address follows once the hand rests: browsers let no page write it with every frame. */
  moved() {
    this.all.disabled = this.linked.zoomed === null;
    this.readOut();
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.changed(), SETTLE_MS);
  }

  changed() {
    clearTimeout(this.writing);
    const offset = this.sources[1]?.shift ?? null;
    const { zoomed: view, pins } = this.linked;
    const hash = writeAddress({ plots: this.plots, view, offset, pins, numbers: this.numbers.open });
    if (hash !== location.hash) history.replaceState(history.state, "", hash || location.pathname + location.search);
    this.all.disabled = this.linked.zoomed === null;
    this.readOut();
    for (const link of all(document, "[data-with-plots]", HTMLAnchorElement)) link.hash = writeAddress({ plots: this.plots });
    for (const link of all(document, "[data-with-span]", HTMLAnchorElement)) link.search = this.question;
    document.dispatchEvent(new CustomEvent("paddock:plotted"));
  }

  /** The first two signals, and the span, for the page that looks at them in other ways. */
  get question() {
    const [x, y] = this.plots.flat();
    const { zoomed } = this.linked;
    const asked = new URLSearchParams({ ...(x && { x }), ...(y && { y }) });
    if (zoomed) asked.set("start", zoomed.start.toFixed(4));
    if (zoomed) asked.set("end", zoomed.end.toFixed(4));
    return String(asked);
  }

  readOut() {
    const { cursor, view } = this.linked;
    if (!this.plots.length) this.time.textContent = "";
    else if (cursor !== null) this.time.textContent = clock(cursor, 0.001);
    else this.time.textContent = `${clock(view.start, 0.1)} – ${clock(view.end, 0.1)}  ${apartText(this.linked.pins)}`.trim();
  }

  async copy() {
    this.changed();
    if (await copied(location.href)) {
      this.copied.textContent = "Copied";
      setTimeout(() => { this.copied.textContent = "Copy link"; }, 1500);
      return;
    }
    const link = make("span", { class: "text" }, location.href);
    this.message.replaceChildren("The browser does not let this page copy. The link, selected: ", link);
    select(link);
  }

  /** For who takes away what is plotted: names, and the span in seconds, `null` for everything. */
  get plotted() {
    return { names: this.plots.flat(), view: this.linked?.zoomed ?? null };
  }
}

customElements.define("plot-workspace", PlotWorkspace);
