// The page of CAN databases: sends a file, and says what it decodes. The server renders what came of it.

import { Problem, messageOf } from "../kernel/api.js";
import { around, fieldOf, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

const dialog = need(document, "#database", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const file = need(form, "[name=file]", HTMLInputElement);
const USE = ["car", "bus", "valid_from", "valid_until", "note"];

/**
 * Says what went wrong; without an error nothing did.
 * @param {unknown} [error]
 */
function complain(error) {
  const place = need(form, ".form-error");
  place.textContent = error ? messageOf(error) : "";
  place.hidden = !error;
}

/** @param {string} text */
function tell(text) {
  const toast = need(document, "#databases-said");
  toast.textContent = text;
  toast.hidden = false;
  setTimeout(() => { toast.hidden = true; }, 8000);
}

/** @param {File} chosen */
async function send(chosen) {
  const query = new URLSearchParams({ name: chosen.name });
  for (const name of USE) query.set(name, fieldOf(form, name).value.trim());
  const answer = await fetch(`/api/databases?${query}`, { method: "POST", body: chosen });
  if (!answer.ok) throw new Problem(await answer.json());
  /** @type {{ database: { messages: number, signals: number }, converted: number, renamed: string[] }} */
  const added = await answer.json();
  const { messages, signals } = added.database;
  const then = added.converted ? ` ${added.converted} recording${added.converted > 1 ? "s are" : " is"} converted now.` : "";
  const names = added.renamed.length;
  const known = names ? ` ${names} renamed signal${names > 1 ? "s stay" : " stays"} one with the name before.` : "";
  return `${chosen.name} is added: ${messages} messages, ${signals} signals.${then}${known}`;
}

/** @param {HTMLButtonElement} button */
async function add(button) {
  const chosen = file.files?.[0];
  if (!chosen) return;
  button.disabled = true;
  complain();
  try {
    tell(await send(chosen));
    dialog.close();
    await refreshNow();
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
