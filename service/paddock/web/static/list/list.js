// The list of recordings by keyboard and pointer: j and k move, Enter opens, x selects, a click on a row opens it.

import "/static/list/filters.js";
import { clear, toggle } from "/static/list/bulk.js";

const rows = () => [...document.querySelectorAll("#rows > tr[data-href]")];
const current = () => document.querySelector("#rows > tr.selected");

function move(row) {
  current()?.classList.remove("selected");
  row.classList.add("selected");
  row.querySelector("a").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (event.key === "Escape") {
    const menu = document.querySelector("details.facet[open]");
    if (typing) typing.blur();
    if (menu) menu.open = false;
    else if (!typing) clear();
    return;
  }
  if (typing) return;
  const all = rows();
  const step = { j: 1, k: -1 }[event.key];
  if (step && all.length) {
    event.preventDefault();
    const at = all.indexOf(current());
    move(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]);
  } else if (event.key === "x" && current()) {
    event.preventDefault();
    toggle(current());
  }
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("#rows > tr[data-href]");
  if (!row || event.defaultPrevented || event.target.closest("a, button, .pick") || String(getSelection())) return;
  location.href = row.dataset.href;
});
