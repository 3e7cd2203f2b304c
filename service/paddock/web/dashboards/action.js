// A button of a dashboard that asks a device for something, and says what became of it.

import { call, messageOf } from "../kernel/api.js";
import { make } from "../kernel/dom.js";

export class ActionButton {
  /** @param {import("./widgets.js").Spec} spec */
  constructor(spec) {
    this.spec = spec;
    this.button = make("button", { class: "button action", type: "button", onclick: () => void this.press() }, spec.title || spec.action);
    this.said = make("p", { class: "hint", role: "status" });
    this.root = make("div", { class: "action-widget" }, this.button, this.said);
    this.timer = 0;
  }

  /** @returns {import("../live/stream.js").Watched[]} */
  watched() {
    return [];
  }

  draw() {}

  async press() {
    this.said.textContent = "";
    try {
      await call("POST", `/api/devices/${encodeURIComponent(this.spec.device)}/actions`, { name: this.spec.action });
      this.said.textContent = "Sent.";
    } catch (error) {
      this.said.textContent = messageOf(error);
    }
  }

  close() {
    clearTimeout(this.timer);
  }
}
