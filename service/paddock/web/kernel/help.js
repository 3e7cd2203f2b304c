// The keys of this page, on `?`.

import { around, make } from "./dom.js";

const KEYS = [  // keys, what they do, and what the page has where they do it
  ["/", "Search", "input[type=search]"],
  ["j  k", "Next, previous row", "main tr [data-row]"],
  ["Enter", "Open it", "main tr [data-row]"],
  ["x", "Select it", "#rows .pick"],
  ["↑  ↓", "At a grip: move the signal up, down", "[data-grip]"],
  ["Home  End", "At a grip: move it to the top, to the end", "[data-grip]"],
  ["←  →", "At a plot: move the cursor", "plot-workspace .chart"],
  ["1  2", "At a plot: put the first, the second cursor here", "plot-workspace .chart"],
  ["Esc", "At a plot: take both cursors away", "plot-workspace .chart"],
  ["Click", "On a plot: put a cursor, or take it to drag it", "plot-workspace .chart"],
  ["+  -  0", "At a plot: closer, further, all of it", "plot-workspace .chart"],
  ["Drag", "Over a plot: zoom in", "plot-workspace .chart"],
  ["Shift  drag", "Over a plot: move in time", "plot-workspace .chart"],
  ["Ctrl  wheel", "Over a plot: closer, further", "plot-workspace .chart"],
  ["Double click", "On a plot: all of it", "plot-workspace .chart"],
  ["Esc", "Leave a field or a menu; clear the selection", "#rows .pick"],
  ["Esc", "Leave a field, close a dialog", "main:not(:has(#rows .pick))"],
  ["?", "These keys", "body"],
];

/** @type {HTMLDialogElement} */
const dialog = make("dialog", { class: "help", "aria-label": "Keys", onclick: () => dialog.close() });

export function showKeys() {
  const here = KEYS.filter(([, , place]) => document.querySelector(place));
  const lines = here.flatMap(([keys, meaning]) => [
    make("dt", {}, ...keys.split("  ").flatMap((key) => [make("kbd", {}, key), " "])),
    make("dd", {}, meaning),
  ]);
  dialog.replaceChildren(make("h2", {}, "Keys"), make("dl", {}, ...lines));
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || around(event, "input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  if (dialog.open) dialog.close();
  else if (!document.querySelector("dialog[open]")) showKeys();
});
