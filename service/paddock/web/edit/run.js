// The Run card becomes a form in place. Only what was changed is sent, with the version that was looked at; what
// somebody else changed meanwhile is shown as a choice between both values.

import { Problem, call, messageOf } from "../kernel/api.js";
import { all, around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { before, isConflict, offer } from "./edit-form.js";

/** @typedef {import("./edit-form.js").Field} Field */
/** @typedef {{ metadata: Record<string, string>, started_at?: string }} Edit */

const card = () => need(document, "#metadata");
/** @param {string} id */
const part = (id) => need(document, `#${id}`);
/** @param {HTMLFormElement} form */
const startOf = (form) => need(form, "[name=started_at]", HTMLInputElement);

/**
 * An instant as a datetime-local field has it: in the reader's zone, to the second.
 * @param {string | undefined} iso
 */
function local(iso) {
  if (!iso) return "";
  const instant = new Date(iso);
  const shifted = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** @param {boolean} editing */
function show(editing) {
  card().toggleAttribute("data-editing", editing);
  need(card(), "dl").hidden = editing;
  part("run-form").hidden = !editing;
  part("edit-run").hidden = editing;
}

function begin() {
  const form = need(document, "#run-form", HTMLFormElement);
  form.reset();
  part("run-conflict").hidden = true;
  part("run-problem").hidden = true;
  const start = startOf(form);
  start.value = local(start.dataset.instant);
  start.dataset.before = start.value;
  form.dataset.version = card().dataset.version;
  show(true);
  need(form, "input, select, textarea").focus();
}

function end() {
  show(false);
  part("edit-run").focus();
  refreshNow();
}

/**
 * Only what is changed.
 * @param {HTMLFormElement} form
 * @returns {Edit}
 */
function changes(form) {
  /** @type {Record<string, string>} */
  const metadata = {};
  for (const field of /** @type {Field[]} */ (all(form, ":scope > label [name]"))) {
    if (field.name !== "started_at" && field.value !== before(field)) metadata[field.name] = field.value;
  }
  const start = startOf(form);
  const moved = start.value && start.value !== start.dataset.before;
  return { metadata, ...(moved && { started_at: new Date(start.value).toISOString() }) };
}

/** @param {HTMLFormElement} form */
async function save(form) {
  const edit = changes(form);
  part("run-problem").hidden = true;
  try {
    if (Object.keys(edit.metadata).length || edit.started_at) {
      const version = Number(form.dataset.version);
      await call("PATCH", `/api/recordings/${card().dataset.recording}`, { ...edit, version });
    }
    end();
  } catch (error) {
    if (error instanceof Problem && isConflict(error)) offer(part("run-conflict"), form, error.problem, { started_ns: { name: "started_at", read: local } });
    else complain(error);
  }
}

/** @param {unknown} error */
function complain(error) {
  part("run-problem").textContent = messageOf(error);
  part("run-problem").hidden = false;
}

async function remove() {
  try {
    await call("DELETE", `/api/recordings/${card().dataset.recording}`);
    location.assign("/deleted");
  } catch (error) {
    complain(error);
  }
}

// On the document, because the card is replaced when the recording changes.
document.addEventListener("click", (event) => {
  if (around(event, "#edit-run")) begin();
  if (around(event, "#run-cancel")) end();
  if (around(event, "#delete-recording")) void remove();
});
document.addEventListener("submit", (event) => {
  const form = around(event, "#run-form", HTMLFormElement);
  if (!form) return;
  event.preventDefault();
  void save(form);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && around(event, "#run-form")) end();
});
