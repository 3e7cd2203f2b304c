// What checklists found, on the page of a recording. The link to a moment draws it; this brings the plot into sight.

import { around } from "../kernel/dom.js";
import "../kernel/fold.js";

// The badge in the list leads here; a phone shows the section folded.
if (location.hash === "#checks") {
  const fold = document.querySelector("#checks .unfold[aria-expanded=false]");
  if (fold instanceof HTMLButtonElement) fold.click();
}

document.addEventListener("click", (event) => {
  if (!around(event, "a[data-moment]", HTMLAnchorElement)) return;
  document.querySelector("plot-workspace")?.scrollIntoView({ block: "start" });
});
