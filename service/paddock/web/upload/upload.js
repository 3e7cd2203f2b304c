// Files dropped or chosen, and what becomes of each. Everything the user named is written as text, never as HTML.

import { call, codeOf, messageOf } from "../kernel/api.js";
import { all, make, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { NO_LOG, isLog } from "./log-kinds.js";
import { Failed, Pause, transfer } from "./transfer.js";
import { followLog, wordOf } from "./arrived.js";
import { Totals } from "./totals.js";
import { forget, forgetAll, unfinished } from "./unfinished.js";
import { isolated, size } from "../kernel/words.js";

const FILES_AT_ONCE = 2;
/** @type {Record<string, string>} */
const MEANING = {
  intact: "Read to the end; nothing is missing.",
  recovered: "The log is damaged: what could be read was taken, and its page says what was lost.",
  queued: "Safe here; it is read as soon as it is its turn.",
};

const panel = need(document, "#uploads");
const list = need(document, "#upload-items");
const total = need(document, "#uploads-total");
const pauseAll = need(document, "#uploads-pause");
const drop = need(document, "#drop");
const [form] = all(document, "#upload-metadata", HTMLFormElement);
const totals = new Totals();
/** @type {Map<HTMLElement, Pause>} */
const pauses = new Map();  // by item, of what is on its way
/** @type {{ file: File, item: HTMLElement }[]} */
const waiting = [];
let running = 0;

/** @param {File} file */
function add(file) {
  const pattern = need(need(document, "#upload-item", HTMLTemplateElement).content, "*");
  const item = /** @type {HTMLElement} */ (pattern.cloneNode(true));
  const name = need(item, ".name");
  name.textContent = file.name;
  name.title = file.webkitRelativePath || file.name;
  list.append(item);
  queue(file, item);
}

/**
 * @param {File} file
 * @param {HTMLElement} item
 */
function queue(file, item) {
  totals.add(item, file.size);
  show(item, "waiting", "waiting", size(file.size), 0);
  waiting.push({ file, item });
  reveal();
  start();
}

/** On a phone the panel is below the form: whoever adds files wants to see what becomes of them. */
function reveal() {
  if (!panel.hidden) return;
  panel.hidden = false;
  panel.scrollIntoView({ block: "nearest" });
}

function start() {
  while (running < FILES_AT_ONCE && !pauseAll.dataset.paused) {
    const next = waiting.shift();
    if (!next) break;
    running += 1;
    void send(next.file, next.item);
  }
  count();
}

/**
 * What the form says about all logs that are sent from now on.
 * @returns {Record<string, string>}
 */
function metadata() {
  const said = form ? [...new FormData(form)].map(([name, value]) => [name, String(value)]) : [];
  return Object.fromEntries(said.filter(([, value]) => value.trim()));
}

/**
 * @param {File} file
 * @param {HTMLElement} item
 */
async function send(file, item) {
  const pause = new Pause();
  pauses.set(item, pause);
  let isOver = false;  // parts that were on their way when another one was refused still tell how far they are
  try {
    const { recording, duplicate } = await transfer(file, {
      metadata: metadata(),
      pause,
      say: (stage, bytes) => {
        if (isOver) return;
        if (stage === "sending") totals.sent(item, bytes);
        const said = stage === "offline" ? "Paddock does not answer; goes on by itself" : detail(file, item, bytes);
        if (!pause.on) show(item, "working", stage, said, bytes / file.size);
        pauseButton(item, pause);
        count();
      },
    });
    totals.done(item, duplicate);
    arrived(file, item, recording, duplicate);
    refreshNow();
  } catch (error) {
    isOver = true;
    totals.drop(item);
    refused(file, item, messageOf(error), error instanceof Failed ? error.upload : "");
  } finally {
    pauses.delete(item);
    if (!pause.on) running -= 1;  // a paused one has given its place back
    start();
  }
}

/**
 * From here on the row says what the server makes of the log.
 * @param {File} file
 * @param {HTMLElement} item
 * @param {import("./transfer.js").Recording} recording
 * @param {boolean} duplicate
 */
function arrived(file, item, recording, duplicate) {
  item.dataset.recording = recording.id;
  show(item, "intact", "already here", size(file.size), 1);
  const href = `/recordings/${recording.id.slice(0, 16)}`;
  need(item, ".name").replaceChildren(make("a", { href }, file.name));
  offer(item, make("a", { class: "button small", href }, "Open"));
  if (duplicate && recording.status === "ready") return;
  /** @param {import("./arrived.js").State} state */
  const say = ({ status, progress, health, error }) => {
    const word = wordOf({ status, progress });
    /** @type {Record<string, string>} */
    const kinds = { ready: health ?? "intact", failed: "failed", queued: "waiting" };
    const kind = kinds[word] ?? "working";
    const said = word === "ready" && health ? health : word;
    const share = progress === null ? "" : `${Math.floor(100 * progress)} % of `;
    tell(item, kind, said, error?.message ?? share + size(file.size), progress ?? 0);
    count();
  };
  say(recording);
  followLog(recording.id, say);
}

/**
 * What was not taken is tried again, or taken away with what the server holds of it.
 * @param {File} file
 * @param {HTMLElement} item
 * @param {string} reason
 * @param {string} upload
 */
function refused(file, item, reason, upload) {
  show(item, "failed", "failed", reason, 0);
  offer(item, button("Retry", () => queue(file, item)));
  offer(item, button("Remove", () => void remove(file, item, upload)));
}

/**
 * @param {File} file
 * @param {HTMLElement} item
 * @param {string} upload
 */
async function remove(file, item, upload) {
  try {
    if (upload) await call("DELETE", `/api/uploads/${encodeURIComponent(upload)}`);
  } catch (error) {
    // The server may have dropped it by itself: then it is gone as it should be.
    if (codeOf(error) !== "no_such_upload") {
      refused(file, item, messageOf(error), upload);
      return;
    }
  }
  forget(file);
  const beside = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  if (beside) all(beside, ".actions .button")[0]?.focus();
  settle();
}

/**
 * @param {File} file
 * @param {HTMLElement} item
 * @param {number} bytes
 */
function detail(file, item, bytes) {
  const rate = totals.rate(item);
  return `${Math.floor((100 * bytes) / file.size)} % of ${size(file.size)}${rate ? ` · ${size(rate)}/s` : ""}`;
}

/**
 * One button that stays while progress is told, so that it can be pressed.
 * @param {HTMLElement} item
 * @param {Pause} pause
 */
function pauseButton(item, pause) {
  const text = pause.on ? "Resume" : "Pause";
  if (item.querySelector(".actions button")?.textContent === text) return;
  need(item, ".actions").replaceChildren(button(text, () => hold(item, pause, !pause.on)));
}

/**
 * @param {HTMLElement} item
 * @param {Pause} pause
 * @param {boolean} on
 */
function hold(item, pause, on) {
  if (on === pause.on) return;
  const said = need(item, ".detail").textContent;
  if (on) {
    pause.pause();
    running -= 1;  // another one may use the line meanwhile
    show(item, "waiting", "paused", said.split(" · ")[0]);
  } else {
    pause.resume();
    running += 1;
    show(item, "working", "sending", said);
  }
  pauseButton(item, pause);
  start();
}

/**
 * Says how it stands, and offers nothing any more but to wait.
 * @param {HTMLElement} item
 * @param {string} kind
 * @param {string} word
 * @param {string} said
 * @param {number} [share]
 */
function show(item, kind, word, said, share) {
  tell(item, kind, word, said, share);
  if (kind !== "working") need(item, ".actions").replaceChildren();
}

/**
 * @param {HTMLElement} item
 * @param {string} kind
 * @param {string} word
 * @param {string} said
 * @param {number} [share]
 */
function tell(item, kind, word, said, share) {
  item.dataset.state = kind;
  const state = need(item, ".state");
  state.className = `state badge ${kind}`;
  state.textContent = word;
  state.title = MEANING[word] ?? "";
  need(item, ".detail").textContent = said;
  if (share !== undefined) need(item, "progress", HTMLProgressElement).value = share;
}

/**
 * @param {string} text
 * @param {() => void} onclick
 */
const button = (text, onclick) => make("button", { type: "button", class: "button small", onclick }, text);

/**
 * @param {HTMLElement} item
 * @param {HTMLElement} action
 */
function offer(item, action) {
  need(item, ".actions").append(action);
}

function count() {
  const items = all(list, ":scope > *");
  const sent = items.filter((item) => item.dataset.recording).length;
  const failed = items.filter((item) => item.dataset.state === "failed").length;
  const busy = running > 0 || waiting.length > 0 || pauses.size > 0;
  total.textContent = `${sent} of ${items.length} uploaded${failed ? `, ${failed} failed` : ""}${busy ? totals.words() : ""}`;
  const bar = need(document, "#uploads-progress", HTMLProgressElement);
  bar.value = totals.share();
  bar.hidden = !busy;
  pauseAll.hidden = !busy;
}

pauseAll.addEventListener("click", () => {
  const on = !pauseAll.dataset.paused;
  if (on) pauseAll.dataset.paused = "1";
  else delete pauseAll.dataset.paused;
  pauseAll.textContent = on ? "Resume all" : "Pause all";
  for (const [item, pause] of pauses) hold(item, pause, on);
  start();
});

function showUnfinished() {
  const [place] = all(document, "#unfinished");
  const begun = unfinished();
  if (!place || !begun.length) return;
  const names = begun.slice(0, 5).map((each) => `${isolated(each.name)} (${size(each.size)})`).join(", ");
  const more = begun.length > 5 ? ` and ${begun.length - 5} more` : "";
  need(place, "p").textContent = `Not finished: ${names}${more}. Add the same files again, and they go on where they stopped.`;
  place.hidden = false;
  need(place, "button").addEventListener("click", () => { forgetAll(); place.hidden = true; });
}
showUnfinished();

/**
 * @param {FileSystemEntry} entry
 * @returns {AsyncGenerator<File>}
 */
async function* filesOf(entry) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    yield await new Promise((resolve, reject) => file.file(resolve, reject));
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  // readEntries answers at most 100 at a time, and nothing at the end.
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const each of entries) yield* filesOf(each);
  }
}

/**
 * Of a folder only the logs; a file that somebody picked by hand is always tried.
 * @param {FileSystemEntry[]} entries
 */
async function addEntries(entries) {
  let found = 0;
  for (const entry of entries) {
    for await (const file of filesOf(entry)) {
      if (entry.isFile || isLog(file)) {
        add(file);
        found += 1;
      }
    }
  }
  if (!found) say(NO_LOG);
}

/** @param {string} text */
function say(text) {
  reveal();
  total.textContent = text;
}

/** @param {DragEvent} event */
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
let depth = 0;
addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; drop.hidden = false; } });
addEventListener("dragleave", (event) => { if (carriesFiles(event)) { depth -= 1; drop.hidden = depth > 0 ? drop.hidden : true; } });
addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!event.dataTransfer || !carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  drop.hidden = true;
  // Entries must be taken before the first await: the list is emptied after this event.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => !!entry);
  if (entries.length) addEntries(entries).catch(() => say("The folder cannot be read."));
  else [...event.dataTransfer.files].forEach(add);
});

for (const picker of all(document, "#pick-files", HTMLInputElement)) {
  const addPicked = () => {
    [...picker.files ?? []].forEach(add);
    picker.value = "";
  };
  picker.addEventListener("change", addPicked);
  if (picker.files?.length) addPicked();  // picked while this script was still on its way
}
for (const picker of all(document, "#pick-folder", HTMLInputElement)) {
  picker.addEventListener("change", () => {
    const logs = [...picker.files ?? []].filter(isLog);
    logs.forEach(add);
    if (!logs.length) say(NO_LOG);
    picker.value = "";
  });
}
need(document, "#uploads-clear").addEventListener("click", () => {
  for (const item of all(list, ":scope > *")) if (["intact", "recovered"].includes(item.dataset.state ?? "")) item.remove();
  settle();
});

/** After rows went away. */
function settle() {
  panel.hidden = list.children.length === 0;
  count();
}

addEventListener("beforeunload", (event) => {
  if (pauses.size || waiting.length) event.preventDefault();
});
