// Select recordings, then tag, take away or delete all of them, or compare two.

import { call, messageOf } from "../kernel/api.js";
import { all, around, make, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

/** @type {Set<string>} */
const selected = new Set();
const bar = need(document, "#bulk");
const dialog = need(document, "#tag-dialog", HTMLDialogElement);
const tagForm = need(dialog, "form", HTMLFormElement);
const MOST = 500;
const MOST_SETUPS = 10;
const MOST_KPIS = 50;
const boxes = () => all(document, "#rows .pick input", HTMLInputElement);
/**
 * What a box stands for: its row, or the logs of a parked car that are folded.
 * @param {HTMLInputElement} box
 */
const idsOf = (box) => box.dataset.ids?.split(" ") ?? [box.value];
/** @type {string[]} */
let toTag = [];
/** @type {string | null} */
let last = null;  // id of the box that was clicked before: shift selects from there

function show() {
  let folded = 0;
  for (const box of boxes()) {
    const ids = idsOf(box);
    const picked = ids.filter((id) => selected.has(id)).length;
    box.checked = picked === ids.length;
    box.indeterminate = picked > 0 && !box.checked;
    box.closest("tr")?.classList.toggle("picked", box.checked);
    if (box.dataset.ids) folded += picked;
  }
  bar.hidden = selected.size === 0;
  need(document, "#bulk-count").textContent = `${selected.size} selected${folded ? `, ${folded} of them folded` : ""}`;
  offerAll();
  const compare = need(document, "#bulk-compare", HTMLAnchorElement);
  compare.hidden = selected.size !== 2;
  if (!compare.hidden) {
    const [a, b] = [...selected].map((id) => id.slice(0, 16));
    compare.href = `/compare?a=${a}&b=${b}`;
  }
  const setups = need(document, "#bulk-setups", HTMLAnchorElement);
  setups.hidden = selected.size < 2 || selected.size > MOST_SETUPS;
  const short = [...selected].map((id) => id.slice(0, 16)).join(",");
  setups.href = `/setups/compare?recordings=${short}`;
  const kpis = need(document, "#bulk-kpis", HTMLAnchorElement);
  kpis.hidden = selected.size > MOST_KPIS;
  kpis.href = `/kpis?recordings=${short}`;
  const each = [...selected].map((id) => ["recording", id.slice(0, 16)]);
  need(document, "#bulk-options", HTMLAnchorElement).href = `/export?${new URLSearchParams(each)}`;
  for (const box of all(document, "#pick-all", HTMLInputElement)) {
    box.checked = selected.size > 0 && boxes().every((each) => each.checked);
    box.indeterminate = selected.size > 0 && !box.checked;
  }
}

/** With more pages, what else matches can be selected as well. */
function offerAll() {
  const button = need(document, "#bulk-all", HTMLButtonElement);
  button.hidden = !document.querySelector("#pages a") || !boxes().every((box) => box.checked);
  if (!button.disabled) button.textContent = `Select all that match, up to ${MOST}`;
}

async function selectAll() {
  const button = need(document, "#bulk-all", HTMLButtonElement);
  const query = new URLSearchParams(location.search);
  for (const name of ["day", "after", "parked"]) query.delete(name);
  query.set("fields", "id");
  query.set("limit", String(MOST));
  button.disabled = true;
  try {
    /** @type {{ items: { id: string }[], next: string | null }} */
    const { items, next } = await call("GET", `/api/recordings?${query}`);
    for (const { id } of items) selected.add(id);
    if (next) say(`The first ${MOST} are selected: do them, then search for the rest.`);
  } catch (error) {
    say(messageOf(error));
  } finally {
    button.disabled = false;
  }
  show();
}

/**
 * What was selected counts, not the box: a browser that goes back fills boxes in by itself.
 * @param {HTMLInputElement} box
 */
const picked = (box) => idsOf(box).every((id) => selected.has(id));

/**
 * @param {HTMLInputElement} box
 * @param {boolean} on
 */
function pick(box, on) {
  for (const id of idsOf(box)) {
    if (on) selected.add(id);
    else selected.delete(id);
  }
}

/** @param {Element} row */
export function toggle(row) {
  const box = need(row, ".pick input", HTMLInputElement);
  pick(box, !picked(box));
  last = idsOf(box)[0];
  show();
}

export function clear() {
  selected.clear();
  show();
}

let saidUntil = 0;

/**
 * Says what came of it, and where it goes on: `next` is an address and its words.
 * @param {string} text
 * @param {[href: string, words: string]} [next]
 */
function say(text, next) {
  const toast = need(document, "#toast");
  toast.textContent = text;
  if (next) toast.append(" ", make("a", { href: next[0] }, next[1]));
  toast.hidden = false;
  clearTimeout(saidUntil);
  saidUntil = setTimeout(() => { toast.hidden = true; }, 6000);
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {(count: number) => string} done
 * @param {[href: string, words: string]} next
 */
async function run(path, body, done, next) {
  try {
    /** @type {{ count: number }} */
    const answer = await call("POST", path, body);
    say(done(answer.count), answer.count ? next : undefined);
    clear();
    refreshNow();
  } catch (error) {
    say(messageOf(error));
  }
}

/** @param {number} count */
const recordings = (count) => `${count} recording${count === 1 ? "" : "s"}`;

/** @param {string[]} ids */
function openTag(ids) {
  toTag = ids;
  need(document, "#tag-title").textContent = `Tag ${recordings(ids.length)}`;
  need(document, "#tag-problem").hidden = true;
  tagForm.reset();
  dialog.showModal();
}

document.addEventListener("change", (event) => {
  const every = around(event, "#pick-all", HTMLInputElement);
  if (!every) return;
  for (const each of boxes()) pick(each, every.checked);
  show();
});

// A click with shift takes all from the box that was clicked before; the cell around a box is part of it.
document.addEventListener("click", (event) => {
  const cell = around(event, "#rows .pick");
  const [box] = cell ? all(cell, "input", HTMLInputElement) : [];
  if (!box) return;
  const shown = boxes();
  const [from, to] = [shown.findIndex((each) => idsOf(each)[0] === last), shown.indexOf(box)].sort((a, b) => a - b);
  const on = !picked(box);
  if (event.shiftKey && from >= 0) {
    for (const each of shown.slice(from, to + 1)) pick(each, on);
    getSelection()?.removeAllRanges();
  } else {
    pick(box, on);
  }
  [last] = idsOf(box);
  show();
});
need(document, "#bulk-all").addEventListener("click", selectAll);

document.addEventListener("click", (event) => {
  const ids = around(event, "[data-tag]")?.dataset.tag;
  if (ids) openTag(ids.split(" "));
});
need(document, "#bulk-tag").addEventListener("click", () => openTag([...selected]));
need(document, "#bulk-clear").addEventListener("click", clear);
need(document, "#tag-cancel").addEventListener("click", () => dialog.close());
need(document, "#bulk-export").addEventListener("click", async () => {
  const format = need(document, "#bulk-format", HTMLSelectElement).value;
  try {
    /** @type {{ page: string }} */
    const bundle = await call("POST", "/api/bundles", { ids: [...selected], export: { format } });
    location.assign(bundle.page);
  } catch (error) {
    say(messageOf(error));
  }
});
need(document, "#bulk-delete").addEventListener("click", () => {
  void run("/api/recordings/delete", { ids: [...selected] }, (count) =>
    `${recordings(count)} deleted.`, ["/deleted", "See and restore"]);
});

tagForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const filled = [...new FormData(tagForm)].map(([name, value]) => [name, String(value).trim()]);
  const metadata = Object.fromEntries(filled.filter(([, value]) => value));
  const problem = need(document, "#tag-problem");
  if (!Object.keys(metadata).length) {
    problem.textContent = "Fill in at least one field.";
    problem.hidden = false;
    return;
  }
  try {
    /** @type {{ count: number }} */
    const answer = await call("POST", "/api/recordings/edit", { ids: toTag, metadata });
    dialog.close();
    say(`${recordings(answer.count)} tagged.`);
    clear();
    refreshNow();
  } catch (error) {
    problem.textContent = messageOf(error);
    problem.hidden = false;
  }
});

// Rows that were replaced, because something changed, stay selected.
const table = document.getElementById("list");
if (table) new MutationObserver(show).observe(table, { childList: true, subtree: true });
show();
