// What every page does. Live first, because it remembers what the server sent; then times.

import "/static/live.js";
import "/static/zone.js";
import "/static/help.js";
import { taken } from "/static/rows.js";
import { localise } from "/static/times.js";

localise(document);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.closest(".search input")?.blur();
  const search = document.querySelector("input[type=search]");
  if (event.key !== "/" || !search || taken(event)) return;
  event.preventDefault();
  search.focus();
  search.select();
});
