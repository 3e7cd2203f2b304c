// <lap-signals>: which signals lap tables show, and laps of recordings from before there were any.

import { call, messageOf } from "../kernel/api.js";
import { fieldOf, need } from "../kernel/dom.js";

class LapSignals extends HTMLElement {
  connectedCallback() {
    const form = need(this, "form", HTMLFormElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const signals = fieldOf(form, "signals").value.split("\n").map((line) => line.trim()).filter(Boolean);
      void this.ask(async () => {
        await call("PUT", "/api/laps/signals", { signals });
        return "Saved. Tables show them once their laps are timed again.";
      });
    });
    need(this, "[data-missing]").addEventListener("click", () => void this.ask(async () => {
      /** @type {{ recordings: number }} */
      const asked = await call("POST", "/api/laps");
      return asked.recordings ? `${asked.recordings} recordings are looked through for laps.` : "All recordings were looked through.";
    }));
  }

  /** @param {() => Promise<string>} work */
  async ask(work) {
    const place = need(this, ".form-error");
    try {
      place.textContent = await work();
    } catch (error) {
      place.textContent = messageOf(error);
    }
    place.hidden = false;
  }
}

customElements.define("lap-signals", LapSignals);
