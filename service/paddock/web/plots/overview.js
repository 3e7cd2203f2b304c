// <plot-overview data-recording>: what a run was. The service chose the panels and made room for them; this draws.

import { fetchSignals } from "./data.js";
import { messageOf } from "../kernel/api.js";
import { all, make, need } from "../kernel/dom.js";
import { Figure } from "./figure.js";
import { Linked } from "./linked.js";
import { Track } from "./track.js";

/** @typedef {import("./data.js").Signal} Signal */
/** @typedef {{ root: HTMLElement, kind: string, signals: string[] }} Panel */

class PlotOverview extends HTMLElement {
  recording = "";
  /** @type {Map<string, Signal>} */
  signals = new Map();
  /** @type {Linked} */
  linked;  // once the signals are known
  /** @type {Track | null} */
  track = null;

  connectedCallback() {
    this.recording = this.dataset.recording ?? "";
    void this.build();
  }

  disconnectedCallback() {
    this.linked?.close();
    this.track?.close();
  }

  async build() {
    try {
      const signals = await fetchSignals(this.recording);
      this.signals = new Map(signals.map((signal) => [signal.name, signal]));
      await this.draw();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {unknown} error */
  fail(error) {
    this.replaceChildren(make("p", { class: "hint" }, `The overview could not be drawn. ${messageOf(error)}`));
  }

  async draw() {
    this.linked = new Linked([{ id: this.recording, key: "a", shift: 0 }], {
      cursor: () => this.track?.point(this.linked.cursor),
      failed: (error) => this.fail(error),
    });
    const panels = all(this, ".panel").map((root) => ({
      root, kind: root.dataset.kind ?? "", signals: JSON.parse(root.dataset.signals ?? "[]"),
    }));
    for (const panel of panels) {
      if (panel.kind === "track") this.fillTrack(panel, panels);
      else this.fill(panel);
    }
    await Promise.all([this.linked.load(), this.track?.load()]);
  }

  /** @param {Panel} panel */
  fill({ root, signals }) {
    const entries = signals.map((name, colour) => ({ key: `a:${name}`, source: "a", name, label: this.labelOf(name, signals), unit: this.signals.get(name)?.unit ?? "", colour }));
    const figure = new Figure(this.linked, entries);
    this.linked.figures.push(figure);
    const open = make("button", { class: "button small quiet", type: "button", onclick: () => plot(signals) }, "Open below");
    const header = need(root, "header");
    header.replaceChildren(need(root, "h3"), open);
    root.replaceChildren(header, figure.root);
  }

  /**
   * @param {Panel} panel
   * @param {Panel[]} panels
   */
  fillTrack({ root, signals }, panels) {
    const [latitude, longitude, ...colour] = signals;
    const others = panels.filter((panel) => panel.kind !== "track").flatMap((panel) => panel.signals);
    const numbers = [...new Set([...colour, ...others])].filter((name) => /float|double/.test(this.signals.get(name)?.dtype ?? ""));
    const choices = numbers.map((name) => ({ name, label: this.labelOf(name, numbers) }));
    this.track = new Track(this.recording, [latitude, longitude], choices, this.linked);
    root.replaceChildren(need(root, "header"), this.track.root);
  }

  /**
   * Short where that tells signals apart, with the topic where two of them have the same.
   * @param {string} name
   * @param {string[]} beside
   */
  labelOf(name, beside) {
    /** @param {string} other */
    const label = (other) => this.signals.get(other)?.label || other;
    const same = beside.filter((other) => label(other) === label(name));
    return same.length > 1 ? `${label(name)} · ${this.signals.get(name)?.topic ?? ""}` : label(name);
  }
}

/**
 * Tells the workspace on the page to plot these.
 * @param {string[]} names
 */
function plot(names) {
  document.dispatchEvent(new CustomEvent("paddock:plot", { detail: names }));
}

customElements.define("plot-overview", PlotOverview);
