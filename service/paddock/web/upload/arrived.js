// What becomes of logs that have arrived: verified, converted, ready or failed. Few are asked about at a time, those
// that are being worked on and those whose turn is next, because somebody may send a whole season.

import { follow } from "../kernel/refresh.js";

const QUEUED_AT_ONCE = 4;
/** @type {Record<string, string>} */
const UNSETTLED = { verifying: "verifying", stored: "queued", converting: "converting" };

/**
 * What is asked about a recording here.
 * @typedef {{ status: string, progress: number | null, health?: string | null, error?: { message: string } | null }} State
 */

/** @typedef {{ id: string, say: (state: State) => void }} Followed */

/** @type {Set<Followed>} */
const queued = new Set();  // the oldest first
/** @type {Set<Followed>} */
const working = new Set();

/**
 * A recording's state in one word; until a worker has taken it up it waits.
 * @param {State} state
 */
export function wordOf({ status, progress }) {
  if (status === "verifying" && progress === null) return "queued";
  return UNSETTLED[status] ?? status;
}

/**
 * Tells what becomes of a log until that is settled: `say` hears the recording.
 * @param {string} id
 * @param {(state: State) => void} say
 */
export function followLog(id, say) {
  queued.add({ id, say });
  follow(askAll);
}

async function askAll() {
  for (const each of [...working, ...[...queued].slice(0, QUEUED_AT_ONCE)]) await askOne(each);
  return queued.size + working.size === 0;
}

/** @param {Followed} each */
async function askOne(each) {
  const answer = await fetch(`/api/recordings/${each.id}?fields=status,progress,health,error`, {
    headers: { Accept: "application/json" }, cache: "no-cache",
  });
  if (answer.status >= 500) throw new Error(`status ${answer.status}`);
  queued.delete(each);
  working.delete(each);
  if (!answer.ok) return;  // deleted meanwhile
  /** @type {State} */
  const recording = await answer.json();
  each.say(recording);
  // Back to the end of the queue, so that one that is stuck does not stand before the others.
  if (wordOf(recording) === "queued") queued.add(each);
  else if (recording.status in UNSETTLED) working.add(each);
}
