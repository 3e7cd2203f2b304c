// Figures that share one time axis and one cursor. Where the view changes, detail is fetched again.

import { marginsOf } from "./chart.js";
import { fetchPlot } from "./data.js";

/** @typedef {import("./figure.js").Figure} Figure */
/** @typedef {import("./series.js").View} View */

/**
 * A recording under the plots: by `key` its signals are told from the other's; `shift` is added to all its times. Over
 * distance, `at` says the second of its log at a place of the axis. Of what no log has, `numbers` counts here.
 * @typedef {object} Source
 * @property {string} id
 * @property {string} key
 * @property {number} shift
 * @property {number} [duration]
 * @property {(place: number) => number} [at]
 * @property {(span: View, instants: number[]) => import("./data.js").Numbers[]} [numbers]
 */

/** @typedef {[number | null, number | null]} Pins the two cursors that stay where they were put, in seconds of the axis */

/**
 * Who wants to hear what.
 * @typedef {{ view?: () => void, cursor?: () => void, pins?: () => void, busy?: (busy: boolean) => void, failed?: (error: unknown) => void, loaded?: () => void }} Heard
 */

export const SETTLE_MS = 140;
const SHORTEST_S = 1e-4;
const POINTS_PER_PX = 2;

const BUCKET_POINTS = 4;  // as the service decimates

/**
 * So many seconds without a sample are a gap, over which no line is drawn. Where samples were left out, two that
 * stayed may lie as far apart as two buckets are long; of steps nothing stays but changes, so these have no gaps then.
 * @param {Pick<import("./series.js").Series, "drawing" | "seconds" | "samples">} series
 * @param {number} span
 * @param {number} points
 */
export function gapOf(series, span, points) {
  if (series.drawing !== "line" && series.seconds.length < series.samples) return Infinity;
  return Math.max(1, (10 * span) / series.samples, (2 * BUCKET_POINTS * span) / points);
}

export class Linked {
  /** @type {Figure[]} */
  figures = [];
  stacked = false;
  pinnable = false;  // whether a click puts a cursor
  /** @type {"time" | "distance"} */
  over = "time";
  /** @type {View} */
  full = { start: 0, end: 1 };
  /** @type {View | null} */
  zoomed = null;  // null: everything
  /** @type {number | null} */
  cursor = null;
  /** @type {Pins} */
  pins = [null, null];
  /** @type {Map<string, import("./series.js").Found>} */
  found = new Map();
  /** @type {Map<string, import("./data.js").Plot>} */
  spans = new Map();
  /** @type {(() => (seconds: number) => void) | null} */
  grab = null;
  /** @type {AbortController | null} */
  asking = null;
  timer = 0;

  /**
   * @param {Source[]} sources
   * @param {Heard} on
   */
  constructor(sources, on = {}) {
    this.sources = sources;
    this.on = on;
  }

  get view() {
    return this.zoomed ?? this.full;
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    for (const figure of this.figures) figure.close();
    this.figures = [];
  }

  /** @param {View} view */
  zoomTo({ start, end }) {
    const longest = this.full.end - this.full.start;
    const span = Math.min(longest, Math.max(SHORTEST_S, end - start));
    const begin = Math.min(this.full.end - span, Math.max(this.full.start, span > end - start ? (start + end - span) / 2 : start));
    this.zoomed = span >= longest ? null : { start: begin, end: begin + span };
    this.look();
  }

  reset() {
    this.zoomed = null;
    this.look();
  }

  look() {
    for (const figure of this.figures) figure.look(this.view);
    this.on.view?.();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.load(), SETTLE_MS);
  }

  /** @param {number | null} seconds */
  moveCursor(seconds) {
    this.cursor = seconds;
    for (const figure of this.figures) figure.point(seconds, null);
    this.on.cursor?.();
  }

  /** @param {Pins} pins */
  pin(pins) {
    this.pins = pins;
    for (const figure of this.figures) figure.point(this.cursor, null);
    this.on.pins?.();
  }

  /**
   * Puts the first cursor, then the second one; then moves the nearer of the two.
   * @param {number} seconds
   */
  pinNext(seconds) {
    const [one, other] = this.pins;
    const takesFirst = one === null || (other !== null && Math.abs(seconds - one) < Math.abs(seconds - other));
    this.pin(takesFirst ? [seconds, other] : [one, seconds]);
  }

  /** @param {[number, number] | null} selection */
  mark(selection) {
    for (const figure of this.figures) figure.point(this.cursor, selection);
  }

  /** Fetches what the figures draw, in one request for each recording; an older request is given up. */
  async load() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.on.busy?.(true);
    try {
      await Promise.all(this.sources.map((source) => this.loadOne(source, asking.signal)));
    } catch (error) {
      if (!asking.signal.aborted) this.on.failed?.(error);
      return;
    } finally {
      if (this.asking === asking) this.on.busy?.(false);
    }
    this.measure();
    this.show();
    this.on.loaded?.();
  }

  /** Draws what was found so far. */
  show() {
    for (const figure of this.figures) figure.take(this.found);
    const needed = this.figures.map((figure) => marginsOf(figure.series, figure.host.clientWidth));
    /** @param {"left" | "right"} side */
    const common = (side) => Math.max(...needed.map((margins) => margins[side]));
    // Beside each other, as in the overview, each takes what it needs.
    needed.forEach((own, number) => {
      const margins = this.stacked ? { left: common("left"), right: common("right") } : own;
      this.figures[number].show(this.view, margins);
      this.figures[number].point(this.cursor, null);
    });
  }

  /**
   * @param {Source} source
   * @param {AbortSignal} signal
   */
  async loadOne(source, signal) {
    const entries = this.figures.flatMap((figure) => figure.entries).filter((entry) => entry.source === source.key);
    const names = [...new Set(entries.map((entry) => entry.name))];
    const width = Math.max(200, ...this.figures.map((figure) => figure.host.clientWidth));
    const view = this.zoomed && { start: this.zoomed.start - source.shift, end: this.zoomed.end - source.shift };
    const points = Math.round(width * (devicePixelRatio || 1) * POINTS_PER_PX);
    const plot = await fetchPlot(source.id, names, view, points, signal);
    if (!view) this.spans.set(source.key, plot);
    for (const series of plot.series) {
      const gap = gapOf(series, plot.end_s - plot.start_s, points);
      this.found.set(`${source.key}:${series.name}`, { ...series, gap, shift: source.shift });
    }
  }

  /** All of the time that any of the recordings has. */
  measure() {
    const spans = this.sources.filter((source) => source.duration || this.spans.has(source.key)).map((source) => {
      const span = this.spans.get(source.key) ?? { start_s: 0, end_s: source.duration ?? 0 };
      return [span.start_s + source.shift, span.end_s + source.shift];
    });
    if (!spans.length) return;
    const [start, end] = [Math.min(...spans.map((span) => span[0])), Math.max(...spans.map((span) => span[1]))];
    this.full = { start, end: end > start ? end : start + 1 };
  }
}
