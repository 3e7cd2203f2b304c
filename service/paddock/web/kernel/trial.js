// What somebody tries on the recordings there are before it is saved: asked for, followed until it is done, let go.

import { call } from "./api.js";
import { make } from "./dom.js";

const AGAIN_MS = 500;
const LISTED = 12;

/**
 * @typedef {{ id: string, state: string, total: number, looked: number, error: string }} Progress
 * @typedef {{ recording: string, name: string, seconds: number, link: string, said: string }} Moment
 */

/**
 * @template {{ id: string, state: string }} Preview
 */
export class Trial {
  /**
   * @param {string} begin where a trial is begun
   * @param {string} place where trials are
   * @param {(preview: Preview) => void} show
   */
  constructor(begin, place, show) {
    this.begin = begin;
    this.place = place;
    this.show = show;
    this.id = "";  // of the one that is followed
  }

  /** Nobody wants to know any more. */
  forget() {
    if (this.id) void call("DELETE", `${this.place}/${this.id}`).catch(() => undefined);
    this.id = "";
  }

  /**
   * Begins another one and shows how it goes, until it is done or forgotten.
   * @param {object} said
   */
  async follow(said) {
    this.forget();
    /** @type {Preview} */
    let preview = await call("POST", this.begin, said);
    const followed = this.id = preview.id;
    while (followed === this.id) {
      this.show(preview);
      if (!atWork(preview)) break;
      await new Promise((wake) => setTimeout(wake, AGAIN_MS));
      if (followed === this.id) preview = await call("GET", `${this.place}/${followed}`);
    }
  }
}

/** @param {{ state: string }} preview */
const atWork = (preview) => preview.state === "waiting" || preview.state === "running";

/**
 * How far a trial is and what it has found, in a box of a form.
 * @param {HTMLElement} box
 * @param {Progress} preview
 * @param {{ fired: number, moments: Moment[], unreadable: number, none: string }} found in how many recordings it
 *   fired, the first of them, how many cannot be read, and what to do where there is none to look at
 */
export function showTrial(box, preview, { fired, moments, unreadable, none }) {
  const running = atWork(preview);
  const many = `${preview.looked} recording${preview.looked === 1 ? "" : "s"}`;
  const rest = preview.looked < preview.total ? ` The newest ${preview.looked} of ${preview.total} were looked at.` : "";
  const so = preview.state === "waiting" ? "Waiting for the worker…"
    : running ? `${preview.looked} of ${preview.total} looked at: fired in ${fired}…`
    : preview.error || `Would have fired in ${fired} of ${many}.${rest}`;
  const rows = moments.slice(0, LISTED).map((moment) =>
    make("li", {}, make("a", { href: moment.link, target: "_blank" },
      `${moment.name || moment.recording.slice(0, 10)} at ${moment.seconds.toFixed(1)} s`), ` ${moment.said}`));
  /** @type {HTMLElement[]} */
  const parts = [make("p", { class: "tried-title" }, so)];
  if (running && preview.total) parts.push(make("progress", { value: preview.looked, max: preview.total, "aria-label": "Recordings looked at" }));
  if (!running && !preview.error && preview.total === 0) parts.push(make("p", { class: "hint" }, none));
  if (rows.length) parts.push(make("ul", { class: "sentences" }, ...rows));
  if (moments.length > LISTED) parts.push(make("p", { class: "hint" }, `and ${fired - LISTED} more`));
  if (unreadable) parts.push(make("p", { class: "hint" }, `${unreadable} cannot be read: convert them again.`));
  box.replaceChildren(...parts);
  box.hidden = false;
}

/**
 * Tries what a form says while its button waits.
 * @param {HTMLButtonElement} button
 * @param {HTMLFormElement} form
 * @param {(error?: unknown) => void} complain
 * @param {() => Promise<void>} follow
 */
export async function tryForm(button, form, complain, follow) {
  if (!form.reportValidity()) return;
  button.disabled = true;
  complain();
  try {
    await follow();
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}
