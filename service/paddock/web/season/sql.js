// Asks the season in SQL and shows the answer: a table, a plot of its numbers, or a file.

import { call, messageOf, saveFile } from "../kernel/api.js";
import { all, around, make, need } from "../kernel/dom.js";
import { plot } from "./sql-plot.js";

/** @typedef {{ columns: { name: string, type: string }[], rows: unknown[][], truncated: boolean }} Answer */

const SHOWN = 1000;
const NUMBER = /^(u?int|float|double|halffloat|decimal)/;

const form = need(document, "#sql", HTMLFormElement);
const query = need(form, "textarea", HTMLTextAreaElement);
const answer = need(document, "#sql-answer");
const said = need(document, "#sql-said");

/** @param {unknown} [error] */
function complain(error) {
  const place = need(document, "#sql-error");
  place.textContent = error ? messageOf(error) : "";
  place.hidden = !error;
}

/** @param {unknown} value */
const text = (value) => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** @param {Answer} found */
function show(found) {
  const kinds = found.columns.map((column) => (NUMBER.test(column.type) ? "num" : ""));
  const heading = make("tr", {}, ...found.columns.map((column, at) => make("th", { scope: "col", class: kinds[at], title: column.type }, column.name)));
  const rows = found.rows.slice(0, SHOWN).map((row) => make("tr", {}, ...row.map((value, at) => make("td", { class: kinds[at] }, text(value)))));
  need(answer, "thead").replaceChildren(heading);
  need(answer, "tbody").replaceChildren(...rows);
  answer.hidden = found.columns.length === 0;
  plot(need(document, "#sql-plot"), found, kinds);
}

/**
 * Runs something with the buttons off, and says what went wrong.
 * @param {() => Promise<void>} work
 */
async function busy(work) {
  const buttons = all(form, "button", HTMLButtonElement);
  for (const button of buttons) button.disabled = true;
  complain();
  said.textContent = "Asking…";
  try {
    await work();
  } catch (error) {
    said.textContent = "";
    complain(error);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

async function run() {
  const began = performance.now();
  const address = new URL(location.href);
  address.searchParams.set("q", query.value);
  history.replaceState(null, "", address);
  /** @type {Answer} */
  const found = await call("POST", "/api/sql", { sql: query.value });
  show(found);
  const rows = found.rows.length;
  const more = found.truncated ? " at least, of which these are the first: take a file for all" : "";
  const shown = !found.truncated && rows > SHOWN ? `, the first ${SHOWN.toLocaleString("en")} are shown` : "";
  said.textContent = `${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}${more}${shown}, ${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** @param {string} format */
async function save(format) {
  const headers = await saveFile("/api/sql", { sql: query.value, format }, `season.${format}`);
  said.textContent = headers.get("Paddock-Truncated") === "true" ? "Saved; there are more rows than a file has." : "Saved.";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void busy(run);
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
document.addEventListener("click", (event) => {
  const example = around(event, "[data-example]");
  if (example) {
    query.value = example.dataset.example ?? "";
    form.requestSubmit();
  }
  const saving = around(event, "[data-save]");
  if (saving) void busy(() => save(saving.dataset.save ?? "csv"));
});

if (form.dataset.asked !== undefined) form.requestSubmit();
