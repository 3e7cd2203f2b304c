// Plots that follow now: the site's own figures over what streams in. Whoever zooms or moves pauses them, and looks at
// the last minutes, which the service still has, and at recordings before; all the same shows now again.

import { Linked, gapOf } from "../plots/linked.js";
import { MIDNIGHT_MS, isStale, keyOf, reading } from "./signals.js";

/** @typedef {import("../plots/series.js").View} View */

const HISTORY_S = 86_400;  // so far back one may look: the last hour is in memory, the time before in recordings

export class Following extends Linked {
  following = true;
  filled = 0;  // the snapshot before which recordings were asked for

  /**
   * @param {import("./signals.js").Signals} signals
   * @param {number} span seconds that are shown
   * @param {import("../plots/linked.js").Heard & { paused?: (paused: boolean) => void }} on
   * @param {{ low?: number | null, high?: number | null }} limits in place of the catalogue's
   */
  constructor(signals, span, on = {}, limits = {}) {
    super([], on);
    this.limits = limits;
    this.signals = signals;
    this.span = span;
    this.on = on;
  }

  /** @returns {View} */
  get view() {
    const end = this.signals.now();
    return this.following ? { start: end - this.span, end } : this.zoomed ?? this.full;
  }

  /** Stands still, at what is shown now. */
  pause() {
    if (!this.following) return;
    const { start, end } = this.view;
    this.following = false;
    this.full = { start: end - Math.max(HISTORY_S, this.span), end };
    this.zoomed = { start, end };
    // Copies, because what streams in goes on.
    for (const [key, series] of this.found) this.found.set(key, { ...series, seconds: [...series.seconds], values: [...series.values] });
    this.on.paused?.(true);
    this.look();
  }

  /** Follows now again. */
  resume() {
    if (this.following) return;
    clearTimeout(this.timer);
    this.asking?.abort();
    this.following = true;
    this.zoomed = null;
    this.on.paused?.(false);
    this.gather();
    this.show();
    this.on.view?.();
  }

  /** @param {View} view */
  zoomTo(view) {
    this.pause();
    super.zoomTo(view);
  }

  /** All, here, is now. */
  reset() {
    this.resume();
  }

  /** What streams in, by key. */
  gather() {
    for (const figure of this.figures) {
      for (const { key } of figure.entries) {
        const series = this.signals.known.get(key)?.series;
        if (series) this.found.set(key, this.limited(series));
      }
    }
  }

  /**
   * @template {import("../plots/series.js").Series} T
   * @param {T} series
   * @returns {T}
   */
  limited(series) {
    return { ...series, low: this.limits.low ?? series.low, high: this.limits.high ?? series.high };
  }

  /** Draws what has come meanwhile, where it follows. */
  tick() {
    if (!this.following) return;
    // What cannot be had now is asked for with the next snapshot; what streams in goes on without it.
    if (this.filled !== this.signals.snapshots) this.fill().catch(() => undefined);
    this.gather();
    const { view } = this;
    for (const figure of this.figures) figure.follow(this.found, view);
  }

  /** Without a cursor, legends read what was last. */
  readNow() {
    if (!this.following) return;
    for (const figure of this.figures) {
      figure.point(this.cursor, null);
      for (const entry of figure.entries) {
        const signal = this.signals.known.get(entry.key);
        if (!signal) continue;
        const { item, value } = figure.readingOf(entry);
        item.classList.toggle("stale", isStale(signal));
        if (this.cursor === null) value.textContent = reading(signal);
      }
    }
  }

  /** Puts in front of what streams in what was recorded, where a snapshot begins after what is shown. */
  async fill() {
    this.filled = this.signals.snapshots;
    const end = this.signals.now();
    const start = end - this.span;
    /** @param {string} key */
    const beginsLate = (key) => {
      const series = this.signals.known.get(key)?.series;
      return series !== undefined && series.seconds.length > 0 && series.seconds[0] > start + series.gap;
    };
    for (const device of this.devices()) {
      const names = this.names(device).filter((name) => beginsLate(keyOf(device, name)));
      if (!names.length) continue;
      const { plot } = await this.ask(device, names, { start, end }, new AbortController().signal);
      for (const { name, seconds, values } of plot.series) {
        this.signals.before(keyOf(device, name), seconds.map((/** @type {number} */ each) => each - MIDNIGHT_MS / 1000), values);
      }
    }
  }

  async load() {
    if (this.following) {
      this.gather();
      this.show();
      return;
    }
    this.sources = this.devices().map((device) => ({ id: device, key: device, shift: 0 }));
    await super.load();
  }

  devices() {
    return [...new Set(this.figures.flatMap((figure) => figure.entries.map((entry) => entry.source)))];
  }

  /**
   * What is plotted of a device and known.
   * @param {string} device
   */
  names(device) {
    const entries = this.figures.flatMap((figure) => figure.entries).filter((entry) => entry.source === device);
    return [...new Set(entries.map((entry) => entry.name))].filter((name) => this.signals.known.has(keyOf(device, name)));
  }

  /**
   * @param {string} device
   * @param {string[]} names
   * @param {View} view
   * @param {AbortSignal} signal
   */
  async ask(device, names, { start, end }, signal) {
    const width = Math.max(200, ...this.figures.map((figure) => figure.host.clientWidth));
    const points = Math.round(width * (devicePixelRatio || 1) * 2);
    const query = new URLSearchParams(names.map((name) => ["signal", name]));
    query.set("start", (start + MIDNIGHT_MS / 1000).toFixed(6));
    query.set("end", (end + MIDNIGHT_MS / 1000).toFixed(6));
    query.set("points", String(points));
    const answer = await fetch(`/api/live/${encodeURIComponent(device)}/plot?${query}`, { headers: { Accept: "application/json" }, signal });
    const plot = await answer.json();
    if (!answer.ok) throw new Error(plot.detail);
    return { plot, points };
  }

  /**
   * @param {import("../plots/linked.js").Source} source
   * @param {AbortSignal} signal
   */
  async loadOne(source, signal) {
    const names = this.names(source.id);
    if (!names.length) return;
    const { plot, points } = await this.ask(source.id, names, this.view, signal);
    if (this.following) return;
    for (const series of plot.series) {
      const gap = Math.max(gapOf(series, plot.end_s - plot.start_s, points), this.signals.known.get(`${source.key}:${series.name}`)?.series.gap ?? 1);
      this.found.set(`${source.key}:${series.name}`, { ...this.limited(series), gap, shift: -MIDNIGHT_MS / 1000 });
    }
  }

  measure() {}  // how much there is is known without asking
}
