// What every page does. The refresh first, because it remembers what the server sent; then times.

import "./refresh.js";
import "./zone.js";
import "./help.js";
import "./counts.js";
import { all, around } from "./dom.js";
import { taken } from "./rows.js";
import { localise } from "./times.js";

localise(document);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") around(event, ".search input")?.blur();
  const [search] = all(document, "input[type=search]", HTMLInputElement);
  if (event.key !== "/" || !search || taken(event)) return;
  event.preventDefault();
  search.focus();
  search.select();
});

/**
 * A menu of the bar closes where somebody presses beside it.
 * @param {Event} event
 */
function closeMenus(event) {
  for (const menu of all(document, "details.menu[open]", HTMLDetailsElement)) {
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  }
}

document.addEventListener("click", closeMenus);
document.addEventListener("focusin", closeMenus);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = around(event, "details.menu[open]", HTMLDetailsElement);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});
