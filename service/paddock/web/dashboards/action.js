// A button of a dashboard that asks a device for something, and says how far that is. A dangerous one asks twice.

import { newId } from "../actions/actions.js";
import { call, codeOf, messageOf } from "../kernel/api.js";
import { make } from "../kernel/dom.js";

/** @typedef {{ id: string, state: string, result: string }} Asked */

const LOOK_MS = 700;
const OVER = ["done", "failed", "expired"];
/** @type {Record<string, string>} */
const WORDS = {
  queued: "It waits for the device to come.", sent: "It was handed to the device.", acknowledged: "The device has it.",
  done: "Done.", failed: "The device could not.", expired: "The device did not take it in time.",
};

export class ActionButton {
  /** @param {import("./widgets.js").Spec} spec */
  constructor(spec) {
    this.spec = spec;
    this.path = `/api/devices/${encodeURIComponent(spec.device)}/actions`;
    this.button = make("button", { class: "button action", type: "button", onclick: () => this.press() }, spec.title || spec.action);
    this.sure = make("p", { class: "sure", hidden: true },
      make("button", { class: "button small danger", type: "button", onclick: () => void this.ask(true) }, "Yes, do it"),
      make("button", { class: "button small", type: "button", onclick: () => this.settle("") }, "No"));
    this.said = make("p", { class: "hint", role: "status" });
    this.root = make("div", { class: "action-widget" }, this.button, this.sure, this.said);
    this.id = "";
    this.timer = 0;
    this.closed = false;
  }

  /** @returns {import("../live/stream.js").Watched[]} */
  watched() {
    return [];
  }

  draw() {}

  press() {
    this.id = newId();
    void this.ask(false);
  }

  /** @param {boolean} confirm */
  async ask(confirm) {
    this.button.disabled = true;
    this.sure.hidden = true;
    try {
      this.follow(await call("POST", this.path, { id: this.id, name: this.spec.action, confirm }));
    } catch (error) {
      const asks = codeOf(error) === "confirm_first";
      this.settle(asks ? "This may do harm. Is it meant?" : messageOf(error));
      this.sure.hidden = !asks;
    }
  }

  /** @param {string} text */
  settle(text) {
    this.button.disabled = false;
    this.sure.hidden = true;
    this.said.textContent = text;
  }

  /** @param {Asked} asked */
  follow(asked) {
    this.settle(`${WORDS[asked.state] ?? asked.state} ${asked.result ?? ""}`.trim());
    this.root.dataset.state = asked.state;
    clearTimeout(this.timer);
    if (!this.closed && !OVER.includes(asked.state)) this.timer = setTimeout(() => void this.look(asked), LOOK_MS);
  }

  /** @param {Asked} asked */
  async look(asked) {
    try {
      /** @type {{ items: Asked[] }} */
      const { items } = await call("GET", `${this.path}?limit=20`);
      this.follow(items.find((each) => each.id === asked.id) ?? asked);
    } catch {
      this.follow(asked);  // the page says by itself that Paddock does not answer
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
