// "Another name of…": an unknown name becomes the alias of an entry, so that a renamed signal stays one signal.

import { messageOf } from "../kernel/api.js";
import { around, fieldOf, need } from "../kernel/dom.js";
import { ask, change, complain, entryOf, tell } from "./signals.js";

/** @typedef {import("./signals.js").Entry} Entry */

const dialog = need(document, "#alias", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const options = need(document, "#alias-entries");
/** @type {Entry} */
let unknown;  // since the dialog was opened
/** @type {Map<string, { entry: Entry, position: number }>} */
let choices = new Map();
let seen = 0;

/**
 * As the catalogue's entries are told from each other: a name may have one entry for each car.
 * @param {Entry} entry
 */
const title = (entry) => entry.cars ? `${entry.name} (${entry.cars.join(", ")})` : entry.name;

/** @param {Entry} entry */
async function open(entry) {
  try {
    /** @type {import("./signals.js").Catalogue} */
    const { version, signals } = await ask("/");
    /** @param {Entry} known */
    const plays = ({ role }) => Number(role !== undefined && role === entry.role);
    const positions = [...signals.keys()].sort((one, other) => plays(signals[other]) - plays(signals[one]));
    seen = version;
    choices = new Map(positions.map((position) => [title(signals[position]), { entry: signals[position], position }]));
  } catch (error) {
    tell(messageOf(error));
    return;
  }
  unknown = entry;
  form.reset();
  complain(dialog);
  need(dialog, "[data-alias-name]").textContent = entry.name;
  options.replaceChildren(...[...choices].map(([text, { entry: known }]) => new Option(known.label ?? "", text)));
  dialog.showModal();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = need(form, "[type=submit]", HTMLButtonElement);
  const chosen = choices.get(fieldOf(form, "entry").value.trim());
  if (!chosen) {
    complain(dialog, new Error("The catalogue has no such entry: choose one of the list."));
    return;
  }
  const { entry, position } = chosen;
  button.disabled = true;
  try {
    await change([{ entry: { ...entry, aliases: [...(entry.aliases ?? []), unknown.name] }, position }], [entry], seen);
    dialog.close();
    tell(`${unknown.name} is another name of ${entry.name}.`);
  } catch (error) {
    complain(dialog, error);
  } finally {
    button.disabled = false;
  }
});

document.addEventListener("click", (event) => {
  const row = around(event, "[data-alias]") && around(event, "tr[data-entry]");
  if (row) void open(entryOf(row));
});
