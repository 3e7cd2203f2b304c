// Misc files beside a recording: adding them, one after the other, and removing one.

import { call, messageOf } from "../kernel/api.js";
import { around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

/** @param {string} text */
function say(text) {
  const place = need(document, "#files-progress");
  place.textContent = text;
  place.hidden = !text;
}

/**
 * @param {HTMLInputElement} input
 * @param {string} recording
 */
async function add(input, recording) {
  const files = [...input.files ?? []];
  input.value = "";
  for (const file of files) {
    say(`Sending ${file.name}…`);
    try {
      const path = `/api/recordings/${recording}/files?${new URLSearchParams({ name: file.name })}`;
      const answer = await fetch(path, { method: "POST", body: file });
      if (!answer.ok) return say((await answer.json()).detail);
    } catch {
      return say(`${file.name} was not sent: Paddock does not answer. Try again.`);
    }
  }
  say("");
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
    say(messageOf(error));
  }
}

document.addEventListener("click", (event) => {
  const button = around(event, "[data-remove]", HTMLButtonElement);
  if (button) void remove(button);
});
document.addEventListener("change", (event) => {
  const input = around(event, "#add-file", HTMLInputElement);
  const recording = around(event, "[data-recording]")?.dataset.recording;
  if (input && recording) void add(input, recording);
});
