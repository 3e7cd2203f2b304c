// How far all files together are, and how fast: from what each has sent.

import { size } from "../kernel/words.js";

const WINDOW_MS = 4000;

/** @param {number} seconds */
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/**
 * `samples` are milliseconds and bytes of the last few seconds.
 * @typedef {{ size: number, sent: number, samples: [number, number][] }} Sent
 */

/** Bytes of a few files, by whatever stands for a file. */
export class Totals {
  /** @type {Map<object, Sent>} */
  #files = new Map();

  /**
   * @param {object} file
   * @param {number} bytes
   */
  add(file, bytes) { this.#files.set(file, { size: bytes, sent: 0, samples: [] }); }

  /** @param {object} file */
  drop(file) { this.#files.delete(file); }

  /**
   * @param {object} file
   * @param {boolean} duplicate
   */
  done(file, duplicate) {
    const known = this.#known(file);
    // What was here already needs no time: it would make the rest look fast.
    if (duplicate) this.drop(file);
    else Object.assign(known, { sent: known.size, samples: [] });
  }

  /**
   * @param {object} file
   * @param {number} bytes
   */
  sent(file, bytes) {
    const known = this.#known(file);
    const now = performance.now();
    if (bytes < known.sent) known.samples = [];
    known.sent = bytes;
    known.samples.push([now, bytes]);
    while (now - known.samples[0][0] > WINDOW_MS) known.samples.shift();
  }

  /**
   * Bytes per second over the last few seconds, 0 when nobody can tell yet.
   * @param {object} file
   */
  rate(file) {
    const { samples } = this.#known(file);
    if (samples.length < 2) return 0;
    const [[began, before], [ended, after]] = [samples[0], samples[samples.length - 1]];
    return ended - began > 300 ? ((after - before) * 1000) / (ended - began) : 0;
  }

  share() {
    const [sent, all] = this.#sums();
    return all ? sent / all : 0;
  }

  /** ` · 1.2 GB of 4.5 GB · 38.0 MB/s · 1:20 left` */
  words() {
    const [sent, all] = this.#sums();
    const rate = [...this.#files.keys()].reduce((sum, file) => sum + this.rate(file), 0);
    const speed = rate ? ` · ${size(rate)}/s · ${clock((all - sent) / rate)} left` : "";
    return ` · ${size(sent)} of ${size(all)}${speed}`;
  }

  /** @param {object} file */
  #known(file) {
    const known = this.#files.get(file);
    if (!known) throw new Error("This file was never added.");
    return known;
  }

  #sums() {
    const files = [...this.#files.values()];
    return [files.reduce((sum, each) => sum + each.sent, 0), files.reduce((sum, each) => sum + each.size, 0)];
  }
}
