// Copying text. On a VPN's plain http address browsers have no `navigator.clipboard`; the old command works there.

import { make } from "./dom.js";

/**
 * Whether it could be copied. To be called from a press, as browsers want it.
 * @param {string} text
 */
export async function copied(text) {
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  if (done) return true;
  const field = make("textarea", { class: "sr", readonly: true, "aria-hidden": "true" });
  field.value = text;
  const before = document.activeElement;
  // Behind an open dialog nothing can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return worked;
}

/**
 * Selects the text of an element, for who copies it by hand.
 * @param {Element} element
 */
export function select(element) {
  getSelection()?.selectAllChildren(element);
}
