// Files dropped or chosen, and what becomes of each. Everything the user named is written as text, never as HTML.

import { call } from "../kernel/api.js";
import { refreshNow } from "../kernel/refresh.js";
import { NO_LOG, isLog } from "./log-kinds.js";
import { Pause, transfer } from "./transfer.js";
import { followLog, wordOf } from "./arrived.js";
import { Totals } from "./totals.js";
import { forget, forgetAll, unfinished } from "./unfinished.js";
import { isolated, size } from "../kernel/words.js";

const FILES_AT_ONCE = 2;
const MEANING = {
  intact: "Read to the end; nothing is missing.",
  recovered: "The log is damaged: what could be read was taken, and its page says what was lost.",
  queued: "Safe here; it is read as soon as it is its turn.",
};

const panel = document.getElementById("uploads");
const list = document.getElementById("upload-items");
const total = document.getElementById("uploads-total");
const pauseAll = document.getElementById("uploads-pause");
const drop = document.getElementById("drop");
const form = document.getElementById("upload-metadata");
const totals = new Totals();
const pauses = new Map();  // item → Pause, of what is on its way
const waiting = [];
let running = 0;

function add(file) {
  const item = document.getElementById("upload-item").content.firstElementChild.cloneNode(true);
  item.querySelector(".name").textContent = file.name;
  item.querySelector(".name").title = file.webkitRelativePath || file.name;
  list.append(item);
  queue(file, item);
}

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
  while (running < FILES_AT_ONCE && waiting.length && !pauseAll.dataset.paused) {
    running += 1;
    const { file, item } = waiting.shift();
    void send(file, item);
  }
  count();
}

/** What the form says about all logs that are sent from now on. */
function metadata() {
  const said = form ? [...new FormData(form)] : [];
  return Object.fromEntries(said.filter(([, value]) => value.trim()));
}

async function send(file, item) {
  const pause = new Pause();
  pauses.set(item, pause);
  try {
    const { recording, duplicate } = await transfer(file, {
      metadata: metadata(),
      pause,
      say: (stage, bytes) => {
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
    totals.drop(item);
    refused(file, item, error.message, error.upload);
  } finally {
    pauses.delete(item);
    if (!pause.on) running -= 1;  // a paused one has given its place back
    start();
  }
}

/** From here on the row says what the server makes of the log. */
function arrived(file, item, recording, duplicate) {
  item.dataset.recording = recording.id;
  show(item, "intact", "already here", size(file.size), 1);
  const name = item.querySelector(".name");
  name.replaceChildren(Object.assign(document.createElement("a"), { href: `/recordings/${recording.id.slice(0, 16)}`, textContent: file.name }));
  action(item, "a", "Open", (link) => { link.href = `/recordings/${recording.id.slice(0, 16)}`; });
  if (duplicate && recording.status === "ready") return;
  const say = ({ status, progress, health, error }) => {
    const word = wordOf({ status, progress });
    const kind = { ready: health ?? "intact", failed: "failed", queued: "waiting" }[word] ?? "working";
    const said = word === "ready" && health ? health : word;
    const share = progress === null ? "" : `${Math.floor(100 * progress)} % of `;
    tell(item, kind, said, error?.message ?? share + size(file.size), progress ?? 0);
    count();
  };
  say(recording);
  followLog(recording.id, say);
}

/** What was not taken is tried again, or taken away with what the server holds of it. */
function refused(file, item, reason, upload) {
  show(item, "failed", "failed", reason, 0);
  action(item, "button", "Retry", (button) => button.addEventListener("click", () => queue(file, item)));
  action(item, "button", "Remove", (button) => button.addEventListener("click", () => remove(file, item, upload)));
}

async function remove(file, item, upload) {
  try {
    if (upload) await call("DELETE", `/api/uploads/${encodeURIComponent(upload)}`);
  } catch ({ message, problem }) {
    // The server may have dropped it by itself: then it is gone as it should be.
    if (problem.code !== "no_such_upload") {
      refused(file, item, message, upload);
      return;
    }
  }
  forget(file);
  const beside = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  beside?.querySelector(".actions .button")?.focus();
  settle();
}

function detail(file, item, bytes) {
  const rate = totals.rate(item);
  return `${Math.floor((100 * bytes) / file.size)} % of ${size(file.size)}${rate ? ` · ${size(rate)}/s` : ""}`;
}

/** One button that stays while progress is told, so that it can be pressed. */
function pauseButton(item, pause) {
  const text = pause.on ? "Resume" : "Pause";
  if (item.querySelector(".actions button")?.textContent === text) return;
  item.querySelector(".actions").replaceChildren();
  action(item, "button", text, (button) => button.addEventListener("click", () => hold(item, pause, !pause.on)));
}

function hold(item, pause, on) {
  if (on === pause.on) return;
  if (on) {
    pause.pause();
    running -= 1;  // another one may use the line meanwhile
    show(item, "waiting", "paused", `${item.querySelector(".detail").textContent.split(" · ")[0]}`);
  } else {
    pause.resume();
    running += 1;
    show(item, "working", "sending", item.querySelector(".detail").textContent);
  }
  pauseButton(item, pause);
  start();
}

/** Says how it stands, and offers nothing any more but to wait. */
function show(item, kind, word, said, share) {
  tell(item, kind, word, said, share);
  if (kind !== "working") item.querySelector(".actions").replaceChildren();
}

function tell(item, kind, word, said, share) {
  item.dataset.state = kind;
  item.querySelector(".state").className = `state badge ${kind}`;
  item.querySelector(".state").textContent = word;
  item.querySelector(".state").title = MEANING[word] ?? "";
  item.querySelector(".detail").textContent = said;
  if (share !== undefined) item.querySelector("progress").value = share;
}

function action(item, tag, text, prepare) {
  const element = document.createElement(tag);
  if (tag === "button") element.type = "button";
  element.className = "button small";
  element.textContent = text;
  prepare(element);
  item.querySelector(".actions").append(element);
}

function count() {
  const items = [...list.children];
  const sent = items.filter((item) => item.dataset.recording).length;
  const failed = items.filter((item) => item.dataset.state === "failed").length;
  const busy = running > 0 || waiting.length > 0 || pauses.size > 0;
  total.textContent = `${sent} of ${items.length} uploaded${failed ? `, ${failed} failed` : ""}${busy ? totals.words() : ""}`;
  const bar = document.getElementById("uploads-progress");
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
  const place = document.getElementById("unfinished");
  const begun = unfinished();
  if (!place || !begun.length) return;
  const names = begun.slice(0, 5).map((each) => `${isolated(each.name)} (${size(each.size)})`).join(", ");
  const more = begun.length > 5 ? ` and ${begun.length - 5} more` : "";
  place.querySelector("p").textContent = `Not finished: ${names}${more}. Add the same files again, and they go on where they stopped.`;
  place.hidden = false;
  place.querySelector("button").addEventListener("click", () => { forgetAll(); place.hidden = true; });
}
showUnfinished();

async function* filesOf(entry) {
  if (entry.isFile) {
    yield await new Promise((resolve, reject) => entry.file(resolve, reject));
    return;
  }
  const reader = entry.createReader();
  // readEntries answers at most 100 at a time, and nothing at the end.
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const each of entries) yield* filesOf(each);
  }
}

/** Of a folder only the logs; a file that somebody picked by hand is always tried. */
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

function say(text) {
  reveal();
  total.textContent = text;
}

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;
addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; drop.hidden = false; } });
addEventListener("dragleave", (event) => { if (carriesFiles(event)) { depth -= 1; drop.hidden = depth > 0 ? drop.hidden : true; } });
addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  drop.hidden = true;
  // Entries must be taken before the first await: the list is emptied after this event.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length) addEntries(entries).catch(() => say("The folder cannot be read."));
  else [...event.dataTransfer.files].forEach(add);
});

const pickFiles = document.getElementById("pick-files");
function addPicked() {
  [...pickFiles.files].forEach(add);
  pickFiles.value = "";
}
pickFiles?.addEventListener("change", addPicked);
if (pickFiles?.files.length) addPicked();  // picked while this script was still on its way
document.getElementById("pick-folder")?.addEventListener("change", (event) => {
  const logs = [...event.target.files].filter(isLog);
  logs.forEach(add);
  if (!logs.length) say(NO_LOG);
  event.target.value = "";
});
document.getElementById("uploads-clear").addEventListener("click", () => {
  for (const item of [...list.children]) if (["intact", "recovered"].includes(item.dataset.state)) item.remove();
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
