// Lists by keyboard: j and k go from row to row, Enter opens one. What a row opens has `data-row`: a link, a button.
// It has the focus, so Enter needs no script.

import { all, around } from "./dom.js";

const doors = () => all(document, "main tr [data-row]").filter((door) => door.checkVisibility());

/** The row that the keys are at, or null. */
export const current = () => document.querySelector("main tr.selected");

/** @param {HTMLElement} door */
function go(door) {
  current()?.classList.remove("selected");
  const row = /** @type {Element} */ (door.closest("tr"));
  row.classList.add("selected");
  door.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

/**
 * Whether a key is meant for a field, a dialog or the browser.
 * @param {KeyboardEvent} event
 */
export const taken = (event) => event.ctrlKey || event.metaKey || event.altKey
  || document.querySelector("dialog[open]") !== null
  || around(event, "input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
  if (!step || taken(event)) return;
  const all = doors();
  if (!all.length) return;
  event.preventDefault();
  const at = all.findIndex((door) => door.closest("tr") === current());
  go(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]);
});
