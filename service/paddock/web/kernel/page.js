// What every page does. The refresh first, because it remembers what the server sent; then times.

import "./refresh.js";
import "./zone.js";
import "./help.js";
import { taken } from "./rows.js";
import { localise } from "./times.js";

localise(document);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.closest(".search input")?.blur();
  const search = document.querySelector("input[type=search]");
  if (event.key !== "/" || !search || taken(event)) return;
  event.preventDefault();
  search.focus();
  search.select();
});
