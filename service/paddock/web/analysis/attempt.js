// Work that a form starts: buttons are off meanwhile, and what went wrong is said in it.

import { messageOf } from "../kernel/api.js";
import { all, need } from "../kernel/dom.js";

/**
 * Does something for a form, and says in it what went wrong.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} work
 */
export async function attempt(form, work) {
  const error = need(form, ".form-error");
  const buttons = all(form, "button", HTMLButtonElement);
  error.hidden = true;
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (problem) {
    error.textContent = messageOf(problem);
    error.hidden = false;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}
