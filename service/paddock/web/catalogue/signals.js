// The signals page: edit, add, remove and accept entries, import a file. The server renders what came of it.

import { Problem, call, messageOf } from "../kernel/api.js";
import { all, around, fieldOf, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";

/**
 * What the catalogue says about a signal; what it leaves open is guessed.
 * @typedef {object} Entry
 * @property {string} name
 * @property {string[]} [aliases]
 * @property {string[]} [cars]
 * @property {string} [label]
 * @property {string} [unit]
 * @property {string} [role]
 * @property {string[]} [faults]
 * @property {number} [low]
 * @property {number} [high]
 */

/**
 * One change: an entry at its position, a new one without a position, or no entry where it is removed.
 * @typedef {{ entry?: Entry, position?: number }} Change
 */

/** @typedef {{ version: number, signals: Entry[], changed_by: string }} Catalogue */

/**
 * The entries that are edited as they were, where the edited one stands, and in which version.
 * @typedef {{ known: Entry[], position?: number, seen: number }} Editing
 */

const CATALOGUE = "/api/catalogue";
const editor = need(document, "#entry", HTMLDialogElement);
const importer = need(document, "#import", HTMLDialogElement);
const said = need(document, "#signals-said");
/** @type {Editing} */
let editing;  // since the editor was opened

export const version = () => Number(need(document, "#signals-head").dataset.version);
/** @param {Entry} entry */
const key = (entry) => JSON.stringify([entry.name, entry.cars ?? []]);
/** @type {(one: Entry, other: Entry) => boolean} */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * @template T
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<T>}
 */
export const ask = (path, body) => call(body ? "POST" : "GET", CATALOGUE + path, body);

/**
 * Changes the version in which the changes have their positions, which need not be the page's any more: it follows
 * behind an open dialog.
 * @param {Change[]} changes
 * @param {Entry[]} known the entries as they were in that version, by change
 */
export async function change(changes, known, seen = version()) {
  try {
    await ask("/changes", { version: seen, changes });
  } catch (error) {
    if (!isConflict(error)) throw error;
    await changeNewest(changes, known);
  }
  refreshNow();
}

/**
 * Whether somebody else changed the catalogue meanwhile.
 * @param {unknown} error
 */
export const isConflict = (error) => error instanceof Problem && error.problem.status === 409;

/**
 * Somebody else changed the catalogue: harmless, unless it was one of the same entries.
 * @param {Change[]} changes
 * @param {Entry[]} known
 */
async function changeNewest(changes, known) {
  /** @type {Catalogue} */
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

/** @param {Entry} entry */
const describe = (entry) => Object.entries(entry).map(([field, value]) => `${field} ${[value].flat().join(", ")}`).join(" · ");

let saidUntil = 0;

/** @param {string} text */
export function tell(text) {
  said.textContent = text;
  said.hidden = false;
  clearTimeout(saidUntil);
  saidUntil = setTimeout(() => { said.hidden = true; }, 6000);
}

/**
 * Says what went wrong in a dialog; without an error nothing did.
 * @param {HTMLElement} dialog
 * @param {unknown} [error]
 */
export function complain(dialog, error) {
  const place = need(dialog, ".form-error");
  place.textContent = error ? messageOf(error) : "";
  place.hidden = !error;
}

/**
 * What is said to be nothing, as against what nobody said.
 * @param {string | undefined} text
 */
const none = (text) => (text === "" ? "–" : text);

/**
 * @param {Entry} entry
 * @param {number} [position]
 */
function edit(entry, position) {
  const form = need(editor, "form", HTMLFormElement);
  form.reset();
  editing = { known: [entry], position, seen: version() };
  const written = { ...entry, aliases: entry.aliases?.join("\n"), cars: entry.cars?.join(", "), faults: none(entry.faults?.join(", ")), unit: none(entry.unit) };
  for (const [field, value] of Object.entries(written)) fieldOf(form, field).value = String(value ?? "");
  need(editor, "[data-remove]").hidden = position === undefined;
  complain(editor);
  editor.showModal();
}

/**
 * The entry that the form says; what is left empty is guessed.
 * @param {HTMLFormElement} form
 */
function entered(form) {
  /** @param {string} field */
  const text = (field) => fieldOf(form, field).value.trim();
  /** @type {(field: string, separator: string) => string[]} */
  const list = (field, separator) => text(field).split(separator).map((each) => each.trim()).filter(Boolean);
  /** @type {Entry} */
  const entry = { name: text("name"), aliases: list("aliases", "\n"), cars: list("cars", ",") };
  for (const field of /** @type {const} */ (["label", "unit", "role"])) if (text(field)) entry[field] = text(field);
  if (entry.unit === "–" || entry.unit === "-") entry.unit = "";
  if (text("faults")) entry.faults = list("faults", ",").filter((each) => !["–", "-"].includes(each));
  for (const field of /** @type {const} */ (["low", "high"])) if (text(field)) entry[field] = Number(text(field));
  return entry;
}

/**
 * @param {HTMLButtonElement} button
 * @param {Change[]} changes
 * @param {string} done
 */
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

need(editor, "form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const entry = entered(need(editor, "form", HTMLFormElement));
  void save(need(editor, "[type=submit]", HTMLButtonElement), [{ entry, position: editing.position }], `${entry.name} is saved.`);
});
need(editor, "[data-remove]").addEventListener("click", () => {
  void save(need(editor, "[data-remove]", HTMLButtonElement), [{ position: editing.position }], `${editing.known[0].name} is removed; its unit and role are guessed again.`);
});

need(importer, "form", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = need(importer, "[type=submit]", HTMLButtonElement);
  button.disabled = true;
  try {
    const toml = await need(importer, "[name=file]", HTMLInputElement).files?.[0].text();
    /** @type {Catalogue} */
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

/**
 * Those that somebody else put into the catalogue meanwhile are there: no reason to refuse the others.
 * @param {Entry[]} entries
 */
async function stillUnknown(entries) {
  /** @type {Catalogue} */
  const { version: newest, signals } = await ask("/");
  if (newest === version()) return entries;
  const known = new Set(signals.filter((entry) => !entry.cars).flatMap((entry) => [entry.name, ...(entry.aliases ?? [])]));
  return entries.filter((entry) => !known.has(entry.name));
}

/**
 * The entry that a row shows.
 * @param {HTMLElement} row
 * @returns {Entry}
 */
export const entryOf = (row) => JSON.parse(row.dataset.entry ?? "{}");

/** @param {HTMLElement[]} rows */
async function accept(rows) {
  try {
    const asked = rows.map(entryOf);
    const entries = await stillUnknown(asked);
    if (entries.length) await change(entries.map((entry) => ({ entry })), entries);
    else refreshNow();
    tell(asked.length === 1 ? `${asked[0].name} is in the catalogue.` : `${asked.length} names are in the catalogue.`);
  } catch (error) {
    tell(messageOf(error));
  }
}

document.addEventListener("click", (event) => {
  const row = around(event, "tr[data-entry]");
  /** @param {string} name */
  const pressed = (name) => around(event, `[data-${name}]`) !== null;
  if (pressed("cancel")) around(event, "dialog", HTMLDialogElement)?.close();
  else if (pressed("add")) edit({ name: "" });
  else if (row && pressed("edit")) edit(entryOf(row), row.dataset.position ? Number(row.dataset.position) : undefined);
  else if (row && pressed("accept")) void accept([row]);
  else if (pressed("accept-all")) void accept(all(document, "tr[data-entry]:has([data-accept])"));
  else if (pressed("import")) {
    need(importer, "form", HTMLFormElement).reset();
    complain(importer);
    importer.showModal();
  }
});
