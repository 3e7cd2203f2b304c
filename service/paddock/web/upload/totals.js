// How far all files together are, and how fast: from what each has sent.

import { size } from "../kernel/words.js";

const WINDOW_MS = 4000;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** Bytes of a few files, by whatever stands for a file. */
export class Totals {
  #files = new Map();  // file → {size, sent, samples: [[ms, bytes], …]}

  add(file, bytes) { this.#files.set(file, { size: bytes, sent: 0, samples: [] }); }

  drop(file) { this.#files.delete(file); }

  done(file, duplicate) {
    const known = this.#files.get(file);
    // What was here already needs no time: it would make the rest look fast.
    if (duplicate) this.drop(file);
    else Object.assign(known, { sent: known.size, samples: [] });
  }

  sent(file, bytes) {
    const known = this.#files.get(file);
    const now = performance.now();
    if (bytes < known.sent) known.samples = [];
    known.sent = bytes;
    known.samples.push([now, bytes]);
    while (now - known.samples[0][0] > WINDOW_MS) known.samples.shift();
  }

  /** Bytes per second over the last few seconds, 0 when nobody can tell yet. */
  rate(file) {
    const { samples } = this.#files.get(file);
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

  #sums() {
    const files = [...this.#files.values()];
    return [files.reduce((sum, each) => sum + each.sent, 0), files.reduce((sum, each) => sum + each.size, 0)];
  }
}
