// Every signal as a row of its statistics: sorted by any of them, plotted by a press.

import { make } from "../kernel/dom.js";
import { valueText } from "./ticks.js";
import { sortable, sorted } from "../kernel/sorting.js";

const ROWS = 100;  // that become elements at once, because a car has more than a thousand signals
/** @typedef {import("./data.js").Signal} Signal */
/** @typedef {[column: number, descending: boolean]} Order */

/** @type {[keyof Signal, string, "text" | "number"][]} */
const COLUMNS = [
  ["name", "Signal", "text"], ["unit", "Unit", "text"], ["dtype", "Type", "text"], ["count", "Values", "number"],
  ["min", "Min", "number"], ["max", "Max", "number"], ["mean", "Mean", "number"], ["first", "First", "number"],
  ["last", "Last", "number"], ["missing", "NaN", "number"],
];

export class SignalTable {
  /** @type {Signal[]} */
  signals = [];
  /** @type {Signal[]} */
  waiting = [];
  /** @type {Order} */
  order = [0, false];

  /** @param {(signal: Signal) => HTMLElement} pick makes the button that plots it */
  constructor(pick) {
    this.pick = pick;
    const headers = COLUMNS.map(([, label, sort]) => make("th", { scope: "col", "data-sort": sort, class: sort === "number" ? "num" : null }, label));
    this.body = make("tbody");
    this.table = make("table", {}, make("thead", {}, make("tr", {}, ...headers)), this.body);
    headers[0].setAttribute("aria-sort", "ascending");
    sortable(this.table, (...order) => this.show(this.signals, order));
    // Further rows when the last one comes near, of the first hundred or of what was scrolled to.
    this.end = make("div", { class: "end" });
    this.root = make("div", { class: "signal-table", tabindex: "0", role: "region", "aria-label": "Signals with statistics" }, this.table, this.end);
    this.watch = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && this.more(), { root: this.root, rootMargin: "600px" });
    this.watch.observe(this.end);
  }

  close() {
    this.watch.disconnect();
  }

  /**
   * @param {Signal[]} signals
   * @param {Order} order
   */
  show(signals, order = this.order) {
    this.signals = signals;
    this.order = order;
    const [column, descending] = order;
    const [field] = COLUMNS[column];
    // A unit or a text that is not there is missing, not the first in the alphabet.
    /** @param {Signal} signal */
    const valueOf = (signal) => {
      const value = signal[field];
      return value === "" || typeof value === "boolean" ? null : value;
    };
    this.waiting = sorted(signals, valueOf, descending);
    this.body.replaceChildren();
    this.root.scrollTop = 0;
    this.more();
  }

  more() {
    if (!this.waiting.length) return;
    this.body.append(...this.waiting.splice(0, ROWS).map((signal) => this.row(signal)));
    // Observed again, because an end that stays in sight says nothing.
    this.watch.unobserve(this.end);
    this.watch.observe(this.end);
  }

  /** @param {Signal} signal */
  row(signal) {
    const cells = COLUMNS.slice(1).map(([field, , sort]) => {
      const value = signal[field];
      const text = sort === "number" ? valueText(value) : String(value);
      return make("td", { class: sort === "number" ? "num" : null, title: text.length > 20 ? text : null }, text);
    });
    return make("tr", {}, make("td", {}, this.pick(signal)), ...cells);
  }
}
