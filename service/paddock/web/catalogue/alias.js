// "Another name of…": an unknown name becomes the alias of an entry, so that a renamed signal stays one signal.

import { ask, change, complain, tell } from "./signals.js";

const dialog = document.getElementById("alias");
const form = dialog.querySelector("form");
const options = document.getElementById("alias-entries");
let unknown = {};
let choices = new Map();
let seen = 0;

/** As the catalogue's entries are told from each other: a name may have one entry for each car. */
const title = (entry) => entry.cars ? `${entry.name} (${entry.cars.join(", ")})` : entry.name;

async function open(entry) {
  try {
    const { version, signals } = await ask("/");
    const plays = ({ role }) => Number(role !== undefined && role === entry.role);
    const positions = [...signals.keys()].sort((one, other) => plays(signals[other]) - plays(signals[one]));
    seen = version;
    choices = new Map(positions.map((position) => [title(signals[position]), { entry: signals[position], position }]));
  } catch (error) {
    tell(error.message);
    return;
  }
  unknown = entry;
  form.reset();
  complain(dialog);
  dialog.querySelector("[data-alias-name]").textContent = entry.name;
  options.replaceChildren(...[...choices].map(([text, { entry: known }]) => new Option(known.label ?? "", text)));
  dialog.showModal();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.submitter;
  const chosen = choices.get(form.elements.entry.value.trim());
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
  if (event.target.closest("[data-alias]")) void open(JSON.parse(event.target.closest("tr[data-entry]").dataset.entry));
});
