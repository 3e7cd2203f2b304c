// The fields page: add, change and remove fields of the team's own. The server renders what came of it.

import { call, messageOf } from "../kernel/api.js";
import { all, around, fieldOf, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

const dialog = need(document, "#field", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const asColumn = need(form, "[name=column]", HTMLInputElement);
/** @param {string} name */
const input = (name) => fieldOf(form, name);
/** @param {HTMLElement} row */
const path = (row) => `/api/fields/${encodeURIComponent(row.dataset.field ?? "")}`;
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
  need(document, "#field-title").textContent = row ? labelOf(row) : "A field of your own";
  if (row) {
    input("label").value = labelOf(row);
    input("name").value = row.dataset.field ?? "";
    input("choices").value = row.dataset.choices ?? "";
    asColumn.checked = Boolean(row.dataset.column);
  }
  need(form, "[name=name]", HTMLInputElement).disabled = Boolean(row);  // recordings have their values under it
  for (const part of all(form, "[data-remove], [data-removing]")) part.hidden = !row;
  dialog.showModal();
}

/** @param {HTMLElement} row */
const labelOf = (row) => row.dataset.label ?? "";

/** @param {HTMLButtonElement} button */
async function save(button) {
  const said = {
    label: input("label").value,
    choices: input("choices").value.split("\n").map((each) => each.trim()).filter(Boolean),
    column: asColumn.checked,
  };
  await finish(button, async () => {
    if (editing) await call("PUT", path(editing), said);
    else await call("POST", "/api/fields", { ...said, name: input("name").value.trim() });
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
