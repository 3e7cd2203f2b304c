// Select recordings, then tag, take away or delete all of them, or compare two.

import { call } from "/static/api.js";
import { refreshNow } from "/static/live.js";

const selected = new Set();
const bar = document.getElementById("bulk");
const dialog = document.getElementById("tag-dialog");
const boxes = () => [...document.querySelectorAll("#rows .pick input")];
let toTag = [];

function show() {
  for (const box of boxes()) {
    box.checked = selected.has(box.value);
    box.closest("tr").classList.toggle("picked", box.checked);
  }
  bar.hidden = selected.size === 0;
  document.getElementById("bulk-count").textContent = `${selected.size} selected`;
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

export function toggle(row) {
  const id = row.querySelector(".pick input").value;
  if (!selected.delete(id)) selected.add(id);
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
  const box = event.target;
  if (box.id === "pick-all") {
    for (const each of boxes()) box.checked ? selected.add(each.value) : selected.delete(each.value);
  } else if (box.closest("#rows .pick")) {
    box.checked ? selected.add(box.value) : selected.delete(box.value);
  } else return;
  show();
});

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
