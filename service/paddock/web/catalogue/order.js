// The order of the catalogue: entries are dragged by their grip, or moved by its arrow keys, Home and End, which go
// beyond this page. Of several signals for one role the upper one counts.

import { messageOf } from "../kernel/api.js";
import { all, around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { ask, entryOf, isConflict, tell, version } from "./signals.js";

/** @typedef {{ row: HTMLElement, target: HTMLElement | null, after: boolean }} Dragged */

/** @type {Promise<void>} */
let moving = Promise.resolve();  // one after the other: each move names the version that the one before made
/** @type {Dragged | null} */
let dragged = null;  // while a pointer holds a grip

const rows = () => all(document, "#signal-rows > tr");
const count = () => Number(need(document, "#signals-head").dataset.count);
/** @param {HTMLElement} row */
const positionOf = (row) => Number(row.dataset.position);

/**
 * @param {string} id
 * @param {(row: HTMLElement) => number | null} to
 */
async function move(id, to) {
  const row = document.getElementById(id);
  const target = row ? to(row) : null;
  if (!row || target === null || target === positionOf(row)) return;
  try {
    await ask("/move", { version: version(), position: positionOf(row), to: target });
    await refreshNow();
    tell(`${entryOf(row).name} is now ${target + 1} of ${count()}.`);
  } catch (error) {
    await refreshNow();
    tell(isConflict(error) ? "Somebody changed the catalogue meanwhile. This is how it is now: move the entry again." : messageOf(error));
  }
}

/**
 * @param {HTMLElement} row
 * @param {(row: HTMLElement) => number | null} to
 */
function enqueue(row, to) {
  const { id } = row;
  moving = moving.then(() => move(id, to));
}

/**
 * The place of the next row that is shown, which a search may have put far away; or the one behind this page.
 * @param {HTMLElement} row
 * @param {number} step
 */
function beside(row, step) {
  const next = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (next instanceof HTMLElement) return positionOf(next);
  const behind = positionOf(row) + step;
  const searching = new URLSearchParams(location.search).get("q");
  return searching || behind < 0 || behind >= count() ? null : behind;
}

/** @type {Record<string, (row: HTMLElement) => number | null>} */
const KEYS = { ArrowUp: (row) => beside(row, -1), ArrowDown: (row) => beside(row, 1), Home: () => 0, End: () => count() - 1 };

document.addEventListener("keydown", (event) => {
  const row = around(event, "[data-grip]") && around(event, "tr");
  if (!row || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  enqueue(row, KEYS[event.key]);
});

function mark() {
  for (const row of rows()) {
    row.classList.toggle("dragged", row === dragged?.row);
    row.classList.toggle("drop-above", row === dragged?.target && !dragged.after);
    row.classList.toggle("drop-below", row === dragged?.target && dragged.after);
  }
}

function letGo() {
  dragged = null;
  mark();
}

document.addEventListener("pointerdown", (event) => {
  const grip = around(event, "[data-grip]");
  const row = grip && around(event, "tr");
  if (!row || event.button) return;
  grip.setPointerCapture(event.pointerId);
  dragged = { row, target: null, after: false };
  mark();
});
document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  const under = rows().find((row) => event.clientY < row.getBoundingClientRect().bottom) ?? rows().at(-1);
  if (!under) return;
  under.scrollIntoView({ block: "nearest" });
  const { top, height } = under.getBoundingClientRect();
  dragged.target = under === dragged.row ? null : under;
  dragged.after = event.clientY > top + height / 2;
  mark();
});
document.addEventListener("pointerup", () => {
  if (dragged?.target) {
    const { row, target, after } = dragged;
    const [from, edge] = [positionOf(row), positionOf(target) + (after ? 1 : 0)];
    // Taken out first, it leaves one place less above what stands below it.
    enqueue(row, () => (edge > from ? edge - 1 : edge));
  }
  letGo();
});
document.addEventListener("pointercancel", letGo);
