// The list of recordings: x selects the row that the keys are at, a click on a row opens it.

import "./filters.js";
import { clear, toggle } from "./bulk.js";
import { refreshNow } from "../kernel/refresh.js";
import { current, taken } from "../kernel/rows.js";

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
    const menu = document.querySelector("details.facet[open]");
    if (typing) typing.blur();
    if (menu) menu.open = false;
    else if (!typing) clear();
  } else if (event.key === "x" && current() && !taken(event)) {
    event.preventDefault();
    toggle(current());
  }
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("#rows > tr[data-href]");
  if (!row || event.defaultPrevented || event.target.closest("a, button, .pick") || String(getSelection())) return;
  location.href = row.dataset.href;
});

// Short logs open where they stand: the page is asked for again under its new address, and what is new is put in.
document.addEventListener("click", (event) => {
  const fold = event.target.closest(".fold a");
  if (!fold || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", fold.href);
  refreshNow();
});
addEventListener("popstate", () => refreshNow());
