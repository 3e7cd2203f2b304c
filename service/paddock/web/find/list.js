// The list of recordings: x selects the row that the keys are at, a click on a row opens it.

import "./filters.js";
import { clear, toggle } from "./bulk.js";
import { all, around } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { current, taken } from "../kernel/rows.js";

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
    const typing = around(event, "input:not([type=checkbox]), textarea, select");
    const [menu] = all(document, "details.facet[open]", HTMLDetailsElement);
    if (typing) typing.blur();
    if (menu) menu.open = false;
    else if (!typing) clear();
  } else if (event.key === "x" && !taken(event)) {
    const row = current();
    if (!row) return;
    event.preventDefault();
    toggle(row);
  }
});

document.addEventListener("click", (event) => {
  const href = around(event, "#rows > tr[data-href]")?.dataset.href;
  if (!href || event.defaultPrevented || around(event, "a, button, .pick") || String(getSelection())) return;
  location.href = href;
});

// Short logs open where they stand: the page is asked for again under its new address, and what is new is put in.
document.addEventListener("click", (event) => {
  const fold = around(event, ".fold a", HTMLAnchorElement);
  if (!fold || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", fold.href);
  refreshNow();
});
addEventListener("popstate", () => refreshNow());
