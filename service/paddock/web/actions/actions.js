// What is asked of a device, on a page of it: its buttons, and how far each thing is. `<device-actions data-device="…">`
//
// A dangerous one asks twice: the API refuses it until it is said that it is meant, and so does this.

import { Problem, call, codeOf, messageOf } from "../kernel/api.js";
import { fieldOf, make, need } from "../kernel/dom.js";
import { localise } from "../kernel/times.js";

/**
 * @typedef {{ name: string, label: string, params: Record<string, unknown>, dangerous: boolean, expires_s: number }} Button
 * @typedef {{ id: string, name: string, state: string, asked_at: string, asked_by: string, expires_at: string,
 *   times_sent: number, ended_at: string | null, result: string }} Action
 */

const BUSY_MS = 1000;
const CALM_MS = 5000;
const SHOWN = 8;
const AT_WORK = ["queued", "sent", "acknowledged"];
/** @type {Record<string, [string, string]>} */
const STATES = {  // colour, and what it means
  queued: ["", "It waits for the device to come."],
  sent: ["working", "It was handed to the device's connection; whether it arrived is not known."],
  acknowledged: ["working", "The device has it."],
  done: ["intact", "The device says that it is done."],
  failed: ["failed", "The device says that it could not."],
  expired: ["recovered", "The device did not take it in time, and is not given it any more."],
};

/** @param {Action} action */
function rowOf(action) {
  const [colour, meaning] = STATES[action.state] ?? ["", ""];
  return make("li", { "data-state": action.state },
    make("span", { class: `badge ${colour}`, title: meaning }, action.state),
    make("b", {}, action.name),
    make("span", { class: "by" }, `${action.asked_by}, `, make("time", { datetime: action.asked_at, "data-form": "zoned" }, action.asked_at)),
    action.result ? make("span", { class: "result" }, action.result) : null);
}

class DeviceActions extends HTMLElement {
  device = "";
  path = "";
  maySend = false;
  mayManage = false;
  timer = 0;
  said = make("p", { class: "form-error", role: "alert", hidden: true });
  bar = make("div", { class: "buttons" });
  list = make("ul", { class: "asked", hidden: true });
  nothing = make("p", { class: "hint" }, "Nothing was asked of this device yet.");

  connectedCallback() {
    this.device = this.dataset.device ?? "";
    this.path = `/api/devices/${encodeURIComponent(this.device)}`;
    this.maySend = "maySend" in this.dataset;
    this.mayManage = "mayManage" in this.dataset;
    const asks = this.maySend ? make("button", { class: "button small", type: "button", onclick: () => this.choose() }, "Ask something else…") : null;
    this.replaceChildren(
      make("div", { class: "head" }, make("h2", {}, "Actions"), make("span", { class: "grow" }), asks),
      this.bar, this.said, this.list, this.nothing);
    document.addEventListener("visibilitychange", this);
    void this.begin();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this);
  }

  handleEvent() {
    if (!document.hidden) void this.look();
  }

  async begin() {
    try {
      await this.readButtons();
    } catch (error) {
      this.complain(error);
    }
    await this.look();
  }

  async readButtons() {
    /** @type {{ items: Button[] }} */
    const { items } = await call("GET", `${this.path}/buttons`);
    const made = this.maySend
      ? items.map((each) => make("button", { class: `button${each.dangerous ? " danger" : ""}`, type: "button", onclick: () => this.press(each) }, each.label))
      : [];
    this.bar.replaceChildren(...made);
  }

  async look() {
    clearTimeout(this.timer);
    if (document.hidden || !this.isConnected) return;
    let pause = CALM_MS;
    try {
      /** @type {{ items: Action[] }} */
      const { items } = await call("GET", `${this.path}/actions?limit=${SHOWN}`);
      this.list.replaceChildren(...items.map(rowOf));
      localise(this.list);
      this.list.hidden = !items.length;
      this.nothing.hidden = items.length > 0;
      if (items.some((each) => AT_WORK.includes(each.state))) pause = BUSY_MS;
    } catch {
      // The page says by itself that Paddock does not answer.
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), pause);
  }

  /** @param {unknown} [error] */
  complain(error) {
    this.said.textContent = error ? messageOf(error) : "";
    this.said.hidden = !error;
  }

  /** @param {Button} button */
  press(button) {
    const asked = { id: newId(), name: button.name, params: button.params, expires_s: button.expires_s };
    if (button.dangerous) this.askAgain(button.label, asked);
    else void this.send(asked, button.label);
  }

  /**
   * @param {Record<string, unknown>} asked
   * @param {string} label
   */
  async send(asked, label) {
    this.complain();
    try {
      await call("POST", `${this.path}/actions`, asked);
      await this.look();
    } catch (error) {
      if (codeOf(error) === "confirm_first") this.askAgain(label, asked);
      else this.complain(error);
    }
  }

  /**
   * A dangerous one: once more.
   * @param {string} label
   * @param {Record<string, unknown>} asked
   */
  askAgain(label, asked) {
    const dialog = make("dialog", { class: "dialog", "aria-label": `${label}?` },
      make("form", { method: "dialog", class: "form" },
        make("h2", {}, `${label}?`),
        make("p", { class: "wide" }, `This may do harm: ${this.device} is asked to do it as soon as it hears it.`),
        make("p", { class: "actions wide" }, make("span", { class: "grow" }),
          make("button", { class: "button", value: "" }, "Cancel"),
          make("button", { class: "button danger", value: "yes" }, "Yes, do it"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "yes") void this.send({ ...asked, confirm: true }, label);
    });
    this.append(dialog);
    dialog.showModal();
  }

  /** Something that has no button, or a new button. */
  choose() {
    const dialog = make("dialog", { class: "dialog", "aria-label": "Ask the device" });
    const form = make("form", { class: "form", autocomplete: "off" },
      make("h2", {}, "Ask the device"),
      make("label", {}, "Action", make("input", { name: "name", required: true, maxlength: 80, placeholder: "zero_sensors", spellcheck: "false" })),
      make("label", {}, "Waits for the device, s", make("input", { name: "expires_s", type: "number", min: 1, max: 604800, value: 300 })),
      make("label", { class: "wide" }, "Parameters ", make("span", { class: "hint" }, "as JSON"),
        make("input", { name: "params", placeholder: '{"rate_hz": 50}', spellcheck: "false" })),
      make("label", { class: "wide check" }, make("input", { name: "dangerous", type: "checkbox" }), " It may do harm: ask twice"),
      make("label", { class: "wide", hidden: !this.mayManage }, "Button ", make("span", { class: "hint" }, "its label, to keep it; empty to ask once"),
        make("input", { name: "label", maxlength: 80 })),
      make("p", { class: "form-error wide", role: "alert", hidden: true }),
      make("p", { class: "actions wide" }, make("span", { class: "grow" }),
        make("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Cancel"),
        make("button", { class: "button primary" }, "Ask")));
    dialog.append(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.asked(form, dialog);
    });
    dialog.addEventListener("close", () => dialog.remove());
    this.append(dialog);
    dialog.showModal();
  }

  /**
   * @param {HTMLFormElement} form
   * @param {HTMLDialogElement} dialog
   */
  async asked(form, dialog) {
    const name = fieldOf(form, "name").value.trim();
    const label = fieldOf(form, "label").value.trim();
    const dangerous = need(form, "[name=dangerous]", HTMLInputElement).checked;
    try {
      const params = paramsOf(fieldOf(form, "params").value.trim());
      const expires = Number(fieldOf(form, "expires_s").value) || 300;
      if (label) {
        await call("PUT", `${this.path}/buttons/${encodeURIComponent(name)}`, { label, params, dangerous, expires_s: expires });
        await this.readButtons();
        dialog.close();
      } else {
        dialog.close();
        await this.send({ id: newId(), name, params, expires_s: expires, dangerous }, name);
      }
    } catch (error) {
      const place = need(form, ".form-error");
      place.textContent = messageOf(error);
      place.hidden = false;
    }
  }
}

/**
 * @param {string} typed
 * @returns {Record<string, unknown>}
 */
function paramsOf(typed) {
  if (!typed) return {};
  const problem = new Problem({ detail: 'The parameters are a JSON object, like {"rate_hz": 50}.', code: "bad_action" });
  try {
    const params = JSON.parse(typed);
    if (params && typeof params === "object" && !Array.isArray(params)) return params;
  } catch {
    throw problem;
  }
  throw problem;
}

/** Made here, so that sending it twice is one action; `crypto.randomUUID` exists in secure contexts only. */
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

customElements.define("device-actions", DeviceActions);
