// The page of one device: gives it a token, which is shown once, changes it, disables it, ends its recording.

import { Problem, call, messageOf } from "../kernel/api.js";
import { copied, select } from "../kernel/copy.js";
import { all, around, fieldOf, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

const page = need(document, "#device-page");
const path = `/api/devices/${encodeURIComponent(page.dataset.device ?? "")}`;
const token = need(document, "#token", HTMLDialogElement);
const edit = need(document, "#edit", HTMLDialogElement);
const sure = need(document, "#sure", HTMLDialogElement);
const form = need(edit, "form", HTMLFormElement);
const photo = need(form, "[name=photo]", HTMLInputElement);
const schema = need(form, "[name=schema]", HTMLInputElement);
const TEXTS = ["name", "type", "car", "owner", "topic", "notes"];

let saidUntil = 0;
let schemaNow = "";  // as it was when the form was opened

/** @param {string} text */
function tell(text) {
  const toast = need(document, "#device-said");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(saidUntil);
  saidUntil = setTimeout(() => { toast.hidden = true; }, 6000);
}

/**
 * Says what went wrong; without an error nothing did.
 * @param {unknown} [error]
 */
function complain(error) {
  const place = need(form, ".form-error");
  place.textContent = error ? messageOf(error) : "";
  place.hidden = !error;
}

/**
 * Asks before something that cannot be undone.
 * @param {string} title
 * @param {string} text
 * @param {string} word on the button
 * @returns {Promise<boolean>}
 */
function isSure(title, text, word) {
  need(sure, "#sure-title").textContent = title;
  need(sure, "#sure-text").textContent = text;
  need(sure, "[data-yes]").textContent = word;
  sure.returnValue = "";
  sure.showModal();
  return new Promise((answer) => {
    sure.addEventListener("close", () => answer(sure.returnValue === "yes"), { once: true });
  });
}

/**
 * Does something, and says what came of it.
 * @param {() => Promise<string>} work
 */
async function doing(work) {
  try {
    const said = await work();
    await refreshNow();
    if (said) tell(said);
  } catch (error) {
    tell(messageOf(error));
  }
}

/** @param {boolean} hasOne */
async function makeToken(hasOne) {
  const asked = !hasOne || await isSure(
    "Make a new token?", "The one that the device has now admits nobody from then on.", "Make a new token");
  if (!asked) return "";
  /** @type {{ token: string, expires_at: string }} */
  const made = await call("POST", `${path}/token`);
  need(token, "#token-text").textContent = made.token;
  need(token, "#token-until").textContent = new Date(made.expires_at).toLocaleDateString();
  // Ready to be pasted as they are, until the page is left.
  for (const line of all(document, "#ways .way code")) {
    line.textContent = (line.dataset.line ?? "").replaceAll("TOKEN", made.token);
  }
  need(document, "#ways").hidden = false;
  token.showModal();
  return "";
}

/** @param {boolean} disabled */
async function disable(disabled) {
  const asked = !disabled || await isSure(
    "Disable it?", "Nothing that it sends is taken from then on, and its connection is closed.", "Disable");
  if (!asked) return "";
  await call("PATCH", path, { is_disabled: disabled });
  return disabled ? "It is disabled: nothing of it is taken any more." : "It is enabled again.";
}

async function revoke() {
  const asked = await isSure("Revoke its token?", "It cannot send until it has a new one.", "Revoke");
  if (!asked) return "";
  await call("DELETE", `${path}/token`);
  return "Its token admits nobody any more.";
}

async function cut() {
  await call("POST", `${path}/cut`);
  return "What it sent so far becomes a recording.";
}

/** Shows the device as it is now: it may have changed since the page came. */
async function open() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) throw new Error("The device cannot be read now: try again.");
  const now = need(new DOMParser().parseFromString(await answer.text(), "text/html"), "#edit form", HTMLFormElement);
  form.reset();
  complain();
  for (const name of [...TEXTS, "timeout_s", "idle_s", "message"]) fieldOf(form, name).value = fieldOf(now, name).value;
  for (const place of ["#its-photo", "#its-schema"]) need(form, place).hidden = need(now, place).hidden;
  schemaNow = fieldOf(form, "message").value;
  edit.showModal();
  return "";
}

/**
 * @param {string} what
 * @param {Blob} content
 */
async function put(what, content) {
  const answer = await fetch(`${path}/${what}`, { method: "PUT", body: content });
  if (!answer.ok) throw new Problem(await answer.json());
}

/** @param {string} what */
async function remove(what) {
  edit.close();
  const asked = await isSure(`Remove the ${what}?`, what === "schema" ? "Its messages are JSON or MessagePack from then on." : "Its page has none then.", "Remove");
  if (!asked) return "";
  await call("DELETE", `${path}/${what}`);
  return `The ${what} is removed.`;
}

/** @param {HTMLButtonElement} button */
async function save(button) {
  button.disabled = true;
  complain();
  try {
    /** @param {string} name */
    const said = (name) => fieldOf(form, name).value;
    await call("PATCH", path, {
      ...Object.fromEntries(TEXTS.map((name) => [name, said(name)])),
      timeout_s: Number(said("timeout_s")),
      cuts: { idle_s: Number(said("idle_s")) },
    });
    const chosen = photo.files?.[0];
    if (chosen) await put("photo", chosen);
    const file = schema.files?.[0];
    const message = said("message").trim();
    if (file || message !== schemaNow) await put(`schema?message=${encodeURIComponent(message)}`, file ?? new Blob());
    edit.close();
    await refreshNow();
    tell("It is changed.");
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}

/** @param {HTMLElement} button */
async function copy(button) {
  const text = need(document, `#${button.dataset.copy}`);
  if (await copied(text.textContent ?? "")) {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 3000);
  } else {
    select(text);
  }
}

document.addEventListener("click", (event) => {
  const pressed = around(event, "button");
  if (!pressed) return;
  if (pressed.matches("[data-token]")) void doing(() => makeToken(!pressed.matches(".primary")));
  if (pressed.matches("[data-disable]")) void doing(() => disable(pressed.dataset.disable === "true"));
  if (pressed.matches("[data-revoke]")) void doing(revoke);
  if (pressed.matches("[data-cut]")) void doing(cut);
  if (pressed.matches("[data-remove]")) void doing(() => remove(pressed.dataset.remove ?? ""));
  if (pressed.matches("[data-copy]")) void copy(pressed);
  if (pressed.matches("[data-done]")) token.close();
  if (pressed.matches("[data-no]")) sure.close("no");
  if (pressed.matches("[data-yes]")) sure.close("yes");
  if (pressed.matches("[data-cancel]")) edit.close();
  if (pressed.matches("[data-edit]")) void doing(open);
});
token.addEventListener("close", () => {
  need(token, "#token-text").textContent = "";  // shown once
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void save(need(form, "[type=submit]", HTMLButtonElement));
});
