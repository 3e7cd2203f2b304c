// What is wrong now, in a widget: the alerts that fire, with a button for who has seen them.

import { call, messageOf } from "../kernel/api.js";
import { make } from "../kernel/dom.js";

/** @typedef {{ id: string, text: string, severity: string, state: string, device: string, fired_at: string, acknowledged_by: string, count: number }} Alert */

const LOOK_MS = 2000;
const MOST = 20;

export class AlertList {
  /** @param {import("./widgets.js").Spec} spec */
  constructor(spec) {
    this.list = make("ul", { class: "alert-list" });
    this.none = make("p", { class: "hint" }, "Nothing is wrong.");
    this.root = make("div", { class: "alerts-widget", tabindex: "0", role: "region", "aria-label": "Alerts" }, this.none, this.list);
    this.query = new URLSearchParams([["state", "firing"], ["state", "acknowledged"], ["limit", String(MOST)], ...(spec.device ? [["device", spec.device]] : [])]);
    this.shown = "";
    this.timer = 0;
    void this.look();
  }

  /** @returns {import("../live/stream.js").Watched[]} */
  watched() {
    return [];
  }

  draw() {}  // it looks by itself

  async look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), LOOK_MS);
    if (document.hidden) return;
    try {
      /** @type {{ items: Alert[] }} */
      const { items } = await call("GET", `/api/alerts?${this.query}`);
      this.show(items);
    } catch (error) {
      this.none.hidden = false;
      this.none.textContent = messageOf(error);
    }
  }

  /** @param {Alert[]} alerts */
  show(alerts) {
    const said = JSON.stringify(alerts);
    if (said === this.shown) return;
    this.shown = said;
    this.none.hidden = alerts.length > 0;
    this.none.textContent = "Nothing is wrong.";
    this.list.replaceChildren(...alerts.map((alert) => {
      const seen = make("button", { class: "button small", type: "button", onclick: () => void this.acknowledge(alert) }, "Acknowledge");
      const by = make("span", { class: "hint" }, alert.acknowledged_by ? `seen by ${alert.acknowledged_by}` : "");
      return make("li", { class: alert.state, "data-severity": alert.severity }, make("span", { class: "text" }, alert.text), alert.state === "firing" ? seen : by);
    }));
  }

  /** @param {Alert} alert */
  async acknowledge(alert) {
    try {
      await call("POST", `/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`);
    } catch (error) {
      this.none.hidden = false;
      this.none.textContent = messageOf(error);
    }
    await this.look();
  }

  close() {
    clearTimeout(this.timer);
    this.timer = -1;
  }
}
