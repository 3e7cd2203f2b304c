// <lap-marks>: laps by hand, on the page of a recording. The plots' cursor says when the car passed the line.

import { call, messageOf } from "../kernel/api.js";
import { fieldOf, need } from "../kernel/dom.js";

class LapMarks extends HTMLElement {
  /** @type {HTMLFormElement} */
  form;

  connectedCallback() {
    this.form = need(this, "form", HTMLFormElement);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const marks = fieldOf(this.form, "marks").value.split(/[\s,;]+/).filter(Boolean).map(Number);
      if (marks.some((mark) => !Number.isFinite(mark))) this.complain("Give seconds, parted by commas.");
      else void this.ask("PUT", { marks_s: marks });
    });
    need(this, "[data-again]").addEventListener("click", () => void this.ask("POST"));
    need(this, "[data-at-cursor]").addEventListener("click", () => this.addCursor());
  }

  addCursor() {
    /** @type {Element & { linked?: import("../plots/linked.js").Linked } | null} */
    const workspace = document.querySelector("plot-workspace");
    const cursor = workspace?.linked?.cursor ?? null;
    if (cursor === null) {
      this.complain("Move the cursor over a plot of the workspace first.");
      return;
    }
    this.complain("");
    const field = fieldOf(this.form, "marks");
    field.value = [...field.value.split(/[\s,;]+/).filter(Boolean), cursor.toFixed(2)].join(", ");
  }

  /**
   * @param {string} method
   * @param {object} [body]
   */
  async ask(method, body) {
    try {
      await call(method, `/api/recordings/${this.dataset.recording}/laps`, body);
      this.complain("A worker times the laps: reload the page in a moment.");
    } catch (error) {
      this.complain(messageOf(error));
    }
  }

  /** @param {string} text */
  complain(text) {
    const place = need(this, ".form-error");
    place.textContent = text;
    place.hidden = !text;
  }
}

customElements.define("lap-marks", LapMarks);
