// The fields page: add, change and remove fields of the team's own. The server renders what came of it.

import { call } from "../kernel/api.js";
import { refreshNow } from "../kernel/refresh.js";

const dialog = document.getElementById("field");
const form = dialog.querySelector("form");
const input = (name) => form.querySelector(`[name=${name}]`);
const path = (name) => `/api/fields/${encodeURIComponent(name)}`;
let editing = null;  // the row of the field that is changed; null for a new one

function complain(error) {
  const place = form.querySelector(".form-error");
  place.textContent = error?.message ?? "";
  place.hidden = !error;
}

function tell(text) {
  const toast = document.getElementById("fields-said");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { toast.hidden = true; }, 6000);
}

function open(row) {
  editing = row;
  form.reset();
  complain();
  document.getElementById("field-title").textContent = row ? row.dataset.label : "A field of your own";
  if (row) {
    input("label").value = row.dataset.label;
    input("name").value = row.dataset.field;
    input("choices").value = row.dataset.choices;
    input("column").checked = Boolean(row.dataset.column);
  }
  input("name").disabled = Boolean(row);  // recordings have their values under it
  for (const part of form.querySelectorAll("[data-remove], [data-removing]")) part.hidden = !row;
  dialog.showModal();
}

async function save(button) {
  const said = {
    label: input("label").value,
    choices: input("choices").value.split("\n").map((each) => each.trim()).filter(Boolean),
    column: input("column").checked,
  };
  await finish(button, async () => {
    if (editing) await call("PUT", path(editing.dataset.field), said);
    else await call("POST", "/api/fields", { ...said, name: input("name").value.trim() });
    return `${said.label} is ${editing ? "changed" : "added"}.`;
  });
}

async function remove(button) {
  await finish(button, async () => {
    await call("DELETE", path(editing.dataset.field));
    return `${editing.dataset.label} is removed; what recordings say stays.`;
  });
}

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
  void save(event.submitter ?? form.querySelector("[type=submit]"));
});
document.addEventListener("click", (event) => {
  const pressed = (name) => event.target.closest(`[data-${name}]`);
  if (pressed("cancel")) dialog.close();
  else if (pressed("remove")) void remove(pressed("remove"));
  else if (pressed("add")) open(null);
  else if (pressed("edit")) open(event.target.closest("tr"));
});
