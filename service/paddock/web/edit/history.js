// Undo of one change, and misc files.

import { call, messageOf } from "../kernel/api.js";
import { around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

/**
 * @param {string} id
 * @param {string} text
 */
function say(id, text) {
  const place = need(document, `#${id}`);
  place.textContent = text;
  place.hidden = !text;
}

/**
 * The recording that a button or a field is about.
 * @param {Element} element
 */
const recordingOf = (element) => element.closest("[data-recording]")?.getAttribute("data-recording") ?? "";

/** @param {HTMLButtonElement} button */
async function undo(button) {
  button.disabled = true;
  try {
    await call("POST", `/api/recordings/${recordingOf(button)}/history/${encodeURIComponent(button.dataset.undo ?? "")}/undo`);
    refreshNow();
  } catch (error) {
    button.disabled = false;
    say("history-problem", messageOf(error));
  }
}

/** @param {HTMLInputElement} input */
async function add(input) {
  const path = `/api/recordings/${recordingOf(input)}/files`;
  const files = [...input.files ?? []];
  input.value = "";
  for (const file of files) {
    say("files-progress", `Sending ${file.name}…`);
    try {
      const answer = await fetch(`${path}?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
      if (!answer.ok) return say("files-progress", (await answer.json()).detail);
    } catch {
      return say("files-progress", `${file.name} was not sent: Paddock does not answer. Try again.`);
    }
  }
  say("files-progress", "");
  return refreshNow();
}

/** @param {HTMLButtonElement} button */
async function remove(button) {
  button.disabled = true;
  try {
    await call("DELETE", button.dataset.remove ?? "");
    refreshNow();
  } catch (error) {
    button.disabled = false;
    say("files-progress", messageOf(error));
  }
}

document.addEventListener("click", (event) => {
  const button = around(event, "[data-undo], [data-remove]", HTMLButtonElement);
  if (button) void (button.dataset.undo ? undo(button) : remove(button));
});
document.addEventListener("change", (event) => {
  const input = around(event, "#add-file", HTMLInputElement);
  if (input) void add(input);
});
