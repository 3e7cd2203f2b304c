// Undo of one change in the history.

import { call, messageOf } from "../kernel/api.js";
import { around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

/**
 * @param {HTMLButtonElement} button
 * @param {string} recording
 */
async function undo(button, recording) {
  button.disabled = true;
  try {
    await call("POST", `/api/recordings/${recording}/history/${encodeURIComponent(button.dataset.undo ?? "")}/undo`);
    refreshNow();
  } catch (error) {
    button.disabled = false;
    const problem = need(document, "#history-problem");
    problem.textContent = messageOf(error);
    problem.hidden = false;
  }
}

document.addEventListener("click", (event) => {
  const button = around(event, "[data-undo]", HTMLButtonElement);
  const recording = around(event, "[data-recording]")?.dataset.recording;
  if (button && recording) void undo(button, recording);
});
