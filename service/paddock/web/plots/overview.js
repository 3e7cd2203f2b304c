// <plot-overview data-recording>: what a run was. The service chose the panels and made room for them; this draws.

import { fetchSignals } from "./data.js";
import { make } from "../kernel/dom.js";
import { Figure } from "./figure.js";
import { Linked } from "./linked.js";
import { Track } from "./track.js";

class PlotOverview extends HTMLElement {
  connectedCallback() {
    void this.build();
  }

  disconnectedCallback() {
    this.linked?.close();
    this.track?.close();
  }

  async build() {
    try {
      const signals = await fetchSignals(this.dataset.recording);
      this.signals = new Map(signals.map((signal) => [signal.name, signal]));
      await this.draw();
    } catch (error) {
      this.say(`The overview could not be drawn. ${error.message}`);
    }
  }

  say(text) {
    this.replaceChildren(make("p", { class: "hint" }, text));
  }

  async draw() {
    const source = { id: this.dataset.recording, key: "a", shift: 0 };
    this.linked = new Linked([source], {
      cursor: () => this.track?.point(this.linked.cursor),
      failed: (error) => this.say(`The overview could not be drawn. ${error.message}`),
    });
    const panels = [...this.querySelectorAll(".panel")].map((root) => ({
      root, kind: root.dataset.kind, signals: JSON.parse(root.dataset.signals),
    }));
    for (const panel of panels) {
      if (panel.kind === "track") this.fillTrack(panel, panels);
      else this.fill(panel);
    }
    await Promise.all([this.linked.load(), this.track?.load()]);
  }

  fill({ root, signals }) {
    const entries = signals.map((name, colour) => ({ key: `a:${name}`, source: "a", name, label: this.labelOf(name, signals), unit: this.signals.get(name)?.unit ?? "", colour }));
    const figure = new Figure(this.linked, entries);
    this.linked.figures.push(figure);
    const open = make("button", { class: "button small quiet", type: "button", onclick: () => plot(signals) }, "Open below");
    root.querySelector("header").replaceChildren(root.querySelector("h3"), open);
    root.replaceChildren(root.querySelector("header"), figure.root);
  }

  fillTrack({ root, signals }, panels) {
    const [latitude, longitude, ...colour] = signals;
    const others = panels.filter((panel) => panel.kind !== "track").flatMap((panel) => panel.signals);
    const numbers = [...new Set([...colour, ...others])].filter((name) => /float|double/.test(this.signals.get(name)?.dtype));
    const choices = numbers.map((name) => ({ name, label: this.labelOf(name, numbers) }));
    this.track = new Track(this.dataset.recording, [latitude, longitude], choices, this.linked);
    root.replaceChildren(root.querySelector("header"), this.track.root);
  }

  /** Short where that tells signals apart, with the topic where two of them have the same. */
  labelOf(name, beside) {
    const label = (other) => this.signals.get(other)?.label || other;
    const same = beside.filter((other) => label(other) === label(name));
    return same.length > 1 ? `${label(name)} · ${this.signals.get(name)?.topic ?? ""}` : label(name);
  }
}

/** Tells the workspace on the page to plot these. */
function plot(names) {
  document.dispatchEvent(new CustomEvent("paddock:plot", { detail: names }));
}

customElements.define("plot-overview", PlotOverview);
