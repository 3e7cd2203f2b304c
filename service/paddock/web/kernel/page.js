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
