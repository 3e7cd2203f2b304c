// The order of the catalogue: entries are dragged by their grip, or moved by its arrow keys, Home and End, which go
// beyond this page. Of several signals for one role the upper one counts.

import { refreshNow } from "../kernel/refresh.js";
import { ask, tell, version } from "./signals.js";

let moving = Promise.resolve();  // one after the other: each move names the version that the one before made
let dragged = null;  // {row, target, after} while a pointer holds a grip

const rows = () => [...document.querySelectorAll("#signal-rows > tr")];
const count = () => Number(document.getElementById("signals-head").dataset.count);
const positionOf = (row) => Number(row.dataset.position);

async function move(id, to) {
  const row = document.getElementById(id);
  const target = row ? to(row) : null;
  if (target === null || target === positionOf(row)) return;
  try {
    await ask("/move", { version: version(), position: positionOf(row), to: target });
    await refreshNow();
    tell(`${JSON.parse(row.dataset.entry).name} is now ${target + 1} of ${count()}.`);
  } catch (error) {
    await refreshNow();
    tell(error.problem?.status === 409 ? "Somebody changed the catalogue meanwhile. This is how it is now: move the entry again." : error.message);
  }
}

function enqueue(row, to) {
  const { id } = row;
  moving = moving.then(() => move(id, to));
}

/** The place of the next row that is shown, which a search may have put far away; or the one behind this page. */
function beside(row, step) {
  const next = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (next) return positionOf(next);
  const behind = positionOf(row) + step;
  const searching = new URLSearchParams(location.search).get("q");
  return searching || behind < 0 || behind >= count() ? null : behind;
}

document.addEventListener("keydown", (event) => {
  const grip = event.target.closest("[data-grip]");
  const to = { ArrowUp: (row) => beside(row, -1), ArrowDown: (row) => beside(row, 1), Home: () => 0, End: () => count() - 1 }[event.key];
  if (!grip || !to) return;
  event.preventDefault();
  enqueue(grip.closest("tr"), to);
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
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button) return;
  grip.setPointerCapture(event.pointerId);
  dragged = { row: grip.closest("tr"), target: null, after: false };
  mark();
});
document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  const under = rows().find((row) => event.clientY < row.getBoundingClientRect().bottom) ?? rows().at(-1);
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
