// Asks the season in SQL and shows the answer: a table, a plot of its numbers, or a file.

import { call, messageOf, saveFile } from "../kernel/api.js";
import { all, around, make, need } from "../kernel/dom.js";
import { plot } from "./sql-plot.js";

/** @typedef {{ columns: { name: string, type: string }[], rows: unknown[][], truncated: boolean }} Answer */
/** @typedef {{ id: string, state: "running" | "waiting", notice: string }} Asked */

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

const asked = need(document, "#sql-asked");
const waits = need(document, "#sql-waits");
const others = need(document, "[data-cancel-others]", HTMLButtonElement);
let id = "";  // of the query that this page asks; empty where it asks none

/**
 * Runs something with the buttons off, and says what went wrong.
 * @param {() => Promise<void>} work
 */
async function busy(work) {
  const buttons = all(form, "button", HTMLButtonElement);
  for (const button of buttons) button.disabled = true;
  complain();
  id = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(16)).join("-");
  said.textContent = "Asking…";
  const watching = setInterval(() => void watch(), 1_000);
  try {
    await work();
  } catch (error) {
    said.textContent = "";
    complain(error);
  } finally {
    clearInterval(watching);
    id = "";
    asked.hidden = true;
    for (const button of buttons) button.disabled = false;
  }
}

async function queries() {
  /** @type {{ items: Asked[] }} */
  const { items } = await call("GET", "/api/sql");
  return items;
}

/** Says of a query that takes its time whether it waits, and what for. */
async function watch() {
  const own = await queries().catch(() => []);
  const mine = own.find((each) => each.id === id);
  asked.hidden = !mine;
  if (!mine) return;
  const text = mine.notice || "It runs. A minute is the most that a query may take.";
  if (waits.textContent !== text) waits.textContent = text;
  others.hidden = own.length < 2;
}

/** @param {(query: Asked) => boolean} meant */
async function cancel(meant) {
  const own = (await queries()).filter(meant);
  await Promise.allSettled(own.map((each) => call("DELETE", `/api/sql/${each.id}`)));
}

async function run() {
  const began = performance.now();
  const address = new URL(location.href);
  address.searchParams.set("q", query.value);
  history.replaceState(null, "", address);
  /** @type {Answer} */
  const found = await call("POST", "/api/sql", { sql: query.value, id });
  show(found);
  const rows = found.rows.length;
  const more = found.truncated ? " at least, of which these are the first: take a file for all" : "";
  const shown = !found.truncated && rows > SHOWN ? `, the first ${SHOWN.toLocaleString("en")} are shown` : "";
  said.textContent = `${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}${more}${shown}, ${((performance.now() - began) / 1000).toFixed(1)} s`;
}

/** @param {string} format */
async function save(format) {
  const headers = await saveFile("/api/sql", { sql: query.value, format, id }, `season.${format}`);
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
  if (around(event, "[data-cancel]")) void cancel((each) => each.id === id);
  if (around(event, "[data-cancel-others]")) void cancel((each) => each.id !== id);
  const saving = around(event, "[data-save]");
  if (saving) void busy(() => save(saving.dataset.save ?? "csv"));
});

if (form.dataset.asked !== undefined) form.requestSubmit();
