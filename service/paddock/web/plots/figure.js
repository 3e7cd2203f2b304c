// A chart with its legend, which is also its read-out: what each signal is at the cursor.

import { Chart, isLane, nameOf, valueAt } from "./chart.js";
import { make } from "../kernel/dom.js";
import { listen } from "./gestures.js";
import { valueText } from "./ticks.js";

const NUMBER = 8;  // characters of a number as it is read out
const MOST = 30;

export class Figure {
  /**
   * `entries`: what to draw, each `{ key, name, label, unit, colour, dashed }`; `linked` is the group it belongs to;
   * `tools(entry)` may give buttons for the legend.
   */
  constructor(linked, entries, tools = () => []) {
    this.entries = entries;
    this.values = new Map();
    this.host = make("div", { class: "chart", tabindex: "0", role: "img", "aria-label": "Plot, not drawn yet" });
    this.legend = make("ul", { class: "legend" });
    this.root = make("div", { class: "figure" }, this.legend, this.host);
    for (const entry of entries) {
      const value = make("output", { class: "value" });
      const unit = make("span", { class: "unit" }, entry.unit);
      const reading = make("span", { class: "reading", style: `--widest: ${NUMBER + (entry.unit?.length ?? 0)}ch` }, value, unit);
      this.values.set(entry.key, { value, unit, reading });
      const item = make(
        "li",
        { title: entry.name, class: entry.dashed ? "dashed" : null, "data-signal": entry.name },
        make("i", { class: "swatch", style: `--colour: var(--plot-${(entry.colour % 8) + 1})` }),
        make("span", { class: "label" }, entry.label),
        reading,
        ...tools(entry),
      );
      this.legend.append(item);
    }
    this.chart = new Chart(this.host);
    this.series = [];
    listen(this.host, this.chart, linked);
  }

  close() {
    this.chart.close();
    this.root.remove();
  }

  /** What there is to draw; `found`: series of the API by key. */
  take(found) {
    this.series = this.entries.filter((entry) => found.has(entry.key)).map((entry) => {
      const series = found.get(entry.key);
      return { ...series, ...entry, values: statesOf(series), label: entry.label || series.label };
    });
    this.root.classList.toggle("awaited", !this.series.length);
  }

  show(view, margins) {
    this.chart.margins = margins;
    for (const series of this.series) {
      const { unit, reading } = this.values.get(series.key);
      unit.textContent = series.unit;
      reading.style.setProperty("--widest", `${widest(series)}ch`);
      // A lane is coloured by what it says, not by which signal it is.
      reading.parentElement.classList.toggle("state", isLane(series));
    }
    const names = this.series.map((each) => `${each.label}${each.unit ? ` in ${each.unit}` : ""}`).join(", ");
    this.host.setAttribute("aria-label", `Plot of ${names} over time. Arrow keys move the cursor, + and − zoom, 0 shows all.`);
    this.chart.show(this.series, view);
  }

  look(view) {
    this.chart.look(view);
  }

  point(cursor, selection) {
    this.chart.point(cursor, selection);
    for (const series of this.series) {
      const text = cursor === null ? "" : valueText(nameOf(series, valueAt(series, cursor)));
      this.values.get(series.key).value.textContent = text;
    }
  }
}

/** Switches with gaps come as numbers. */
function statesOf({ dtype, values }) {
  return dtype === "bool" ? values.map((value) => (value === null ? null : Boolean(value))) : values;
}

/** So many characters a read-out may become wide, so that the ones beside it stay where they are. */
function widest(series) {
  if (!isLane(series)) return NUMBER + series.unit.length;
  const names = series.dtype === "bool" ? ["off"] : Object.values(series.enums);
  return Math.min(MOST, Math.max(NUMBER, ...names.map((name) => name.length)));
}
