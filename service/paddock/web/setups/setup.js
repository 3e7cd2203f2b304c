// The setup sheet becomes a form in place. Only what was changed is sent, with the version that was looked at; what
// somebody else changed meanwhile is shown as a choice between both values.

import { Problem, call, messageOf } from "../kernel/api.js";
import { all, around, need } from "../kernel/dom.js";
import { before, isConflict, offer } from "../edit/edit-form.js";
import { refreshNow } from "../kernel/refresh.js";

/** @typedef {import("../edit/edit-form.js").Field} Field */

const card = () => need(document, "#setup");
/** @param {string} id */
const part = (id) => need(document, `#${id}`);
const form = () => need(document, "#setup-form", HTMLFormElement);

/** @param {boolean} editing */
function show(editing) {
  form().toggleAttribute("data-editing", editing);  // a refresh of the page leaves what is typed
  part("setup-shown").hidden = editing;
  part("edit-setup").hidden = editing;
  form().hidden = !editing;
}

function begin() {
  form().reset();
  part("setup-conflict").hidden = true;
  part("setup-problem").hidden = true;
  form().dataset.version = card().dataset.version;
  show(true);
  need(form(), "input, select").focus();
}

function end() {
  show(false);
  part("edit-setup").focus();
  refreshNow();
}

function changes() {
  const fields = /** @type {Field[]} */ (all(form(), "[name^='setup.']"));
  const changed = fields.filter((field) => field.value.trim() !== before(field));
  return Object.fromEntries(changed.map((field) => [field.name.slice("setup.".length), field.value]));
}

/** @param {Record<string, string>} values */
async function save(values) {
  const copy_from = form().dataset.copyFrom ?? "";
  part("setup-problem").hidden = true;
  try {
    if (copy_from || Object.keys(values).length) {
      const version = Number(form().dataset.version ?? card().dataset.version);
      await call("PUT", `/api/recordings/${card().dataset.recording}/setup`, { values, copy_from, version });
    }
    end();
  } catch (error) {
    show(true);
    if (error instanceof Problem && isConflict(error)) offer(part("setup-conflict"), form(), error.problem);
    else {
      part("setup-problem").textContent = messageOf(error);
      part("setup-problem").hidden = false;
    }
  }
}

// On the document, because the card is replaced when the recording changes.
document.addEventListener("click", (event) => {
  if (around(event, "#edit-setup")) begin();
  if (around(event, "#setup-cancel")) end();
  if (around(event, "#same-setup")) void save({});
});
document.addEventListener("submit", (event) => {
  if (!around(event, "#setup-form")) return;
  event.preventDefault();
  void save(changes());
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && around(event, "#setup-form")) end();
});
