// What the plots ask the service for.

/**
 * What is known of a signal without reading its samples, as the API has it.
 * @typedef {object} Signal
 * @property {string} name topic and field path
 * @property {string} topic
 * @property {string} dtype
 * @property {string} unit may be empty
 * @property {string} label
 * @property {string} role
 * @property {number} count values that are there
 * @property {number} missing NaN among them
 * @property {number | null} min null for texts
 * @property {number | null} max
 * @property {number | null} mean
 * @property {number | string | null} first
 * @property {number | string | null} last
 * @property {number} longest elements of the longest list; 0 for what is none
 * @property {string} element_of the list that it is an element of, or ""
 * @property {number} maths_version of a maths channel; 0 of what the log has
 * @property {boolean} outdated whether the team has another version by now
 */

/** @typedef {import("./series.js").Series} Series */
/** @typedef {{ origin_at: string, start_s: number, end_s: number, series: Series[] }} Plot */
/** @typedef {{ topic: string, message_count: number, pieces: [number, number][] }} Coverage */

/**
 * @template T
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
async function ask(url, signal) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail ?? `The service answered ${answer.status}.`);
  return body;
}

/**
 * Signals over a span in seconds of the log (`null` for all of it).
 * @param {string} recording
 * @param {string[]} names
 * @param {import("./series.js").View | null} view
 * @param {number} points
 * @param {AbortSignal} [signal]
 * @returns {Promise<Plot>}
 */
export function fetchPlot(recording, names, view, points, signal) {
  const query = new URLSearchParams(names.map((name) => ["signal", name]));
  if (view) {
    query.set("start", view.start.toFixed(6));
    query.set("end", view.end.toFixed(6));
  }
  query.set("points", String(points));
  return ask(`/api/recordings/${recording}/plot?${query}`, signal);
}

/** @typedef {{ signal: { name: string }, count: number, at: (number | null)[] } & Record<"min" | "max" | "mean" | "rms" | "std", number | null>} Numbers */

const MOST_NUMBERS = 50;  // signals of one question

/**
 * Statistics of all samples in a span (`null` for all of the log), and values at instants, in seconds of the log.
 * @param {string} recording
 * @param {string[]} names
 * @param {import("./series.js").View | null} span
 * @param {number[]} instants
 * @param {AbortSignal} signal
 * @returns {Promise<Numbers[]>}
 */
export async function fetchNumbers(recording, names, span, instants, signal) {
  const found = [];
  for (let from = 0; from < names.length; from += MOST_NUMBERS) {
    const query = new URLSearchParams(names.slice(from, from + MOST_NUMBERS).map((name) => ["signal", name]));
    if (span) query.set("start", span.start.toFixed(7));
    if (span) query.set("end", span.end.toFixed(7));
    for (const instant of instants) query.append("at", instant.toFixed(6));
    /** @type {{ items: Numbers[] }} */
    const answer = await ask(`/api/recordings/${recording}/statistics?${query}`, signal);
    found.push(...answer.items);
  }
  return found;
}

/** @type {Map<string, Promise<Signal[]>>} */
const lists = new Map();  // recording → its signals, because overview, picker and take-away all ask

/**
 * Every signal with unit, type and statistics.
 * @param {string} recording
 */
export function fetchSignals(recording) {
  const known = lists.get(recording);
  if (known) return known;
  /** @type {Promise<{ items: Signal[] }>} */
  const answer = ask(`/api/recordings/${recording}/signals`);
  const asked = answer.then((list) => list.items);
  asked.catch(() => lists.delete(recording));
  lists.set(recording, asked);
  return asked;
}

/**
 * @param {string} recording
 * @returns {Promise<{ duration_s: number, items: Coverage[] }>}
 */
export function fetchCoverage(recording) {
  return ask(`/api/recordings/${recording}/coverage`);
}
