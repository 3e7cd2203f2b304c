// <compare-align>: how the second recording lies on the first: start on start, clock on clock, or as dragged.

import { all, need } from "../kernel/dom.js";
import { readAddress, writeAddress } from "../plots/address.js";

const DAY_S = 86_400;

class CompareAlign extends HTMLElement {
  /** @type {import("../plots/workspace.js").PlotWorkspace} */
  workspace;
  /** @type {HTMLInputElement} */
  offset;
  /** @type {HTMLInputElement} */
  drag;
  /** @type {HTMLElement} */
  hand;
  taken = 0;  // where B lay when the slider was taken

  connectedCallback() {
    this.workspace = need(document, "plot-workspace");
    this.offset = need(this, "[name=offset]", HTMLInputElement);
    this.drag = need(this, "[name=drag]", HTMLInputElement);
    this.offset.addEventListener("input", () => this.move(Number(this.offset.value), { follow: true }));
    this.drag.addEventListener("pointerdown", () => { this.taken = Number(this.offset.value); });
    this.drag.addEventListener("input", () => this.move(this.taken + Number(this.drag.value)));
    // Where the hand lets go is the new middle, so that any distance can be dragged.
    this.drag.addEventListener("change", () => { this.drag.value = "0"; this.taken = Number(this.offset.value); });
    for (const button of all(this, "[data-by]")) {
      button.addEventListener("click", () => this.move(button.dataset.by === "start" ? 0 : this.byClock(), { follow: true }));
    }
    this.hand = need(this, "[data-hand]");
    this.hand.addEventListener("click", () => this.takeHand(this.hand.getAttribute("aria-pressed") !== "true"));
    document.addEventListener("paddock:plotted", () => this.show());
  }

  /**
   * Whether a drag on the plots moves B instead of zooming.
   * @param {boolean} on
   */
  takeHand(on) {
    const { linked, sources } = this.workspace;
    if (!linked) return;
    this.hand.setAttribute("aria-pressed", String(on));
    linked.grab = on ? () => {
      const before = sources[1].shift;
      linked.zoomed ??= { ...linked.view };  // the axis stays under the hand, however far B is moved
      return (seconds) => this.move(before + seconds);
    } : null;
  }

  /** How much later in the day B began, at most half a day either way. */
  byClock() {
    const [a, b] = this.workspace.sources.map((source) => Date.parse(source.startedAt) / 1000);
    const later = (((b - a) % DAY_S) + DAY_S) % DAY_S;
    return later > DAY_S / 2 ? later - DAY_S : later;
  }

  /**
   * @param {number} seconds
   * @param {{ follow?: boolean }} [how]
   */
  move(seconds, how) {
    if (!Number.isFinite(seconds)) return;
    this.workspace.shift(Math.round(seconds * 1000) / 1000, how);
  }

  show() {
    const { shift } = this.workspace.sources[1];
    if (document.activeElement !== this.offset) this.offset.value = String(shift);
    for (const button of all(this, "[data-by]")) {
      const by = button.dataset.by === "start" ? 0 : this.byClock();
      button.setAttribute("aria-pressed", String(Math.abs(by - shift) < 0.0005));
    }
  }
}

customElements.define("compare-align", CompareAlign);

// Other recordings under the same plots; how B lay on A was for those two.
const form = need(document, "form.compare", HTMLFormElement);
form.addEventListener("submit", () => {
  form.action = `/compare${writeAddress({ plots: readAddress(location.hash).plots })}`;
});
