// One file's way into Paddock over the API that programs use too: hash, announce, send what is missing, complete.

import { messageOf } from "../kernel/api.js";
import { noLog } from "./log-kinds.js";
import { forget, recall, remember } from "./unfinished.js";

/** @typedef {{ number: number, offset: number, size_bytes: number, url: string }} Part */

/**
 * The server's answer to an announcement: what is missing of the file, or the recording that it is.
 * @typedef {{ id: string, parts: Part[], recording: Recording | null }} Plan
 */

/** @typedef {{ id: string } & import("./arrived.js").State} Recording */

/**
 * Why a step failed: Paddock is away (`lost`), a new plan helps (`stale`), the same again does not (`useless`), or
 * somebody wanted it (`paused`).
 * @typedef {{ lost?: boolean, stale?: boolean, useless?: boolean, paused?: boolean }} Reason
 */

/** @typedef {(bytes: number) => void} Sent */

export class Failed extends Error {
  /** What the server holds of the file: its upload's id, or "". */
  upload = "";

  /**
   * @param {string} message for people
   * @param {Reason} reason
   */
  constructor(message, reason = {}) {
    super(message);
    this.reason = reason;
  }
}

/** @param {unknown} error */
const asFailed = (error) => (error instanceof Failed ? error : new Failed(messageOf(error)));

const PARTS_AT_ONCE = 3;
const PART_TRIES = 3;
const ROUNDS = 4;
const AWAY_MS = 3000;

const worker = new Worker(new URL("./hash-worker.js", import.meta.url), { type: "module" });
/** @type {Map<number, { progress: (share: number) => void, resolve: (sha256: string) => void, reject: (error: Error) => void }>} */
const hashing = new Map();
worker.onmessage = ({ data }) => {
  const waiting = hashing.get(data.id);
  if (!waiting) return undefined;
  if (data.done !== undefined) return waiting.progress(data.done);
  hashing.delete(data.id);
  return data.sha256 ? waiting.resolve(data.sha256) : waiting.reject(new Error(data.error));
};
worker.onerror = () => {
  for (const waiting of hashing.values()) waiting.reject(new Error("This browser cannot hash files here."));
  hashing.clear();
};
let lastId = 0;

/**
 * SHA-256 of a file, in hexadecimal.
 * @param {File} file
 * @param {(share: number) => void} progress
 * @returns {Promise<string>}
 */
export function hash(file, progress) {
  return new Promise((resolve, reject) => {
    const id = (lastId += 1);
    hashing.set(id, { progress, resolve, reject });
    worker.postMessage({ id, file });
  });
}

/**
 * Why a file need not even be announced, or "". The server decides; this only spares the wait.
 * @param {File} file
 */
export async function refusal(file) {
  if (file.size === 0) return "The file is empty: nothing was recorded, so there is nothing to keep.";
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  return noLog(head);
}

/**
 * @template T
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<T>}
 */
async function call(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
    });
  } catch {
    throw new Failed("Paddock does not answer. Check the connection, then try again.", { lost: true });
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const stale = said.code === "parts_missing" || said.code === "no_such_upload";
    throw new Failed(said.detail ?? `Paddock answered ${answer.status}.`, { stale });
  }
  return said;
}

/** Whether Paddock answers at all: a store that does not is another fault than a connection that is away. */
async function answers() {
  try {
    return (await fetch("/health", { cache: "no-store" })).status < 500;
  } catch {
    return false;
  }
}

/** Until it is worth trying again: the browser hears of a network, or a few seconds are over. */
const aWhile = () => new Promise((resolve) => {
  setTimeout(resolve, AWAY_MS);
  addEventListener("online", resolve, { once: true });
});

/**
 * What `ask` answers, however long Paddock is away.
 * @template T
 * @param {() => Promise<T>} ask
 * @param {Pause} pause
 * @param {() => void} away
 */
async function patiently(ask, pause, away) {
  for (;;) {
    await pause.passed();
    try {
      return await ask();
    } catch (error) {
      if (!asFailed(error).reason.lost) throw error;
      away();
      await aWhile();
    }
  }
}

/** Holds a transfer: parts on their way are cut off, and sent again after `resume`. */
export class Pause {
  /** @type {Promise<void> | null} */
  #held = null;
  #release = () => {};
  /** @type {Set<XMLHttpRequest>} */
  #requests = new Set();

  get on() { return this.#held !== null; }

  pause() {
    this.#held ??= new Promise((resolve) => { this.#release = resolve; });
    for (const request of this.#requests) request.abort();
  }

  resume() {
    this.#held = null;
    this.#release();
  }

  /** Resolves at once, or after `resume`. */
  async passed() {
    while (this.#held) await this.#held;
  }

  /**
   * Cuts this request off when somebody pauses.
   * @param {XMLHttpRequest} request
   */
  watch(request) {
    this.#requests.add(request);
    request.addEventListener("loadend", () => this.#requests.delete(request));
  }
}

/**
 * By XMLHttpRequest, because fetch does not tell how much of a body was sent.
 * @param {string} url
 * @param {Blob} bytes
 * @param {Sent} sent
 * @param {Pause} pause
 * @returns {Promise<void>}
 */
function put(url, bytes, sent, pause) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => {
      if (request.status < 300) return resolve();
      let detail = `The store answered ${request.status}.`;
      try { detail = JSON.parse(request.responseText).detail ?? detail; } catch { /* not from us */ }
      // 403: the link's time is over, here as on S3. 404: the store has forgotten the upload.
      const stale = request.status === 403 || request.status === 404;
      return reject(new Failed(detail, { stale, useless: request.status >= 400 && request.status < 500 }));
    };
    request.onerror = () => reject(new Error("The connection broke. Try again: what has arrived is kept."));
    request.onabort = () => reject(new Failed("Paused.", { paused: true }));
    pause.watch(request);
    request.send(bytes);
  });
}

/**
 * @param {File} file
 * @param {Part} part
 * @param {Sent} sent
 * @param {Pause} pause
 * @param {() => void} away
 */
async function putPart(file, part, sent, pause, away) {
  for (let tries = 1; ;) {
    await pause.passed();
    try {
      await put(part.url, file.slice(part.offset, part.offset + part.size_bytes), sent, pause);
      return sent(part.size_bytes);
    } catch (error) {
      sent(0);
      const { reason } = asFailed(error);
      if (reason.paused) continue;
      if (reason.useless) throw error;
      if (!await answers()) {
        away();
        await aWhile();
        continue;
      }
      if (tries >= PART_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
      tries += 1;
    }
  }
}

/**
 * Sends the parts that are missing; `sent(bytes)` hears how much of the whole file has arrived.
 * @param {File} file
 * @param {Part[]} missing
 * @param {Sent} sent
 * @param {Pause} pause
 * @param {() => void} away
 */
async function putAll(file, missing, sent, pause, away) {
  const absent = missing.reduce((sum, part) => sum + part.size_bytes, 0);
  /** @type {Map<number, number>} */
  const arrived = new Map();
  const report = () => sent(file.size - absent + [...arrived.values()].reduce((sum, bytes) => sum + bytes, 0));
  report();
  const parts = [...missing];
  const lane = async () => {
    for (let part = parts.shift(); part; part = parts.shift()) {
      const { number } = part;
      await putPart(file, part, (bytes) => { arrived.set(number, bytes); report(); }, pause, away);
    }
  };
  try {
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, lane));
  } catch (error) {
    parts.length = 0;
    throw error;
  }
}

/**
 * Sends one file. `say(stage, bytes)` hears "hashing" and "sending" with how many bytes are done, and "offline" while
 * Paddock does not answer; it goes on by itself.
 * Rejects with a `Failed` whose message is for people, and whose `upload` names what the server holds of the file.
 * @param {File} file
 * @param {{ metadata: Record<string, string>, pause: Pause, say: (stage: string, bytes: number) => void }} how
 * @returns {Promise<{ recording: Recording, duplicate: boolean }>}
 */
export async function transfer(file, { metadata, pause, say }) {
  const refused = await refusal(file);
  if (refused) throw new Failed(refused);
  say("hashing", 0);
  const sha256 = recall(file) ?? await hash(file, (share) => say("hashing", share * file.size));
  remember(file, sha256);
  let arrived = 0;
  /** @type {Sent} */
  const sending = (bytes) => { arrived = bytes; say("sending", bytes); };
  const away = () => say("offline", arrived);
  for (let round = 1; ; round += 1) {
    /** @returns {Promise<Plan>} */
    const announce = () => call("/api/uploads", { sha256, size_bytes: file.size, name: file.name, metadata });
    const plan = await patiently(announce, pause, away);
    if (plan.recording) {
      forget(file);
      return { recording: plan.recording, duplicate: round === 1 };
    }
    try {
      await putAll(file, plan.parts, sending, pause, away);
      /** @returns {Promise<{ recording: Recording }>} */
      const complete = () => call(`/api/uploads/${encodeURIComponent(plan.id)}/complete`);
      const { recording } = await patiently(complete, pause, away);
      forget(file);
      return { recording, duplicate: false };
    } catch (error) {
      // Announced again, the file gets fresh links for exactly the parts that are missing.
      const failed = asFailed(error);
      failed.upload = plan.id;
      if (!failed.reason.stale || round >= ROUNDS) throw failed;
    }
  }
}
