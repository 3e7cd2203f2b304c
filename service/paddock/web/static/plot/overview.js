// <plot-overview data-recording>: what a run was, chosen by the service from what its signals are.

import { fetchPanels, fetchSignals } from "/static/plot/data.js";
import { make } from "/static/plot/dom.js";
import { Figure } from "/static/plot/figure.js";
import { Linked } from "/static/plot/linked.js";
import { Track } from "/static/plot/track.js";

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
      const recording = this.dataset.recording;
      const [panels, signals] = await Promise.all([fetchPanels(recording), fetchSignals(recording)]);
      this.signals = new Map(signals.map((signal) => [signal.name, signal]));
      if (panels.length) await this.draw(panels);
      else this.say("Nothing in this log moves: no signal has two different values.");
    } catch (error) {
      this.say(`The overview could not be drawn. ${error.message}`);
    }
  }

  say(text) {
    this.replaceChildren(make("p", { class: "hint" }, text));
  }

  async draw(panels) {
    const source = { id: this.dataset.recording, key: "a", shift: 0 };
    this.linked = new Linked([source], {
      cursor: () => this.track?.point(this.linked.cursor),
      failed: (error) => this.say(`The overview could not be drawn. ${error.message}`),
    });
    const grid = make("div", { class: "panels" });
    for (const panel of panels) grid.append(panel.kind === "track" ? this.trackPanel(panel, panels) : this.panel(panel));
    this.replaceChildren(grid);
    await Promise.all([this.linked.load(), this.track?.load()]);
  }

  panel({ title, signals }) {
    const entries = signals.map((name, colour) => ({ key: `a:${name}`, source: "a", name, label: this.labelOf(name, signals), colour }));
    const figure = new Figure(this.linked, entries);
    this.linked.figures.push(figure);
    const open = make("button", { class: "button small quiet", type: "button", onclick: () => plot(signals) }, "Open below");
    return make("section", { class: "card panel" }, make("header", {}, make("h3", {}, title), open), figure.root);
  }

  trackPanel({ title, signals }, panels) {
    const [latitude, longitude, ...colour] = signals;
    const others = panels.filter((panel) => panel.kind !== "track").flatMap((panel) => panel.signals);
    const numbers = [...new Set([...colour, ...others])].filter((name) => /float|double/.test(this.signals.get(name)?.dtype));
    const choices = numbers.map((name) => ({ name, label: this.labelOf(name, numbers) }));
    this.track = new Track(this.dataset.recording, [latitude, longitude], choices, this.linked);
    return make("section", { class: "card panel" }, make("header", {}, make("h3", {}, title)), this.track.root);
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
