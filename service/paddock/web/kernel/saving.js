// A dialog whose form is sent by a script: what went wrong stands in the form, what came of it in a toast.

import { messageOf } from "./api.js";
import { need } from "./dom.js";
import { refreshNow } from "./refresh.js";

const SHOWN_MS = 8000;

/**
 * @param {HTMLDialogElement} dialog has a form, and in it a `.form-error`
 * @param {HTMLElement} toast
 */
export function saving(dialog, toast) {
  const place = need(dialog, ".form-error");
  let shown = 0;

  /**
   * Says what went wrong; without an error nothing did.
   * @param {unknown} [error]
   */
  function complain(error) {
    place.textContent = error ? messageOf(error) : "";
    place.hidden = !error;
  }

  /** @param {string} text */
  function tell(text) {
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(shown);
    shown = setTimeout(() => { toast.hidden = true; }, SHOWN_MS);
  }

  /**
   * Does it once, and closes the dialog when it is done.
   * @param {HTMLButtonElement} button
   * @param {() => Promise<string>} act resolves to what is said about it
   */
  async function finish(button, act) {
    button.disabled = true;
    complain();
    try {
      const done = await act();
      dialog.close();
      tell(done);
      await refreshNow();
    } catch (error) {
      complain(error);
    } finally {
      button.disabled = false;
    }
  }

  return { complain, tell, finish };
}
