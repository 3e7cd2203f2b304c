// Names of signals that begin like what is typed, offered by a datalist beside what the page offers by itself.

import { call } from "./api.js";
import { all, make } from "./dom.js";

const LEAST = 2;  // characters
const LONGEST = 300;
let asked = 0;

/**
 * @param {HTMLDataListElement} list
 * @param {string} typed
 */
export async function offerNames(list, typed) {
  const begun = typed.trim();
  if (begun.length < LEAST) return;
  const turn = ++asked;
  /** @type {{ name: string }[]} */
  let names = [];
  try {
    names = await call("GET", `/api/signal-names?q=${encodeURIComponent(begun.slice(0, LONGEST))}`);
  } catch {
    return;  // a convenience: the field works without
  }
  if (turn !== asked) return;
  for (const old of all(list, "[data-name]", HTMLOptionElement)) old.remove();
  list.append(...names.map(({ name }) => make("option", { value: name, "data-name": true })));
}
