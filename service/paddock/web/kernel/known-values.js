// Offers, in the fields of a form with `data-known-values`, the values that recordings have already.

import { around, make } from "./dom.js";

const asked = new WeakSet();  // forms: once is enough

/** @returns {Promise<Record<string, string[]>>} */
async function values() {
  const answer = await fetch("/api/metadata-values", { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? answer.json() : {};  // a convenience: fields work without
}

/**
 * @param {string} name
 * @param {string[]} known
 */
function listOf(name, known) {
  const id = `known-${name}`;
  const list = document.getElementById(id) ?? document.body.appendChild(make("datalist", { id }));
  list.replaceChildren(...known.map((value) => make("option", { value })));
  return id;
}

document.addEventListener("focusin", async (event) => {
  const form = around(event, "form[data-known-values]", HTMLFormElement);
  if (!form || asked.has(form)) return;
  asked.add(form);
  const known = await values();
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement && known[field.name]?.length) field.setAttribute("list", listOf(field.name, known[field.name]));
  }
});
