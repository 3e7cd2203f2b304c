// The panel below the plots: their signals in numbers, over what is on the screen or between the two cursors.
//
// The service counts all samples of the log in the span; what is drawn are only some of them.

import { messageOf } from "../kernel/api.js";
import { make } from "../kernel/dom.js";
import { fetchNumbers } from "./data.js";
import { SETTLE_MS } from "./linked.js";
import { isLane, nameOf } from "./series.js";
import { clock, valueText } from "./ticks.js";

/** @typedef {import("./data.js").Numbers} Numbers */
/** @typedef {import("./series.js").Entry} Entry */
/** @typedef {"view" | "cursors"} Span */

const HALF_SHOWN_S = 5e-7;  // plots say times in microseconds
/** @type {[keyof Numbers & string, string][]} */
const FIGURES = [["min", "Min"], ["max", "Max"], ["mean", "Mean"], ["rms", "RMS"], ["std", "Std"], ["count", "Samples"]];

export class StatisticsPanel {
  /** @type {Span} */
  span = "view";
  /** @type {AbortController | null} */
  asking = null;
  timer = 0;
  /**
   * The field that somebody is typing in: what comes meanwhile leaves it alone.
   * @type {number | null}
   */
  typing = null;

  /**
   * @param {import("./linked.js").Linked} linked
   * @param {() => void} changed what the address says of it is another now
   */
  constructor(linked, changed) {
    this.linked = linked;
    this.changed = changed;
    /** @type {(value: Span, text: string) => HTMLElement} */
    const choice = (value, text) => make("label", {}, make("input", { type: "radio", name: "numbers", value, onchange: () => this.choose(value) }), text);
    this.fields = [0, 1].map((number) => make("input", {
      class: "field", inputmode: "decimal", autocomplete: "off", placeholder: linked.over === "distance" ? "metre" : "second",
      oninput: () => { this.typing = number; }, onchange: () => this.type(number), onblur: () => { this.typing = null; },
    }));
    this.apart = make("output", { "aria-label": "From the first to the second" });
    this.removing = make("button", { class: "button small quiet", type: "button", onclick: () => linked.pin([null, null]) }, "Remove cursors");
    this.error = make("p", { class: "form-error", role: "alert", hidden: true });
    this.body = make("tbody");
    const heads = [...FIGURES.map(([, label]) => label), "At 1", "At 2", "Difference"];
    const table = make("table", {},
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Signal"), ...heads.map((label) => make("th", { scope: "col", class: "num" }, label)))),
      this.body);
    this.summary = make("summary", {}, "Statistics");
    this.root = make("details", { class: "numbers", ontoggle: () => this.refresh() }, this.summary,
      make("div", { class: "choices" },
        make("fieldset", {}, make("legend", { class: "sr" }, "Over which samples"), choice("view", "On the screen"), choice("cursors", "Between the cursors")),
        ...this.fields.map((field, number) => make("label", {}, `Cursor ${number + 1}`, field)),
        this.apart, this.removing),
      this.error,
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Statistics" }, table));
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  /** What the address says: of which span, or null while it is closed. */
  get open() {
    return this.root.open ? this.span : null;
  }

  /** @param {Span | null} span */
  restore(span) {
    this.span = span ?? this.span;
    this.root.open = span !== null;
    this.mark();
  }

  /** @param {Span} span */
  choose(span) {
    this.span = span;
    this.refresh();
  }

  /** @param {number} number */
  type(number) {
    this.typing = null;
    const text = this.fields[number].value.trim().replace(",", ".").replace("−", "-");
    const seconds = text === "" ? null : Number(text);
    const [one, other] = this.linked.pins;
    if (seconds !== null && !Number.isFinite(seconds)) this.mark();
    else this.linked.pin(number ? [one, seconds] : [seconds, other]);
  }

  /** Shows where the cursors are. */
  mark() {
    const { pins } = this.linked;
    const both = pins.every((each) => each !== null);
    if (!both) this.span = "view";
    for (const input of this.root.querySelectorAll("input")) {
      if (input.type !== "radio") continue;
      input.checked = input.value === this.span;
      input.disabled = input.value === "cursors" && !both;
    }
    pins.forEach((seconds, number) => {
      if (number !== this.typing) this.fields[number].value = seconds === null ? "" : String(Number(seconds.toFixed(6)));
    });
    this.apart.textContent = apartText(pins, this.linked.over);
    this.removing.hidden = pins.every((each) => each === null);
  }

  /** Something is another: asked again once it stays. */
  refresh() {
    this.mark();
    this.changed();
    // The figures are of something else from now on, and not only once others are asked for.
    this.asking?.abort();
    this.asking = null;
    if (this.root.open) this.root.setAttribute("aria-busy", "true");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), SETTLE_MS);
  }

  async load() {
    this.asking?.abort();
    if (!this.root.open) return this.root.removeAttribute("aria-busy");
    const asking = new AbortController();
    this.asking = asking;
    this.root.setAttribute("aria-busy", "true");
    try {
      const found = await Promise.all(this.linked.sources.map((source) => this.ask(source, asking.signal)));
      this.show(new Map(found.flat()));
      this.error.hidden = true;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.error.textContent = `The statistics could not be read. ${messageOf(error)}`;
      this.error.hidden = false;
    } finally {
      if (this.asking === asking) this.root.removeAttribute("aria-busy");
    }
  }

  /** What has numbers, in the order of the plots. */
  get entries() {
    const entries = this.linked.figures.flatMap((figure) => figure.entries);
    return entries.filter((entry) => (this.linked.found.get(entry.key)?.drawing ?? "segments") !== "segments");
  }

  /**
   * By the keys of the signals.
   * @param {import("./linked.js").Source} source
   * @param {AbortSignal} signal
   * @returns {Promise<[string, Numbers][]>}
   */
  async ask(source, signal) {
    const names = [...new Set(this.entries.filter((entry) => entry.source === source.key).map((entry) => entry.name))];
    const set = this.linked.pins.filter((each) => each !== null);
    const widened = this.span === "cursors" ? { start: Math.min(...set) - HALF_SHOWN_S, end: Math.max(...set) + HALF_SHOWN_S } : this.linked.zoomed;
    const { at = (place) => place - source.shift } = source;
    const span = widened ?? (source.at || source.numbers ? this.linked.full : null);
    const found = source.numbers && span
      ? source.numbers(span, set)
      : await fetchNumbers(source.id, names, span && { start: at(span.start), end: at(span.end) }, set.map(at), signal);
    return found.map((numbers) => [`${source.key}:${numbers.signal.name}`, numbers]);
  }

  /** @param {Map<string, Numbers>} found */
  show(found) {
    const rows = this.entries.flatMap((entry) => {
      const numbers = found.get(entry.key);
      return numbers ? [this.row(entry, numbers)] : [];
    });
    const empty = make("tr", {}, make("td", { colspan: FIGURES.length + 4, class: "hint" }, "None of the plotted signals is a number."));
    this.body.replaceChildren(...(rows.length ? rows : [empty]));
  }

  /**
   * @param {Entry} entry
   * @param {Numbers} numbers
   */
  row(entry, numbers) {
    const series = this.linked.found.get(entry.key);
    const unit = series?.unit ?? entry.unit;
    const values = [...numbers.at];
    const [one, other] = this.linked.pins.map((pin) => (pin === null ? null : values.shift() ?? null));
    const apart = one === null || other === null || (series && isLane(series)) ? null : other - one;
    /** @param {number | null} value */
    const named = (value) => (series && value !== null ? nameOf(series, series.dtype === "bool" ? Boolean(value) : value) : value);
    const cells = [...FIGURES.map(([figure]) => numbers[figure]), named(one), named(other), apart];
    return make("tr", { "data-signal": entry.name },
      make("th", { scope: "row", title: entry.name },
        make("i", { class: "swatch", style: `--colour: var(--plot-${(entry.colour % 8) + 1})` }), make("span", {}, entry.label), make("span", { class: "unit" }, unit)),
      ...cells.map((value) => make("td", { class: "num", title: typeof value === "number" ? String(value) : null }, valueText(value))));
  }
}

/**
 * How far the second cursor is from the first one, in words; nothing until both are there.
 * @param {import("./linked.js").Pins} pins
 * @param {"time" | "distance"} [over]
 */
export function apartText([one, other], over = "time") {
  if (one === null || other === null) return "";
  const seconds = other - one;
  if (over === "distance") return `Δ ${seconds.toFixed(1).replace("-", "−")} m`;
  return Math.abs(seconds) < 60 ? `Δ ${seconds.toFixed(3).replace("-", "−")} s` : `Δ ${clock(seconds, 0.001)}`;
}
