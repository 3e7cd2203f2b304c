// The signals page: edit, add, remove and accept entries, import a file. The server renders what came of it.

import { call } from "../kernel/api.js";
import { refreshNow } from "../kernel/refresh.js";

const CATALOGUE = "/api/catalogue";
const editor = document.getElementById("entry");
const importer = document.getElementById("import");
const said = document.getElementById("signals-said");
let editing = {};

export const version = () => Number(document.getElementById("signals-head").dataset.version);
const key = (entry) => JSON.stringify([entry.name, entry.cars ?? []]);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export const ask = (path, body) => call(body ? "POST" : "GET", CATALOGUE + path, body);

/**
 * Changes the version in which the changes have their positions, which need not be the page's any more: it follows
 * behind an open dialog. `known` are the entries as they were in that version, by change.
 */
export async function change(changes, known, seen = version()) {
  try {
    await ask("/changes", { version: seen, changes });
  } catch (error) {
    if (error.problem.status !== 409) throw error;
    await changeNewest(changes, known);
  }
  refreshNow();
}

/** Somebody else changed the catalogue: harmless, unless it was one of the same entries. */
async function changeNewest(changes, known) {
  const newest = await ask("/");
  const moved = changes.map((each, index) => {
    if (each.position === undefined) return each;
    const position = newest.signals.findIndex((entry) => key(entry) === key(known[index]));
    if (position < 0) throw new Error("Somebody removed this entry meanwhile. Cancel, or add it anew.");
    if (!same(newest.signals[position], known[index])) {
      // Saying it once is enough: whoever saves again has read this.
      known[index] = newest.signals[position];
      throw new Error(`${newest.changed_by} changed this entry meanwhile: ${describe(known[index])}. Save again to replace that.`);
    }
    return { ...each, position };
  });
  await ask("/changes", { version: newest.version, changes: moved });
}

const describe = (entry) => Object.entries(entry).map(([field, value]) => `${field} ${[value].flat().join(", ")}`).join(" · ");

export function tell(text) {
  said.textContent = text;
  said.hidden = false;
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => { said.hidden = true; }, 6000);
}

export function complain(dialog, error) {
  const place = dialog.querySelector(".form-error");
  place.textContent = error?.message ?? "";
  place.hidden = !error;
}

/** What is said to be nothing, as against what nobody said. */
const none = (text) => (text === "" ? "–" : text);

function edit(entry, position) {
  const form = editor.querySelector("form");
  form.reset();
  editing = { known: [entry], position, seen: version() };
  const written = { ...entry, aliases: entry.aliases?.join("\n"), cars: entry.cars?.join(", "), faults: none(entry.faults?.join(", ")), unit: none(entry.unit) };
  for (const [field, value] of Object.entries(written)) form.elements[field].value = value ?? "";
  editor.querySelector("[data-remove]").hidden = position === undefined;
  complain(editor);
  editor.showModal();
}

/** The entry that the form says; what is left empty is guessed. */
function entered(form) {
  const text = (field) => form.elements[field].value.trim();
  const list = (field, separator) => text(field).split(separator).map((each) => each.trim()).filter(Boolean);
  const entry = { name: text("name"), aliases: list("aliases", "\n"), cars: list("cars", ",") };
  for (const field of ["label", "unit", "role"]) if (text(field)) entry[field] = text(field);
  if (entry.unit === "–" || entry.unit === "-") entry.unit = "";
  if (text("faults")) entry.faults = list("faults", ",").filter((each) => !["–", "-"].includes(each));
  for (const field of ["low", "high"]) if (text(field)) entry[field] = Number(text(field));
  return entry;
}

async function save(button, changes, done) {
  button.disabled = true;
  try {
    await change(changes, editing.known, editing.seen);
    editor.close();
    tell(done);
  } catch (error) {
    complain(editor, error);
  } finally {
    button.disabled = false;
  }
}

editor.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const entry = entered(event.target);
  void save(event.submitter, [{ entry, position: editing.position }], `${entry.name} is saved.`);
});
editor.querySelector("[data-remove]").addEventListener("click", (event) => {
  void save(event.target, [{ position: editing.position }], `${editing.known[0].name} is removed; its unit and role are guessed again.`);
});

importer.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  button.disabled = true;
  try {
    const toml = await event.target.elements.file.files[0].text();
    const { signals } = await ask("/import", { version: version(), toml });
    importer.close();
    tell(`The catalogue has ${signals.length} entries now.`);
    refreshNow();
  } catch (error) {
    complain(importer, error);
  } finally {
    button.disabled = false;
  }
});

/** Those that somebody else put into the catalogue meanwhile are there: no reason to refuse the others. */
async function stillUnknown(entries) {
  const { version: newest, signals } = await ask("/");
  if (newest === version()) return entries;
  const known = new Set(signals.filter((entry) => !entry.cars).flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]));
  return entries.filter((entry) => !known.has(entry.name));
}

async function accept(rows) {
  try {
    const asked = rows.map((row) => JSON.parse(row.dataset.entry));
    const entries = await stillUnknown(asked);
    if (entries.length) await change(entries.map((entry) => ({ entry })), entries);
    else refreshNow();
    tell(asked.length === 1 ? `${asked[0].name} is in the catalogue.` : `${asked.length} names are in the catalogue.`);
  } catch (error) {
    tell(error.message);
  }
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-entry]");
  const pressed = (name) => event.target.closest(`[data-${name}]`);
  if (pressed("cancel")) pressed("cancel").closest("dialog").close();
  else if (pressed("add")) edit({});
  else if (pressed("edit")) edit(JSON.parse(row.dataset.entry), row.dataset.position && Number(row.dataset.position));
  else if (pressed("accept")) void accept([row]);
  else if (pressed("accept-all")) void accept([...document.querySelectorAll("tr[data-entry]:has([data-accept])")]);
  else if (pressed("import")) {
    importer.querySelector("form").reset();
    complain(importer);
    importer.showModal();
  }
});
