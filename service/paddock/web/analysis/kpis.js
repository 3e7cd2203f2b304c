// <kpi-table>: figures of signals over the intervals or laps of recordings, as a table and as CSV.

import { Problem, call, saveFile } from "../kernel/api.js";
import { make, need } from "../kernel/dom.js";
import { sortable, sorted } from "../kernel/sorting.js";
import { valueText } from "../plots/ticks.js";
import { attempt } from "./attempt.js";

/**
 * @typedef {object} Row
 * @property {string} recording
 * @property {string} name
 * @property {Record<string, string>} metadata
 * @property {string} span
 * @property {number} start_s
 * @property {Record<string, number | string>} setup
 * @property {Record<string, Record<string, number | null>>} figures
 */
/** @typedef {{ id: string, label: string, unit: string, kind: string }} SetupField */
/** @typedef {{ name: string, label: string }} MetadataField */
/** @typedef {{ label: string, kind: "text" | "number", value: number | string | null, cell: () => Node | string }} Cell */

const FIGURES = ["count", "min", "max", "mean", "std", "integral", "first", "last", "at_max_s"];

/** @param {number | null} value */
const short = (value) => (value === null ? "–" : valueText(Number(value.toPrecision(5))));

class KpiTable extends HTMLElement {
  /** @type {string[]} */
  recordings = [];
  /** @type {MetadataField[]} */
  columns = [];
  /** @type {SetupField[]} */
  setup = [];

  connectedCallback() {
    this.recordings = JSON.parse(this.dataset.recordings ?? "[]");
    this.columns = JSON.parse(this.dataset.columns ?? "[]");
    this.setup = JSON.parse(this.dataset.setup ?? "[]");
    this.form = need(this, "form", HTMLFormElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.show();
    });
    need(this, "[data-csv]").addEventListener("click", () => void this.csv());
    if (new URLSearchParams(location.search).has("signals")) void this.show();
  }

  /** @param {string} format */
  question(format) {
    const given = new FormData(this.form);
    const signals = String(given.get("signals")).split(",").map((name) => name.trim()).filter(Boolean);
    return { recordings: this.recordings, signals, over: String(given.get("over")), format };
  }

  csv() {
    return attempt(need(this, "form", HTMLFormElement), async () => {
      await saveFile("/api/kpis", this.question("csv"), "kpis.csv");
    });
  }

  show() {
    const asked = this.question("json");
    const address = new URL(location.href);
    address.searchParams.set("signals", asked.signals.join(","));
    address.searchParams.set("over", asked.over);
    history.replaceState(null, "", address);
    return attempt(need(this, "form", HTMLFormElement), async () => {
      /** @type {{ items: Row[] }} */
      const found = await call("POST", "/api/kpis", asked);
      this.table(found.items, asked.signals);
      if (!found.items.length) throw new Problem({ detail: "There is no such span in what was chosen yet.", code: "nothing" });
    });
  }

  /**
   * @param {Row[]} items
   * @param {string[]} signals
   */
  table(items, signals) {
    const setup = items.some((row) => Object.keys(row.setup).length) ? this.setup : [];
    const columns = this.columns.filter(({ name }) => this.recordings.length > 1 && items.some((row) => row.metadata[name]));
    const rows = items.flatMap((row) => signals.map((signal) => this.cells(row, signal, columns, setup)));
    const region = need(this, "#figures");
    region.hidden = !rows.length;
    if (!rows.length) return;
    const head = make("tr", {}, ...rows[0].map((cell) => make("th", { scope: "col", class: cell.kind === "number" ? "num" : "", "data-sort": cell.kind }, cell.label)));
    const body = make("tbody", {});
    const table = make("table", {}, make("thead", {}, head), body);
    /** @param {Cell[][]} ordered */
    const fill = (ordered) => body.replaceChildren(...ordered.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", { class: cell.kind === "number" ? "num" : "" }, cell.cell())))));
    sortable(table, (column, descending) => fill(sorted(rows, (cells) => cells[column].value, descending)));
    fill(rows);
    region.replaceChildren(table);
  }

  /**
   * @param {Row} row
   * @param {string} signal
   * @param {MetadataField[]} columns
   * @param {SetupField[]} setup
   * @returns {Cell[]}
   */
  cells(row, signal, columns, setup) {
    const figures = row.figures[signal];
    const several = this.recordings.length > 1;
    return [
      ...(several ? [text("Recording", row.name, () => make("a", { href: `/recordings/${row.recording.slice(0, 16)}` }, row.name))] : []),
      ...columns.map(({ name, label }) => said(label, row.metadata[name] ?? "")),
      text("Span", row.span),
      text("Signal", signal),
      number("From, s", row.start_s, row.start_s.toFixed(2)),
      ...FIGURES.map((name) => number(name === "at_max_s" ? "at max, s" : name, figures[name], short(figures[name]))),
      ...setup.map((field) => {
        const value = row.setup[field.id] ?? null;
        if (typeof value === "number") return number(field.label, value, [String(value), field.unit].filter(Boolean).join(" "));
        return field.kind === "number" ? number(field.label, null, value ?? "–") : text(field.label, value ?? "–");
      }),
    ];
  }
}

/**
 * @param {string} label
 * @param {string} value
 * @param {() => Node | string} [cell]
 * @returns {Cell}
 */
function text(label, value, cell = () => value) {
  return { label, kind: "text", value, cell };
}

/**
 * A metadata field, in one line however long it is.
 *
 * @param {string} label
 * @param {string} value
 */
function said(label, value) {
  return text(label, value, () => make("span", { class: "said", title: value }, value));
}

/**
 * @param {string} label
 * @param {number | null} value
 * @param {string} shown
 * @returns {Cell}
 */
function number(label, value, shown) {
  return { label, kind: "number", value, cell: () => shown };
}

customElements.define("kpi-table", KpiTable);
