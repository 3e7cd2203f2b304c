// What somebody tries on the recordings there are before it is saved: asked for, followed until it is done, let go.

import { call } from "./api.js";

const AGAIN_MS = 500;

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
export const atWork = (preview) => preview.state === "waiting" || preview.state === "running";
