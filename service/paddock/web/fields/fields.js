// The pages of metadata fields and of the setup sheet's fields: add, change and remove them over the API that the
// dialog names. The server renders what came of it.

import { call, messageOf } from "../kernel/api.js";
import { all, around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

/**
 * What is said of a field, as the API has it.
 * @typedef {{ label: string, choices: string[], column: boolean } & Record<string, string | string[] | boolean>} Said
 */

const dialog = need(document, "#field", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const title = need(document, "#field-title").textContent ?? "";
const API = dialog.dataset.api ?? "";
const name = need(form, "[name=name]", HTMLInputElement);
/** @param {HTMLElement} row */
const path = (row) => `${API}/${encodeURIComponent(row.dataset.field ?? "")}`;
/** @param {HTMLElement} row */
const saidOf = (row) => /** @type {Said} */ (JSON.parse(row.dataset.said ?? "{}"));
/** @param {HTMLElement} row */
const labelOf = (row) => saidOf(row).label;
/** What is asked for, except for the name: that does not change. */
const inputs = /** @type {(HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement)[]} */ (all(form, "[name]")).filter((each) => each !== name);
/** @type {HTMLElement | null} */
let editing = null;  // the row of the field that is changed; null for a new one

/**
 * Says what went wrong; without an error nothing did.
 * @param {unknown} [error]
 */
function complain(error) {
  const place = need(form, ".form-error");
  place.textContent = error ? messageOf(error) : "";
  place.hidden = !error;
}

let saidUntil = 0;

/** @param {string} text */
function tell(text) {
  const toast = need(document, "#fields-said");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(saidUntil);
  saidUntil = setTimeout(() => { toast.hidden = true; }, 6000);
}

/** @param {HTMLElement | null} row */
function open(row) {
  editing = row;
  form.reset();
  complain();
  need(document, "#field-title").textContent = row ? labelOf(row) : title;
  name.value = row?.dataset.field ?? "";
  name.disabled = Boolean(row);  // recordings have their values under it
  const said = row && saidOf(row);
  for (const input of said ? inputs : []) {
    const value = said?.[input.name];
    if (typeof value === "boolean" && input instanceof HTMLInputElement) input.checked = value;
    else input.value = Array.isArray(value) ? value.join("\n") : String(value);
  }
  for (const part of all(form, "[data-remove], [data-removing]")) part.hidden = !row;
  dialog.showModal();
}

/** @returns {Said} */
function typed() {
  return /** @type {Said} */ (Object.fromEntries(inputs.map((input) => {
    if (input instanceof HTMLInputElement && input.type === "checkbox") return [input.name, input.checked];
    if (!(input instanceof HTMLTextAreaElement)) return [input.name, input.value];
    return [input.name, input.value.split("\n").map((each) => each.trim()).filter(Boolean)];
  })));
}

/** @param {HTMLButtonElement} button */
async function save(button) {
  const said = typed();
  await finish(button, async () => {
    if (editing) await call("PUT", path(editing), said);
    else await call("POST", API, { ...said, name: name.value.trim() });
    return `${said.label} is ${editing ? "changed" : "added"}.`;
  });
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} row
 */
async function remove(button, row) {
  await finish(button, async () => {
    await call("DELETE", path(row));
    return `${labelOf(row)} is removed; what recordings say stays.`;
  });
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => Promise<string>} act resolves to what is said about it
 */
async function finish(button, act) {
  button.disabled = true;
  try {
    const done = await act();
    dialog.close();
    tell(done);
    refreshNow();
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void save(need(form, "[type=submit]", HTMLButtonElement));
});
document.addEventListener("click", (event) => {
  /** @param {string} name */
  const pressed = (name) => around(event, `[data-${name}]`, HTMLButtonElement);
  const removing = pressed("remove");
  if (pressed("cancel")) dialog.close();
  else if (removing && editing) void remove(removing, editing);
  else if (pressed("add")) open(null);
  else if (pressed("edit")) open(around(event, "tr"));
});
