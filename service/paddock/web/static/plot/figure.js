// A chart with its legend, which is also its read-out: what each signal is at the cursor.

import { Chart, indexAt, nameOf } from "/static/plot/chart.js";
import { make } from "/static/plot/dom.js";
import { listen } from "/static/plot/gestures.js";
import { valueText } from "/static/plot/ticks.js";

export class Figure {
  /**
   * `entries`: what to draw, each `{ key, name, label, colour, dashed }`; `linked` is the group it belongs to;
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
      const unit = make("span", { class: "unit" });
      this.values.set(entry.key, { value, unit });
      const item = make(
        "li",
        { title: entry.name, class: entry.dashed ? "dashed" : null, "data-signal": entry.name },
        make("i", { class: "swatch", style: `--colour: var(--plot-${(entry.colour % 8) + 1})` }),
        make("span", { class: "label" }, entry.label),
        unit,
        value,
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
      return { ...series, ...entry, label: entry.label || series.label };
    });
  }

  show(view, margins) {
    this.chart.margins = margins;
    for (const series of this.series) this.values.get(series.key).unit.textContent = series.unit;
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
      const index = cursor === null ? -1 : indexAt(series.seconds, cursor - series.shift);
      const value = index < 0 ? undefined : series.values[index];
      this.values.get(series.key).value.textContent = value === undefined ? "" : valueText(nameOf(series, value));
    }
  }
}
