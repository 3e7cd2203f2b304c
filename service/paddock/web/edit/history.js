// Undo of one change, and misc files.

import { call } from "../kernel/api.js";
import { refreshNow } from "../kernel/refresh.js";

function say(id, text) {
  const place = document.getElementById(id);
  place.textContent = text;
  place.hidden = !text;
}

async function undo(button) {
  const recording = button.closest("[data-recording]").dataset.recording;
  button.disabled = true;
  try {
    await call("POST", `/api/recordings/${recording}/history/${encodeURIComponent(button.dataset.undo)}/undo`);
    refreshNow();
  } catch (error) {
    button.disabled = false;
    say("history-problem", error.message);
  }
}

async function add(input) {
  const path = `/api/recordings/${input.closest("[data-recording]").dataset.recording}/files`;
  const files = [...input.files];
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

async function remove(button) {
  button.disabled = true;
  try {
    await call("DELETE", button.dataset.remove);
    refreshNow();
  } catch (error) {
    button.disabled = false;
    say("files-progress", error.message);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-undo], [data-remove]");
  if (button) void (button.dataset.undo ? undo(button) : remove(button));
});
document.addEventListener("change", (event) => {
  if (event.target.id === "add-file") void add(event.target);
});
