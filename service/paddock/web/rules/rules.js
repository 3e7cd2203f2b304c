// The page of alert rules: adds, changes and tries them. The server renders what came of it.

import { call, messageOf } from "../kernel/api.js";
import { all, around, fieldOf, need } from "../kernel/dom.js";
import { saving } from "../kernel/saving.js";
import { offerNames } from "../kernel/signal-names.js";
import { Trial, showTrial, tryForm } from "../kernel/trial.js";
import { namesIn, numberIn, quietIn } from "../kernel/typed.js";

/**
 * @typedef {{ start: string, end: string, zone: string }} Quiet
 * @typedef {{ name: string, signal: string, comparison: string, limit: number | null, low: number | null,
 *   high: number | null, text: string, hysteresis: number, for_s: number, clear_s: number, severity: string,
 *   cars: string[], quiet: Quiet | null }} Said
 * @typedef {Said & { id: string, version: number, on: boolean }} Rule
 * @typedef {{ recording: string, name: string, count: number, signal: string, seconds: number, value: number, link: string }} Hit
 * @typedef {{ id: string, state: string, total: number, looked: number, fired: number, skipped: number, hits: Hit[], error: string }} Preview
 */

const dialog = need(document, "#rule", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const { complain, tell, finish } = saving(dialog, need(document, "#rules-said"));
const tried = need(form, "#tried");
/** @param {string} name */
const input = (name) => fieldOf(form, name);
/** @type {Rule | null} */
let editing = null;
/** @type {Trial<Preview>} */
const trial = new Trial("/api/rules/preview", "/api/rules/previews", show);

/** Shows the limits that the comparison takes. */
function fit() {
  for (const part of all(form, "[data-for]")) part.hidden = !part.dataset.for?.split(" ").includes(input("comparison").value);
}

/** @param {string} name */
const numberOf = (name) => numberIn(input(name).value);

/** @returns {Said} */
function said() {
  const comparison = input("comparison").value;
  const limit = numberOf("limit");
  const state = comparison === "is" || comparison === "is_not";
  const ranged = comparison === "outside" || comparison === "inside";
  return {
    name: input("name").value,
    signal: input("signal").value,
    comparison,
    limit: ranged ? null : limit,
    low: ranged ? numberOf("low") : null,
    high: ranged ? numberOf("high") : null,
    text: state && limit === null ? input("limit").value : "",
    hysteresis: numberOf("hysteresis") ?? 0,
    for_s: numberOf("for_s") ?? 0,
    clear_s: numberOf("clear_s") ?? 0,
    severity: input("severity").value,
    cars: namesIn(input("cars").value),
    quiet: quietIn(form),
  };
}

/** @param {Rule | null} rule */
function open(rule) {
  editing = rule;
  form.reset();
  complain();
  forget();
  need(document, "#rule-title").textContent = rule ? rule.name : "A rule";
  input("zone").value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (rule) {
    for (const name of /** @type {const} */ (["name", "signal", "comparison", "severity"])) input(name).value = rule[name];
    for (const name of /** @type {const} */ (["low", "high", "hysteresis", "for_s", "clear_s"])) input(name).value = String(rule[name] ?? "");
    input("limit").value = rule.text || String(rule.limit ?? "");
    input("cars").value = rule.cars.join(", ");
    if (rule.quiet) for (const name of /** @type {const} */ (["start", "end", "zone"])) input(name).value = rule.quiet[name];
  }
  need(form, "[data-remove]").hidden = !rule;
  fit();
  dialog.showModal();
}

/** Nobody wants to know any more what the rule would have found. */
function forget() {
  trial.forget();
  tried.hidden = true;
}

/** @param {Preview} preview */
function show(preview) {
  const moments = preview.hits.map((hit) => ({
    ...hit, said: `${hit.signal} ${Number(hit.value.toPrecision(5))}${hit.count > 1 ? `, ${hit.count} times` : ""}`,
  }));
  const none = "No recording has this signal: look at its name under Signals.";
  showTrial(tried, preview, { fired: preview.fired, moments, unreadable: preview.skipped, none });
}

function tryIt() {
  forget();
  return trial.follow(said());
}

async function save() {
  const rule = said();
  if (editing) await call("PUT", `/api/rules/${editing.id}?version=${editing.version}`, rule);
  else await call("POST", "/api/rules", rule);
  return editing ? `${rule.name} is changed.` : `${rule.name} is added. It looks at nothing until it is switched on.`;
}

/** @param {Rule} rule */
async function remove(rule) {
  await call("DELETE", `/api/rules/${rule.id}`);
  return `${rule.name} is removed; what it found stays.`;
}

/** @param {string} id */
async function edit(id) {
  try {
    open(await call("GET", `/api/rules/${id}`));
  } catch (error) {
    tell(messageOf(error));
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void finish(need(form, "[type=submit]", HTMLButtonElement), save);
});
form.addEventListener("input", (event) => {
  const typed = around(event, "[name=signal]", HTMLInputElement);
  if (typed) void offerNames(need(document, "#rule-signals", HTMLDataListElement), typed.value);
});
need(form, "[name=comparison]", HTMLSelectElement).addEventListener("change", fit);
dialog.addEventListener("close", forget);
document.addEventListener("click", (event) => {
  /** @param {string} name */
  const pressed = (name) => around(event, `[data-${name}]`, HTMLButtonElement);
  const [trying, removing] = [pressed("try"), pressed("remove")];
  const rule = editing;
  if (pressed("add")) open(null);
  else if (pressed("cancel")) dialog.close();
  else if (trying) void tryForm(trying, form, complain, tryIt);
  else if (removing && rule) void finish(removing, () => remove(rule));
  else if (pressed("edit")) void edit(around(event, "tr")?.dataset.rule ?? "");
});
