// What people typed into a form, as the API takes it.

import { fieldOf } from "./dom.js";

/**
 * A number with a point or a comma; null where none was typed.
 * @param {string} text
 */
export function numberIn(text) {
  const typed = text.trim().replace(",", ".");
  return typed === "" || !Number.isFinite(Number(typed)) ? null : Number(typed);
}

/**
 * Names with commas between them.
 * @param {string} text
 */
export function namesIn(text) {
  return text.split(",").map((name) => name.trim()).filter(Boolean);
}

/**
 * The hours in which nobody is told anything, of the fields `start`, `end` and `zone`; null where both are not there.
 * @param {HTMLFormElement} form
 */
export function quietIn(form) {
  const [start, end, zone] = ["start", "end", "zone"].map((name) => fieldOf(form, name).value.trim());
  return start && end ? { start, end, zone: zone || "UTC" } : null;
}
