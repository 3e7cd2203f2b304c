// Files dropped or chosen, and what becomes of each. Everything the user named is written as text, never as HTML.

import { refreshNow } from "/static/live.js";
import { transfer } from "/static/transfer.js";

const FILES_AT_ONCE = 2;

const panel = document.getElementById("uploads");
const list = document.getElementById("upload-items");
const total = document.getElementById("uploads-total");
const drop = document.getElementById("drop");
const waiting = [];
let running = 0;

const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`);

function add(file) {
  const item = document.getElementById("upload-item").content.firstElementChild.cloneNode(true);
  item.querySelector(".name").textContent = file.name;
  item.querySelector(".name").title = file.webkitRelativePath || file.name;
  list.append(item);
  queue(file, item);
}

function queue(file, item) {
  show(item, "waiting", "waiting", size(file.size), 0);
  waiting.push({ file, item });
  panel.hidden = false;
  start();
}

function start() {
  while (running < FILES_AT_ONCE && waiting.length) {
    running += 1;
    const { file, item } = waiting.shift();
    void send(file, item).finally(() => {
      running -= 1;
      start();
    });
  }
  count();
}

async function send(file, item) {
  try {
    const { recording, duplicate } = await transfer(file, (stage, share, rate) => {
      const speed = rate ? ` · ${size(rate)}/s` : "";
      show(item, "working", stage, `${Math.floor(share * 100)} % of ${size(file.size)}${speed}`, share);
    });
    const word = duplicate ? "already here" : "uploaded";
    show(item, "intact", word, size(file.size), 1);
    action(item, "a", "Open", (link) => { link.href = `/recordings/${recording.id.slice(0, 16)}`; });
    refreshNow();
  } catch (error) {
    show(item, "failed", "failed", error.message, 0);
    action(item, "button", "Retry", (button) => {
      button.type = "button";
      button.addEventListener("click", () => queue(file, item));
    });
  }
}

function show(item, kind, word, detail, share) {
  item.dataset.state = kind;
  item.querySelector(".state").className = `state badge ${kind}`;
  item.querySelector(".state").textContent = word;
  item.querySelector(".detail").textContent = detail;
  item.querySelector("progress").value = share;
  item.querySelector(".actions").replaceChildren();
}

function action(item, tag, text, prepare) {
  const element = document.createElement(tag);
  element.className = "button small";
  element.textContent = text;
  prepare(element);
  item.querySelector(".actions").replaceChildren(element);
}

function count() {
  const items = [...list.children];
  const of = (kind) => items.filter((item) => item.dataset.state === kind).length;
  const failed = of("failed");
  total.textContent = `${of("intact")} of ${items.length} done${failed ? `, ${failed} failed` : ""}`;
}

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

const isLog = (file) => /\.mcap$/i.test(file.name);

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
  if (!found) say("No .mcap file was found in there.");
}

function say(text) {
  panel.hidden = false;
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

document.getElementById("pick-files")?.addEventListener("change", (event) => {
  [...event.target.files].forEach(add);
  event.target.value = "";
});
document.getElementById("pick-folder")?.addEventListener("change", (event) => {
  const logs = [...event.target.files].filter(isLog);
  logs.forEach(add);
  if (!logs.length) say("No .mcap file was found in there.");
  event.target.value = "";
});
document.getElementById("uploads-clear").addEventListener("click", () => {
  for (const item of [...list.children]) if (item.dataset.state === "intact") item.remove();
  panel.hidden = list.children.length === 0;
  count();
});

addEventListener("beforeunload", (event) => {
  if (running || waiting.length) event.preventDefault();
});
