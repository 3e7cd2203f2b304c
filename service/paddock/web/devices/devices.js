// The page of all devices: adds one, and goes to its page, where it gets its token.

import { call, messageOf } from "../kernel/api.js";
import { around, fieldOf, need } from "../kernel/dom.js";

const dialog = need(document, "#device", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);

/**
 * Says what went wrong; without an error nothing did.
 * @param {unknown} [error]
 */
function complain(error) {
  const place = need(form, ".form-error");
  place.textContent = error ? messageOf(error) : "";
  place.hidden = !error;
}

/** @param {HTMLButtonElement} button */
async function add(button) {
  button.disabled = true;
  complain();
  try {
    /** @param {string} name */
    const said = (name) => fieldOf(form, name).value;
    const texts = Object.fromEntries(["name", "type", "car", "owner"].map((name) => [name, said(name)]));
    /** @type {{ id: string }} */
    const added = await call("POST", "/api/devices", { ...texts, timeout_s: Number(said("timeout_s")) });
    location.assign(`/devices/${encodeURIComponent(added.id)}`);
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  if (around(event, "[data-add]")) {
    form.reset();
    complain();
    dialog.showModal();
  }
  if (around(event, "[data-cancel]")) dialog.close();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void add(need(form, "[type=submit]", HTMLButtonElement));
});
