// The page of checklists: adds, changes and tries them. The server renders what came of it.

import { call, messageOf } from "../kernel/api.js";
import { all, around, fieldOf, need } from "../kernel/dom.js";
import { saving } from "../kernel/saving.js";
import { offerNames } from "../kernel/signal-names.js";
import { Trial, showTrial, tryForm } from "../kernel/trial.js";
import { namesIn, numberIn } from "../kernel/typed.js";

/**
 * @typedef {{ kind: string, subject: string, name: string, low: number | null, high: number | null,
 *   rate_hz: number | null, tolerance_percent: number, longest_s: number | null, all_but_s: number }} Rule
 * @typedef {{ name: string, cars: string[], rules: Rule[] }} Said
 * @typedef {Said & { id: string, version: number }} Checklist
 * @typedef {{ recording: string, name: string, failed: number, rule: number, said: string, seconds: number, link: string }} Run
 * @typedef {{ id: string, state: string, words: string[], total: number, looked: number, failed: number, by_rule: number[],
 *   skipped_by_rule: number[], unreadable: number, runs: Run[], error: string }} Preview
 */

const WHAT = new Map([["rate", "Topic or signal"], ["gap", "Topic or signal"], ["present", "Topic or signal"],
  ["limits", "Signal, or an expression"], ["condition", "Expression that must not hold"]]);
const NUMBERS = /** @type {const} */ (["low", "high", "rate_hz", "tolerance_percent", "longest_s", "all_but_s"]);
const dialog = need(document, "#checklist", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const rules = need(form, "#checklist-rules");
const template = need(document, "#checklist-rule", HTMLTemplateElement);
const { complain, tell, finish } = saving(dialog, need(document, "#checklists-said"));
const tried = need(form, "#tried");
/** @type {Checklist | null} */
let editing = null;
/** @type {Trial<Preview>} */
const trial = new Trial("/api/checklists/preview", "/api/checklists/previews", show);

/**
 * @param {HTMLElement} row
 * @param {string} name
 * @returns {{ value: string }}
 */
function field(row, name) {
  const found = row.querySelector(`[data-field=${name}]`);
  if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
  throw new Error(`A rule has no field ${name}.`);
}

/** @param {HTMLElement} row */
function fit(row) {
  const kind = field(row, "kind").value;
  for (const part of all(row, "[data-for]")) part.hidden = !part.dataset.for?.split(" ").includes(kind);
  need(row, "[data-what]").textContent = WHAT.get(kind) ?? "Signal";
}

/** @param {Partial<Rule>} [rule] */
function addRule(rule = {}) {
  const row = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  rules.append(row);
  const added = need(rules, "fieldset:last-child");
  for (const name of /** @type {const} */ (["kind", "subject", "name"])) if (rule[name] !== undefined) field(added, name).value = rule[name];
  if (rule.kind) for (const name of NUMBERS) field(added, name).value = String(rule[name] ?? "");
  fit(added);
  return added;
}

/**
 * @param {HTMLElement} row
 * @param {string} name
 */
const numberOf = (row, name) => numberIn(field(row, name).value);

/** @returns {Said} */
function said() {
  return {
    name: fieldOf(form, "name").value,
    cars: namesIn(fieldOf(form, "cars").value),
    rules: all(rules, "fieldset").map((row) => ({
      kind: field(row, "kind").value,
      subject: field(row, "subject").value,
      name: field(row, "name").value,
      low: numberOf(row, "low"),
      high: numberOf(row, "high"),
      rate_hz: numberOf(row, "rate_hz"),
      tolerance_percent: numberOf(row, "tolerance_percent") ?? 10,
      longest_s: numberOf(row, "longest_s"),
      all_but_s: numberOf(row, "all_but_s") ?? 0,
    })),
  };
}

/** @param {Checklist | null} checklist */
function open(checklist) {
  editing = checklist;
  form.reset();
  complain();
  forget();
  rules.replaceChildren();
  need(document, "#checklist-title").textContent = checklist ? checklist.name : "A checklist";
  if (checklist) {
    fieldOf(form, "name").value = checklist.name;
    fieldOf(form, "cars").value = checklist.cars.join(", ");
    for (const rule of checklist.rules) addRule(rule);
  } else {
    addRule();
  }
  need(form, "[data-remove]").hidden = !checklist;
  dialog.showModal();
}

/** Nobody wants to know any more what the checklist would have found. */
function forget() {
  trial.forget();
  tried.hidden = true;
  for (const came of all(rules, "[data-came]")) came.hidden = true;
}

/** @param {Preview} preview */
function show(preview) {
  const none = "There is no recording of these cars: look at the names of cars in the list.";
  showTrial(tried, preview, { fired: preview.failed, moments: preview.runs, unreadable: preview.unreadable, none });
  for (const [number, row] of all(rules, "fieldset").entries()) {
    const came = need(row, "[data-came]");
    const skipped = preview.skipped_by_rule[number] ?? 0;
    came.textContent = `Fired in ${preview.by_rule[number] ?? 0}${skipped ? `; ${skipped} have nothing of it` : ""}.`;
    came.hidden = preview.state === "waiting";
  }
}

function tryIt() {
  forget();
  return trial.follow(said());
}

async function save() {
  const checklist = said();
  if (editing) await call("PUT", `/api/checklists/${editing.id}?version=${editing.version}`, checklist);
  else await call("POST", "/api/checklists", checklist);
  return editing ? `${checklist.name} is changed; what it checked is checked again.`
    : `${checklist.name} is added. Logs are checked as they come in; "Check all recordings" looks at those there are.`;
}

/** @param {Checklist} checklist */
async function remove(checklist) {
  await call("DELETE", `/api/checklists/${checklist.id}`);
  return `${checklist.name} is removed, and what it found.`;
}

/** @param {string} id */
async function edit(id) {
  try {
    open(await call("GET", `/api/checklists/${id}`));
  } catch (error) {
    tell(messageOf(error));
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void finish(need(form, "[type=submit]", HTMLButtonElement), save);
});
form.addEventListener("input", (event) => {
  const typed = around(event, "[data-field=subject]", HTMLInputElement);
  if (typed) void offerNames(need(document, "#checklist-signals", HTMLDataListElement), typed.value);
});
form.addEventListener("change", (event) => {
  const row = around(event, "[data-field=kind]", HTMLSelectElement)?.closest("fieldset");
  if (row) fit(row);
});
dialog.addEventListener("close", forget);
document.addEventListener("click", (event) => {
  /** @param {string} name */
  const pressed = (name) => around(event, `[data-${name}]`, HTMLButtonElement);
  const [trying, removing, less] = [pressed("try"), pressed("remove"), pressed("less")];
  const checklist = editing;
  if (pressed("add")) open(null);
  else if (pressed("cancel")) dialog.close();
  else if (pressed("more")) need(addRule(), "select").focus();
  else if (less && rules.children.length > 1) less.closest("fieldset")?.remove();
  else if (trying) void tryForm(trying, form, complain, tryIt);
  else if (removing && checklist) void finish(removing, () => remove(checklist));
  else if (pressed("edit")) void edit(around(event, "[data-checklist]")?.dataset.checklist ?? "");
});
