// The one WebSocket of a page: what devices send, while it happens. A lost connection goes on where it was.

/** @typedef {import("../plots/series.js").Value} Value */

/**
 * Signals of a device that the page shows: `signals` empty for all it has, `span_s` 0 for their last values alone.
 * @typedef {{ device: string, signals?: string[], span_s?: number, columns?: number }} Watched
 */

/**
 * What is said of a signal when it is first told of.
 * @typedef {object} Described
 * @property {number} number
 * @property {string} device
 * @property {string} name
 * @property {string} topic
 * @property {string} dtype
 * @property {"line" | "steps" | "segments"} drawing
 * @property {string} label
 * @property {string} unit
 * @property {string} role
 * @property {Record<string, string>} enums names by number
 * @property {Value[]} faults
 * @property {number | null} low
 * @property {number | null} high
 * @property {number | null} period_s
 * @property {number} received_ago_s
 */

/**
 * @typedef {object} Told
 * @property {"snapshot" | "changes"} type
 * @property {number} number
 * @property {number} sequence
 * @property {number} at_s now, by the server's clock
 * @property {string} [origin_at]
 * @property {boolean} [reset] what the page has is replaced
 * @property {Described[]} [signals]
 * @property {[number, number[], Value[]][]} samples
 * @property {Record<string, string[]>} [notes] sentences by device, where they are other ones than before
 * @property {number} [left_out]
 * @property {number} [left_out_total]
 */

/**
 * @typedef {object} Heard
 * @property {(told: Told) => void} told
 * @property {(state: "live" | "lost") => void} state
 */

const WINDOW = 12;  // messages that may be on their way: a slow line gets fewer, not later ones
const ACKNOWLEDGED = 3;  // one of so many is acknowledged, and with it those before
const SILENT_MS = 5000;  // the service says something every second
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

export class Stream {
  /** @type {WebSocket | null} */
  socket = null;
  /** @type {Watched[]} */
  watched = [];
  /** @type {number | null} */
  sequence = null;  // up to which it was told
  wait = FIRST_WAIT_MS;
  closed = false;
  timer = 0;
  silence = 0;

  /** @param {Heard} on */
  constructor(on) {
    this.on = on;
    this.wake = () => { if (!document.hidden && !this.socket && !this.closed) this.open(); };
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
  }

  /**
   * Shows these from now on.
   * @param {Watched[]} watched
   */
  watch(watched) {
    this.watched = watched;
    this.sequence = null;
    if (this.socket?.readyState === WebSocket.OPEN) this.ask();
    else if (!this.socket) this.open();
  }

  ask() {
    this.socket?.send(JSON.stringify({ watch: this.watched, ...(this.sequence !== null && { after: this.sequence }) }));
  }

  open() {
    clearTimeout(this.timer);
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/live?window=${WINDOW}`);
    this.socket = socket;
    this.hush();
    socket.addEventListener("open", () => this.ask());
    socket.addEventListener("message", (event) => {
      if (this.socket === socket) this.hear(JSON.parse(String(event.data)));
    });
    socket.addEventListener("close", () => this.lose(socket));
  }

  /** @param {Told} told */
  hear(told) {
    this.hush();
    this.wait = FIRST_WAIT_MS;
    this.sequence = told.sequence;
    this.on.state("live");
    this.on.told(told);
    // After it was drawn: whoever cannot draw so fast is sent fewer, and a page that nobody sees is sent none.
    if (told.number % ACKNOWLEDGED === 0) requestAnimationFrame(() => this.acknowledge(told.number));
  }

  /** @param {number} number */
  acknowledge(number) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ ack: number }));
  }

  /** A connection that says nothing is lost, whatever the browser believes of it. */
  hush() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (document.hidden) this.hush();
      else if (this.socket) this.lose(this.socket);
    }, SILENT_MS + this.wait);
  }

  /** @param {WebSocket} socket */
  lose(socket) {
    if (this.socket !== socket) return;
    this.socket = null;
    socket.close();
    clearTimeout(this.silence);
    if (this.closed) return;
    this.on.state("lost");
    this.timer = setTimeout(() => this.open(), this.wait * (0.5 + Math.random()));
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2);
  }

  close() {
    this.closed = true;
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket?.close();
    this.socket = null;
  }
}
