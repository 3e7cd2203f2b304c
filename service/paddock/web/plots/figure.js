// A chart with its legend, which is also its read-out: what each signal is at the cursor.

import { Chart } from "./chart.js";
import { make } from "../kernel/dom.js";
import { listen } from "./gestures.js";
import { isLane, nameOf, valueAt } from "./series.js";
import { valueText } from "./ticks.js";

/** @typedef {import("./series.js").Entry} Entry */
/** @typedef {import("./series.js").View} View */
/** @typedef {{ value: HTMLElement, unit: HTMLElement, reading: HTMLElement, item: HTMLElement }} Reading */

const NUMBER = 8;  // characters of a number as it is read out
const MOST = 30;

export class Figure {
  /**
   * @param {import("./linked.js").Linked} linked the group it belongs to
   * @param {Entry[]} entries what to draw
   * @param {(entry: Entry) => HTMLElement[]} tools may give buttons for the legend
   */
  constructor(linked, entries, tools = () => []) {
    this.entries = entries;
    /** @type {Map<string, Reading>} */
    this.readings = new Map();
    this.host = make("div", { class: "chart", tabindex: "0", role: "img", "aria-label": "Plot, not drawn yet" });
    this.legend = make("ul", { class: "legend" });
    this.root = make("div", { class: "figure" }, this.legend, this.host);
    for (const entry of entries) {
      const value = make("output", { class: "value" });
      const unit = make("span", { class: "unit" }, entry.unit);
      const reading = make("span", { class: "reading", style: `--widest: ${NUMBER + (entry.unit?.length ?? 0)}ch` }, value, unit);
      const item = make(
        "li",
        { title: entry.name, class: entry.dashed ? "dashed" : null, "data-signal": entry.name },
        make("i", { class: "swatch", style: `--colour: var(--plot-${(entry.colour % 8) + 1})` }),
        make("span", { class: "label" }, entry.label),
        reading,
        ...tools(entry),
      );
      this.legend.append(item);
      this.readings.set(entry.key, { value, unit, reading, item });
    }
    this.chart = new Chart(this.host);
    this.chart.metres = linked.over === "distance";
    this.linked = linked;
    /** @type {import("./series.js").Drawn[]} */
    this.series = [];
    listen(this.host, this.chart, linked);
  }

  close() {
    this.chart.close();
    this.root.remove();
  }

  /**
   * What there is to draw.
   * @param {Map<string, import("./series.js").Found>} found by key
   */
  take(found) {
    this.series = this.entries.flatMap((entry) => {
      const series = found.get(entry.key);
      return series ? [{ ...series, ...entry, values: statesOf(series), label: entry.label || series.label }] : [];
    });
    this.root.classList.toggle("awaited", !this.series.length);
  }

  /**
   * @param {View} view
   * @param {import("./chart.js").Margins} margins
   */
  show(view, margins) {
    this.chart.margins = margins;
    for (const series of this.series) {
      const { unit, reading, item } = this.readingOf(series);
      unit.textContent = series.unit;
      reading.style.setProperty("--widest", `${widest(series)}ch`);
      // A lane is coloured by what it says, not by which signal it is.
      item.classList.toggle("state", isLane(series));
    }
    const names = this.series.map((each) => `${each.label}${each.unit ? ` in ${each.unit}` : ""}`).join(", ");
    this.host.setAttribute("aria-label", `Plot of ${names} over ${this.chart.metres ? "distance" : "time"}. Arrow keys move the cursor, + and − zoom, 0 shows all.`);
    this.chart.show(this.series, view);
  }

  /** @param {View} view */
  look(view) {
    this.chart.look(view);
  }

  /**
   * Draws what has come meanwhile.
   * @param {Map<string, import("./series.js").Found>} found by key
   * @param {View} view
   */
  follow(found, view) {
    this.take(found);
    this.chart.follow(this.series, view);
  }

  /**
   * @param {number | null} cursor
   * @param {[number, number] | null} selection
   */
  point(cursor, selection) {
    this.chart.point(cursor, selection, this.linked.pins);
    for (const series of this.series) {
      const text = cursor === null ? "" : valueText(nameOf(series, valueAt(series, cursor)));
      this.readingOf(series).value.textContent = text;
    }
  }

  /** @param {Entry} entry */
  readingOf(entry) {
    return /** @type {Reading} */ (this.readings.get(entry.key));
  }
}

/**
 * Switches with gaps come as numbers.
 * @param {import("./series.js").Series} series
 */
function statesOf({ dtype, values }) {
  return dtype === "bool" ? values.map((value) => (value === null ? null : Boolean(value))) : values;
}

/**
 * So many characters a read-out may become wide, so that the ones beside it stay where they are.
 * @param {import("./series.js").Series} series
 */
function widest(series) {
  if (!isLane(series)) return NUMBER + series.unit.length;
  const names = series.dtype === "bool" ? ["off"] : Object.values(series.enums);
  return Math.min(MOST, Math.max(NUMBER, ...names.map((name) => name.length)));
}
