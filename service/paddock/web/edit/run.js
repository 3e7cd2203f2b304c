// The Run card becomes a form in place. Only what was changed is sent, with the version that was looked at; what
// somebody else changed meanwhile is shown as a choice between both values.

import { call } from "../kernel/api.js";
import { refreshNow } from "../kernel/refresh.js";
import { localise } from "../kernel/times.js";

const card = () => document.getElementById("metadata");
const part = (id) => document.getElementById(id);

/** An instant as a datetime-local field has it: in the reader's zone, to the second. */
function local(iso) {
  if (!iso) return "";
  const instant = new Date(iso);
  const shifted = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

function show(editing) {
  card().toggleAttribute("data-editing", editing);
  card().querySelector("dl").hidden = editing;
  part("run-form").hidden = !editing;
  part("edit-run").hidden = editing;
}

function begin() {
  const form = part("run-form");
  form.reset();
  part("run-conflict").hidden = true;
  part("run-problem").hidden = true;
  const start = form.elements.started_at;
  start.value = local(start.dataset.instant);
  start.dataset.before = start.value;
  form.dataset.version = card().dataset.version;
  show(true);
  form.elements[0].focus();
}

function end() {
  show(false);
  part("edit-run").focus();
  refreshNow();
}

/** What a field had when the page was made: a select says it by its option. */
function before(field) {
  return field.defaultValue ?? [...field.options].find((option) => option.defaultSelected)?.value ?? "";
}

function changes(form) {
  const metadata = {};
  for (const field of form.querySelectorAll(":scope > label [name]")) {
    if (field.name !== "started_at" && field.value !== before(field)) metadata[field.name] = field.value;
  }
  const start = form.elements.started_at;
  const moved = start.value && start.value !== start.dataset.before;
  return { metadata, ...(moved && { started_at: new Date(start.value).toISOString() }) };
}

function choice(form, difference) {
  const box = document.createElement("fieldset");
  const title = document.createElement("legend");
  const started = difference.field === "started_ns";
  const field = form.elements[started ? "started_at" : difference.field];
  title.textContent = field.closest("label").firstChild.textContent.trim();
  box.append(title);
  for (const [whose, value] of [[`${difference.by || "Somebody else"} says`, difference.theirs], ["You say", difference.yours]]) {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: `keep-${difference.field}` });
    radio.checked = value === difference.yours;
    radio.addEventListener("change", () => { field.value = started ? local(value) : value; });
    const text = document.createElement(started ? "time" : "b");
    text.className = "text";
    if (started && value) text.dateTime = value;
    text.textContent = value || "nothing";
    label.append(radio, `${whose} `, text);
    box.append(label);
  }
  localise(box);
  return box;
}

function offer(form, problem) {
  const conflict = part("run-conflict");
  const sentence = document.createElement("p");
  sentence.textContent = problem.detail;
  conflict.replaceChildren(sentence, ...problem.differences.map((each) => choice(form, each)));
  conflict.hidden = false;
  form.dataset.version = problem.version;
}

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
    if (error.problem?.code === "edited_meanwhile") return offer(form, error.problem);
    part("run-problem").textContent = error.message;
    part("run-problem").hidden = false;
  }
  return undefined;
}

async function remove() {
  try {
    await call("DELETE", `/api/recordings/${card().dataset.recording}`);
    location.assign("/deleted");
  } catch (error) {
    part("run-problem").textContent = error.message;
    part("run-problem").hidden = false;
  }
}

// On the document, because the card is replaced when the recording changes.
document.addEventListener("click", (event) => {
  if (event.target.id === "edit-run") begin();
  if (event.target.id === "run-cancel") end();
  if (event.target.id === "delete-recording") void remove();
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "run-form") return;
  event.preventDefault();
  void save(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest("#run-form")) end();
});
