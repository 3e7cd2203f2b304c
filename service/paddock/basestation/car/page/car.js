// The car's page for a phone: starts and stops the recorder, says what the next log is of, shows what is there.
//
// It asks the car again every second. A car that is out of reach is said to be; what somebody typed meanwhile is
// sent once it answers. Starting and stopping are never sent later than they were meant.

import { call, codeOf, messageOf } from "/static/kernel/api.js";
import { fieldOf, make, need } from "/static/kernel/dom.js";
import { localise } from "/static/kernel/times.js";
import { size } from "/static/kernel/words.js";

/**
 * @typedef {{ doing: string, detail: string, file: string | null }} Recorder
 * @typedef {{ free_bytes: number, total_bytes: number, bytes_per_s: number | null, minutes_left: number | null, warning: string }} Disk
 * @typedef {{ now_ns: number, offset_ns: number | null, source: string | null, stepped_ns: number | null }} Clock
 * @typedef {{ name: string, size_bytes: number, modified_ns: number, closed: boolean | null, sha256: string | null, metadata: Record<string, string>, clock_offset_ns: number | null, trouble: string | null, state: string, url: string }} Row
 * @typedef {{ name: string, label: string, max_length: number, tag?: boolean }} Field
 * @typedef {{ name: string, recorder: Recorder, can_start: boolean, recording: string | null, recording_bytes: number, recording_s: number | null, metadata: Record<string, string>, recording_metadata: Record<string, string> | null, disk: Disk | null, clock: Clock, logs: number, to_hash: number, complaints: string[], rows: Row[], fields: Field[] }} State
 */

const AGAIN_MS = 1000;
const PATIENCE_MS = 6000;
const TELL_TIME_MS = 300_000;

const DOING = /** @type {Record<string, string>} */ ({
  recording: "Recording",
  starting: "Starting…",
  stopping: "Stopping…",
  stopped: "Not recording",
  died: "The recorder has died",
  unknown: "Not recording, as far as anybody can see",
});
const STATES = /** @type {Record<string, [string, string, string]>} */ ({
  recording: ["recording", "recording", "The recorder writes it."],
  closed: ["intact", "closed", "It is whole."],
  cut: ["recovered", "cut?", "It has no end, as after a power cut. Paddock takes out of it what is there."],
  settling: ["waiting", "looking", "Nobody can say yet whether it is written into."],
});
const SOURCES = /** @type {Record<string, string>} */ ({
  gps: "GPS", network: "the network", base_station: "the base station", phone: "a phone",
});

/** @type {Set<string>} */
const added = new Set();  // fields of the team's own that somebody asked for here
let answeredAt = Date.now();
let timeTold = -TELL_TIME_MS;
let touched = false;  // somebody types: what the car says does not replace it
let owed = false;  // saved while the car was out of reach
let shownRows = "";
let shownFields = "";

/** @param {string} selector */
const at = (selector) => need(document, selector);
const form = need(document, "#next-log", HTMLFormElement);

/**
 * @param {string} selector
 * @param {string} text
 */
function say(selector, text) {
  const element = at(selector);
  element.hidden = text === "";
  if (element.textContent !== text) element.textContent = text;
}

/** @param {number} seconds */
function spoken(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  if (Math.abs(seconds) < 60) return `${Math.round(Math.abs(seconds))} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h`;
  const days = Math.round(hours / 24);
  return days < 800 ? `${days} days` : `${Math.round(days / 365.25)} years`;
}

/** @param {number} seconds */
function clockOf(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ""}${hours ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
}

/** @param {State} state */
function showRecorder(state) {
  // Whatever the recorder says or does not say: a log that grows is being recorded.
  const doing = state.recorder.doing === "unknown" && state.recording !== null ? "recording" : state.recorder.doing;
  const section = at("#recorder");
  section.dataset.doing = doing;
  const since = doing === "recording" && state.recording_s !== null ? clockOf(state.recording_s) : "";
  say("#doing", DOING[doing] ?? doing);
  say("#since", since);
  say("#said", DOING[doing] ?? doing);
  say("#what", state.recording === null ? "" : `${state.recording}, ${size(state.recording_bytes)}`);
  if (!section.dataset.asked) say("#trouble", doing === "recording" ? "" : state.recorder.detail);
  const runs = ["recording", "stopping"].includes(state.recorder.doing);
  at("#start").hidden = !state.can_start || runs;
  at("#stop").hidden = !state.can_start || !runs;
  const busy = section.dataset.asked !== undefined || ["starting", "stopping"].includes(state.recorder.doing);
  for (const name of ["#start", "#stop"]) need(document, name, HTMLButtonElement).disabled = busy;
}

/** @param {State} state */
function showMachine(state) {
  say("#warning", [state.disk?.warning ?? "", ...state.complaints].filter(Boolean).join(" "));
  const disk = state.disk;
  if (disk === null) say("#disk", "does not answer");
  else {
    const enough = disk.minutes_left === null ? "" : `, enough for ${spoken(disk.minutes_left * 60)} of recording`;
    const rate = disk.bytes_per_s === null ? "" : ` at ${size(Math.round(disk.bytes_per_s))}/s`;
    say("#disk", `${size(disk.free_bytes)} of ${size(disk.total_bytes)} free${enough}${rate}`);
  }
  say("#clock", clockWords(state.clock));
  const waiting = state.to_hash;
  say("#hashes", waiting ? `${waiting} of ${state.logs} logs are still to be worked out` : "Every closed log has its SHA-256.");
}

/** @param {Clock} clock */
function clockWords(clock) {
  const set = clock.stepped_ns === null ? "" : ` It was set by ${spoken(clock.stepped_ns / 1e9)} while the car was on.`;
  if (clock.offset_ns === null) return `Nobody has told the car what time it is.${set}`;
  const by = `as ${SOURCES[clock.source ?? ""] ?? clock.source} says`;
  if (clock.offset_ns === 0) return `Right, ${by}.${set}`;
  const way = clock.offset_ns > 0 ? "behind" : "ahead";
  return `${spoken(clock.offset_ns / 1e9)} ${way}, ${by}. It is noted beside each log of today.${set}`;
}

/** @param {State} state */
function showMetadata(state) {
  form.hidden = false;
  const own = [...new Set([...Object.keys(state.metadata), ...added])].filter((name) => !state.fields.some((field) => field.name === name));
  const fields = [...state.fields, ...own.map((name) => ({ name, label: name, max_length: 4000 }))];
  const wanted = JSON.stringify(fields);
  if (wanted !== shownFields) {
    const typed = touched ? valuesOf() : {};
    at("#fields").replaceChildren(...fields.map(fieldOfForm));
    shownFields = wanted;
    for (const [name, value] of Object.entries({ ...state.metadata, ...typed })) setField(name, value);
  }
  const also = at("#also-label");
  also.hidden = state.recording === null;
  if (touched || owed) return;
  for (const { name } of fields) setField(name, state.metadata[name] ?? "");
}

/** @param {Field} field */
function fieldOfForm({ name, label, max_length }) {
  const long = max_length > 200;
  const input = make(long ? "textarea" : "input", { name, maxlength: max_length, autocomplete: "off", rows: long ? 2 : null });
  return make("label", { class: long ? "long" : null }, label, input);
}

/**
 * @param {string} name
 * @param {string} value
 */
function setField(name, value) {
  const field = fieldOf(form, name);
  if (field.value !== value) field.value = value;
}

function valuesOf() {
  const all = [...form.querySelectorAll("#fields input, #fields textarea")];
  const fields = /** @type {(HTMLInputElement | HTMLTextAreaElement)[]} */ (all);
  return Object.fromEntries(fields.map((field) => [field.name, field.value]));
}

/** @param {State} state */
function showRows(state) {
  at("#logs").hidden = false;
  say("#count", String(state.logs));
  const wanted = JSON.stringify(state.rows);
  if (wanted === shownRows) return;
  shownRows = wanted;
  const list = at("#rows");
  list.replaceChildren(...state.rows.map((log) => row(log, state.fields)));
  localise(list);
  if (!state.rows.length) list.append(make("li", { class: "none" }, "There is no log yet."));
  const rest = state.logs - state.rows.length;
  say("#rest", rest > 0 ? `And ${rest} older ones.` : "");
}

/**
 * @param {Row} log
 * @param {Field[]} fields
 */
function row(log, fields) {
  const [kind, word, meaning] = STATES[log.state] ?? STATES.settling;
  const changed = new Date((log.modified_ns + (log.clock_offset_ns ?? 0)) / 1e6);
  const time = Number.isNaN(changed.valueOf()) ? "" : changed.toISOString().slice(0, 19) + "Z";
  const hash = log.sha256 ? make("code", { title: log.sha256 }, log.sha256.slice(0, 10)) : log.closed ? "not hashed yet" : null;
  const who = fields.filter((field) => field.tag).map((field) => log.metadata[field.name]).filter(Boolean).join(", ");
  const about = [size(log.size_bytes), make("time", { datetime: time }, time), hash, who];
  return make("li", {},
    log.trouble ? make("span", {}, log.name) : make("a", { href: log.url, download: true }, log.name),
    log.trouble ? null : make("span", { class: `badge ${kind}`, title: meaning }, word),
    log.trouble ? make("span", { class: "lost" }, log.trouble)
      : make("span", { class: "about" }, ...about.filter(Boolean).flatMap((part, number) => (number ? [" · ", part] : [part]))),
  );
}

/** @param {State} state */
function show(state) {
  say("#name", state.name);
  document.title = `${DOING[state.recorder.doing] ?? "Car"} – ${state.name}`;
  showRecorder(state);
  showMetadata(state);
  at("#machine").hidden = false;
  showMachine(state);
  showRows(state);
}

async function look() {
  const began = performance.now();
  const answer = await fetch("/state", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  /** @type {State} */
  const state = await answer.json();
  const took = performance.now() - began;
  show(state);
  answeredAt = Date.now();
  say("#offline", "");
  document.body.classList.remove("stale");
  if (owed) await save();
  if (performance.now() - timeTold > TELL_TIME_MS) {
    timeTold = performance.now();
    // A phone has its time from the network. One whose own clock is wrong is refused, and nobody need care.
    await call("POST", "/clock", { now_ns: Date.now() * 1e6, round_trip_ns: Math.round(took * 1e6), by: "phone" }).catch(() => {});
  }
}

async function keepLooking() {
  try {
    if (!document.hidden) await look();
  } catch {
    const ago = Math.round((Date.now() - answeredAt) / 1000);
    say("#offline", `The car does not answer. This is what was known ${ago} s ago; it goes on by itself once the connection is back.`);
    document.body.classList.add("stale");
  }
  setTimeout(keepLooking, AGAIN_MS);
}

/** @param {"start" | "stop"} verb */
async function tell(verb) {
  const section = at("#recorder");
  section.dataset.asked = verb;
  say("#trouble", "");
  for (const name of ["#start", "#stop"]) need(document, name, HTMLButtonElement).disabled = true;
  say("#doing", verb === "start" ? DOING.starting : DOING.stopping);
  try {
    await call("POST", `/recording/${verb}`);
    delete section.dataset.asked;
  } catch (error) {
    delete section.dataset.asked;
    const unknown = codeOf(error) === "offline" ? " It was not told, or its answer was lost: see what it does." : "";
    say("#trouble", messageOf(error).replace("Paddock does not answer", "The car does not answer") + unknown);
    return;
  }
  await look().catch(() => {});
}

async function save() {
  const also = need(form, "#also", HTMLInputElement);
  try {
    await call("PUT", "/metadata", { metadata: valuesOf(), also_recording: also.checked && !at("#also-label").hidden });
  } catch (error) {
    owed = codeOf(error) === "offline";
    say("#next-trouble", owed ? "" : messageOf(error));
    say("#saved", owed ? "Not saved yet: the car does not answer. It is sent once it does." : "");
    return;
  }
  [touched, owed, also.checked] = [false, false, false];
  say("#next-trouble", "");
  say("#saved", "Saved.");
}

form.addEventListener("input", () => {
  touched = true;
  say("#saved", "");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save();
});
at("#start").addEventListener("click", () => tell("start"));
const askStop = need(document, "#ask-stop", HTMLDialogElement);
at("#stop").addEventListener("click", () => {
  askStop.returnValue = "";
  askStop.showModal();
});
askStop.addEventListener("close", () => {
  if (askStop.returnValue === "stop") tell("stop");
});
const askField = need(document, "#ask-field", HTMLDialogElement);
at("#more").addEventListener("click", () => {
  askField.returnValue = "";
  askField.showModal();
});
askField.addEventListener("close", () => {
  const input = need(askField, "#field-name", HTMLInputElement);
  const name = input.value.trim();
  input.value = "";
  if (askField.returnValue !== "add" || !name) return;
  added.add(name);
  shownFields = "";
  touched = true;
  look().then(() => form.querySelector(`[name=${CSS.escape(name)}]`)?.scrollIntoView(), () => {});
});
document.addEventListener("visibilitychange", () => document.hidden || look().catch(() => {}));

keepLooking();
