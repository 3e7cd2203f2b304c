// What every page does. Live first, because it remembers what the server sent; then times.

import "/static/live.js";
import "/static/zone.js";
import "/static/help.js";
import { localise } from "/static/times.js";

localise(document);

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector("input[type=search]");
  if (search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});
