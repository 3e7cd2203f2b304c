// What a page knows of the signals that it follows: their last minutes, and whether they are stale.

import { indexAt } from "../plots/series.js";
import { valueText } from "../plots/ticks.js";

/** @typedef {import("../plots/series.js").Value} Value */
/** @typedef {import("../plots/series.js").Found} Found */
/** @typedef {import("./stream.js").Told} Told */

/** @typedef {Omit<import("./stream.js").Described, "number"> & { series: Found, heardAt: number, period: number | null }} LiveSignal */

/** Second 0 of all axes of the page: midnight here, so that they say the time of day. */
export const MIDNIGHT_MS = new Date().setHours(0, 0, 0, 0);

const STALE_PERIODS = 4;
const STALE_AT_LEAST_S = 1;
const UNKNOWN_PERIOD_S = 8;  // of what came only once so far
const GAP_PERIODS = 10;
const SAME_S = 5e-6;  // two instants that are closer are one, rounded twice

/**
 * @param {string} device
 * @param {string} name
 */
export const keyOf = (device, name) => `${device}:${name}`;

export class Signals {
  /** @type {Map<string, LiveSignal>} */
  known = new Map();
  /** @type {Map<number, LiveSignal>} */
  numbers = new Map();
  /** @type {Set<string>} */
  fresh = new Set();  // keys that came since somebody looked
  added = false;  // whether there are signals that nobody has seen yet
  origin = 0;  // of the seconds of this connection, on the page's axes
  ahead = 0;  // seconds by which the server's clock goes before this one's
  kept = 120;  // seconds that are kept
  leftOut = 0;
  /** @type {Record<string, string[]>} */
  notes = {};  // sentences about devices
  snapshots = 0;  // that came

  /** @param {Told} told */
  take(told) {
    if (told.origin_at) {
      this.origin = (Date.parse(told.origin_at) - MIDNIGHT_MS) / 1000;
      this.numbers.clear();
      this.snapshots++;
    }
    const here = (Date.now() - MIDNIGHT_MS) / 1000;
    const ahead = told.at_s + this.origin - here;
    // What took long to come says too little, so the largest of late counts; it gives way slowly.
    this.ahead = told.origin_at ? ahead : Math.max(ahead, this.ahead - 0.002);
    if (told.reset) for (const signal of this.known.values()) clear(signal.series);
    for (const { number, ...described } of told.signals ?? []) this.describe(number, described);
    for (const [number, seconds, values] of told.samples) {
      const signal = this.numbers.get(number);
      if (signal && seconds.length) this.append(signal, seconds, values, told);
    }
    this.leftOut = told.left_out_total ?? this.leftOut;
    this.notes = told.notes ?? (told.origin_at ? {} : this.notes);
  }

  /**
   * @param {number} number
   * @param {Omit<import("./stream.js").Described, "number">} described
   */
  describe(number, described) {
    const key = keyOf(described.device, described.name);
    const known = this.known.get(key);
    const period = described.period_s ?? known?.period ?? null;
    /** @type {Found} */
    const series = known?.series ?? { ...drawn(described), seconds: [], values: [], gap: 1, shift: 0 };
    Object.assign(series, drawn(described), { gap: Math.max(1, GAP_PERIODS * (period ?? 1)) });
    const signal = Object.assign(known ?? /** @type {LiveSignal} */ ({}), described, { series, period, heardAt: performance.now() - 1000 * described.received_ago_s });
    this.known.set(key, signal);
    this.numbers.set(number, signal);
    if (!known) this.added = true;
  }

  /**
   * @param {LiveSignal} signal
   * @param {number[]} seconds
   * @param {Value[]} values
   * @param {Told} told
   */
  append(signal, seconds, values, told) {
    const { series } = signal;
    const times = seconds.map((each) => each + this.origin);
    const last = series.seconds.at(-1) ?? -Infinity;
    series.seconds.push(...times);
    series.values.push(...values);
    if (times[0] < last) inOrder(series);  // kept while there was no link, and sent now
    const since = times[times.length - 1] - last;
    // Of what comes more often than the page is told, the service knows better how often.
    if (since > 0.2 && Number.isFinite(since)) signal.period = signal.period === null ? since : 0.7 * signal.period + 0.3 * Math.min(since, 10 * signal.period);
    if (!told.reset) signal.heardAt = performance.now();
    trim(series, this.now() - this.kept);
    this.fresh.add(keyOf(signal.device, signal.name));
  }

  /**
   * Puts older samples in front of those that are there.
   * @param {string} key
   * @param {number[]} seconds
   * @param {Value[]} values
   */
  before(key, seconds, values) {
    const series = this.known.get(key)?.series;
    if (!series?.seconds.length) return;
    const first = series.seconds[0] - SAME_S;
    const older = seconds.filter((each) => each < first).length;
    series.seconds.unshift(...seconds.slice(0, older));
    series.values.unshift(...values.slice(0, older));
  }

  /** Now, on the page's axes, as the devices' clocks and the server's have it. */
  now() {
    return (Date.now() - MIDNIGHT_MS) / 1000 + this.ahead;
  }
}

/**
 * What is drawn of a signal, without its samples.
 * @param {Omit<import("./stream.js").Described, "number">} described
 */
function drawn({ name, label, unit, dtype, drawing, enums, faults, low, high }) {
  return { name, label, unit, dtype, drawing, faults, low: low ?? null, high: high ?? null, enums, samples: 0 };
}

/** @param {Found} series */
function clear(series) {
  series.seconds.length = 0;
  series.values.length = 0;
}

/** @param {Found} series */
function inOrder(series) {
  const order = series.seconds.map((_, at) => at).sort((a, b) => series.seconds[a] - series.seconds[b] || a - b);
  series.seconds = order.map((at) => series.seconds[at]);
  series.values = order.map((at) => series.values[at]);
}

/**
 * Forgets what is older, now and then.
 * @param {Found} series
 * @param {number} oldest
 */
function trim(series, oldest) {
  const first = indexAt(series.seconds, oldest);
  if (first < 256 && first < series.seconds.length / 2) return;
  const gone = Math.min(first, series.seconds.length - 1);
  series.seconds.splice(0, gone);
  series.values.splice(0, gone);
}

/** @param {LiveSignal} signal */
export function lastOf(signal) {
  return signal.series.values.at(-1) ?? null;
}

/** @param {LiveSignal} signal */
export const ageOf = (signal) => (performance.now() - signal.heardAt) / 1000;

/**
 * Whether it should have come again by now, by its own rate.
 * @param {LiveSignal} signal
 */
export function isStale(signal) {
  const period = signal.period === null ? UNKNOWN_PERIOD_S : STALE_PERIODS * signal.period;
  return ageOf(signal) > Math.max(STALE_AT_LEAST_S, period);
}

/**
 * What is wrong with a value: outside the limits, or a fault.
 * @param {{ low: number | null, high: number | null, faults: Value[] }} limits
 * @param {Value} value
 */
export function isBad({ low, high, faults }, value) {
  if (typeof value === "number" && ((low !== null && value < low) || (high !== null && value > high))) return true;
  return value !== null && faults.includes(value);
}

const PLACES = ["latitude", "longitude"];

/**
 * The last value of a signal in words: an enum's name, a place on the ground to a metre.
 * @param {LiveSignal} signal
 */
export function reading(signal) {
  const value = lastOf(signal);
  if (typeof value === "number") {
    if (PLACES.includes(signal.role)) return value.toFixed(5).replace("-", "−");
    if (signal.enums[value] !== undefined) return signal.enums[value];
  }
  return spoken(value);
}

/**
 * A value in words, of a width that does not jump.
 * @param {Value} value
 */
export function spoken(value) {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value !== "number" || Number.isInteger(value)) return valueText(value);
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return size !== 0 && size < 0.001 ? valueText(value) : value.toFixed(digits).replace("-", "−");
}

/**
 * How long ago, in words.
 * @param {number} seconds
 */
export function agoText(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s ago`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}
