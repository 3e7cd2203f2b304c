// A number beside a link in the navigation: `data-asks` is the address that says it, `data-of` its name there.

import { call } from "./api.js";
import { all } from "./dom.js";

const AGAIN_MS = 10000;

/** @param {HTMLElement} place */
async function ask(place) {
  const { asks = "", of = "" } = place.dataset;
  try {
    const said = /** @type {Record<string, number>} */ (await call("GET", asks));
    place.textContent = said[of] ? String(Math.min(said[of], 999)) : "";
    place.hidden = !said[of];
  } catch {
    // The page says by itself that Paddock does not answer.
  }
}

function askAll() {
  if (document.hidden) return;
  for (const place of all(document, "[data-asks]")) void ask(place);
}

askAll();
setInterval(askAll, AGAIN_MS);
document.addEventListener("visibilitychange", askAll);
