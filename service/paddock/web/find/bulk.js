// Select recordings, then tag, take away or delete all of them, or compare two.

import { call } from "../kernel/api.js";
import { refreshNow } from "../kernel/refresh.js";

const selected = new Set();
const bar = document.getElementById("bulk");
const dialog = document.getElementById("tag-dialog");
const MOST = 500;
const boxes = () => [...document.querySelectorAll("#rows .pick input")];
/** What a box stands for: its row, or the logs of a parked car that are folded. */
const idsOf = (box) => box.dataset.ids?.split(" ") ?? [box.value];
let toTag = [];
let last = null;  // id of the box that was clicked before: shift selects from there

function show() {
  let folded = 0;
  for (const box of boxes()) {
    const ids = idsOf(box);
    const picked = ids.filter((id) => selected.has(id)).length;
    box.checked = picked === ids.length;
    box.indeterminate = picked > 0 && !box.checked;
    box.closest("tr").classList.toggle("picked", box.checked);
    if (box.dataset.ids) folded += picked;
  }
  bar.hidden = selected.size === 0;
  document.getElementById("bulk-count").textContent = `${selected.size} selected${folded ? `, ${folded} of them folded` : ""}`;
  offerAll();
  const compare = document.getElementById("bulk-compare");
  compare.hidden = selected.size !== 2;
  if (!compare.hidden) {
    const [a, b] = [...selected].map((id) => id.slice(0, 16));
    compare.href = `/compare?a=${a}&b=${b}`;
  }
  const each = [...selected].map((id) => ["recording", id.slice(0, 16)]);
  document.getElementById("bulk-options").href = `/export?${new URLSearchParams(each)}`;
  const all = document.getElementById("pick-all");
  if (all) {
    all.checked = selected.size > 0 && boxes().every((box) => box.checked);
    all.indeterminate = selected.size > 0 && !all.checked;
  }
}

/** With more pages, what else matches can be selected as well. */
function offerAll() {
  const button = document.getElementById("bulk-all");
  button.hidden = !document.querySelector("#pages a") || !boxes().every((box) => box.checked);
  if (!button.disabled) button.textContent = `Select all that match, up to ${MOST}`;
}

async function selectAll() {
  const button = document.getElementById("bulk-all");
  const query = new URLSearchParams(location.search);
  for (const name of ["day", "after", "parked"]) query.delete(name);
  query.set("fields", "id");
  query.set("limit", MOST);
  button.disabled = true;
  try {
    const { items, next } = await call("GET", `/api/recordings?${query}`);
    for (const { id } of items) selected.add(id);
    if (next) say(`The first ${MOST} are selected: do them, then search for the rest.`);
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
  show();
}

/** What was selected counts, not the box: a browser that goes back fills boxes in by itself. */
const picked = (box) => idsOf(box).every((id) => selected.has(id));

function pick(box, on) {
  for (const id of idsOf(box)) on ? selected.add(id) : selected.delete(id);
}

export function toggle(row) {
  const box = row.querySelector(".pick input");
  pick(box, !picked(box));
  last = idsOf(box)[0];
  show();
}

export function clear() {
  selected.clear();
  show();
}

/** Says what came of it, and where it goes on: `next` is an address and its words. */
function say(text, next) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  if (next) toast.append(" ", Object.assign(document.createElement("a"), { href: next[0], textContent: next[1] }));
  toast.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.hidden = true; }, 6000);
}

async function run(path, body, done, next) {
  try {
    const answer = await call("POST", path, body);
    say(done(answer.count), answer.count ? next : undefined);
    clear();
    refreshNow();
  } catch (error) {
    say(error.message);
  }
}

const recordings = (count) => `${count} recording${count === 1 ? "" : "s"}`;

function openTag(ids) {
  toTag = ids;
  document.getElementById("tag-title").textContent = `Tag ${recordings(ids.length)}`;
  document.getElementById("tag-problem").hidden = true;
  dialog.querySelector("form").reset();
  dialog.showModal();
}

document.addEventListener("change", (event) => {
  if (event.target.id !== "pick-all") return;
  for (const each of boxes()) pick(each, event.target.checked);
  show();
});

// A click with shift takes all from the box that was clicked before; the cell around a box is part of it.
document.addEventListener("click", (event) => {
  const box = event.target.closest("#rows .pick")?.querySelector("input");
  if (!box) return;
  const all = boxes();
  const [from, to] = [all.findIndex((each) => idsOf(each)[0] === last), all.indexOf(box)].sort((a, b) => a - b);
  const on = !picked(box);
  if (event.shiftKey && from >= 0) {
    for (const each of all.slice(from, to + 1)) pick(each, on);
    getSelection().removeAllRanges();
  } else {
    pick(box, on);
  }
  [last] = idsOf(box);
  show();
});
document.getElementById("bulk-all").addEventListener("click", selectAll);

document.addEventListener("click", (event) => {
  const tag = event.target.closest("[data-tag]");
  if (tag) openTag(tag.dataset.tag.split(" "));
});
document.getElementById("bulk-tag").addEventListener("click", () => openTag([...selected]));
document.getElementById("bulk-clear").addEventListener("click", clear);
document.getElementById("tag-cancel").addEventListener("click", () => dialog.close());
document.getElementById("bulk-export").addEventListener("click", () => {
  const format = document.getElementById("bulk-format").value;
  call("POST", "/api/bundles", { ids: [...selected], export: { format } })
    .then((bundle) => location.assign(bundle.page), (error) => say(error.message));
});
document.getElementById("bulk-delete").addEventListener("click", () => {
  run("/api/recordings/delete", { ids: [...selected] }, (count) =>
    `${recordings(count)} deleted.`, ["/deleted", "See and restore"]);
});

dialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const filled = [...new FormData(event.target)].map(([name, value]) => [name, value.trim()]);
  const metadata = Object.fromEntries(filled.filter(([, value]) => value));
  const problem = document.getElementById("tag-problem");
  if (!Object.keys(metadata).length) {
    problem.textContent = "Fill in at least one field.";
    problem.hidden = false;
    return;
  }
  try {
    const answer = await call("POST", "/api/recordings/edit", { ids: toTag, metadata });
    dialog.close();
    say(`${recordings(answer.count)} tagged.`);
    clear();
    refreshNow();
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

// Rows that were replaced, because something changed, stay selected.
const table = document.getElementById("list");
if (table) new MutationObserver(show).observe(table, { childList: true, subtree: true });
show();
