// The page of notices: says who is told, and tries whether messages arrive. The server renders what came of it.

import { call, messageOf } from "../kernel/api.js";
import { all, around, fieldOf, need } from "../kernel/dom.js";
import { saving } from "../kernel/saving.js";
import { namesIn, quietIn } from "../kernel/typed.js";

/**
 * @typedef {{ start: string, end: string, zone: string }} Quiet
 * @typedef {{ id: string, name: string, kind: string, address: string, topics: string[], least: string,
 *   cleared: boolean, cars: string[], quiet: Quiet | null, on: boolean }} Destination
 */

const PATH = "/api/notices/destinations";
const dialog = need(document, "#destination", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const { complain, tell, finish } = saving(dialog, need(document, "#notices-said"));
/** @param {string} name */
const input = (name) => fieldOf(form, name);
/** @param {string} name */
const box = (name) => need(form, `[name=${name}]`, HTMLInputElement);
const topics = () => all(form, "[name=topics]", HTMLInputElement);
/** @type {Destination | null} */
let editing = null;

/** @param {Destination | null} destination */
function open(destination) {
  editing = destination;
  form.reset();
  complain();
  need(document, "#destination-title").textContent = destination ? destination.name : "Tell somebody";
  input("zone").value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (destination) {
    for (const name of /** @type {const} */ (["name", "kind", "least"])) input(name).value = destination[name];
    for (const topic of topics()) topic.checked = destination.topics.includes(topic.value);
    for (const name of /** @type {const} */ (["cleared", "on"])) box(name).checked = destination[name];
    input("cars").value = destination.cars.join(", ");
    if (destination.quiet) for (const name of /** @type {const} */ (["start", "end", "zone"])) input(name).value = destination.quiet[name];
    box("address").placeholder = destination.address;
  } else box("address").placeholder = "https://";
  for (const part of all(form, "[data-remove], [data-kept]")) part.hidden = !destination;
  dialog.showModal();
}

function said() {
  return {
    name: input("name").value,
    kind: input("kind").value,
    address: input("address").value.trim(),
    topics: topics().filter((each) => each.checked).map((each) => each.value),
    least: input("least").value,
    cleared: box("cleared").checked,
    cars: namesIn(input("cars").value),
    quiet: quietIn(form),
    on: box("on").checked,
  };
}

async function save() {
  const destination = said();
  if (editing) await call("PATCH", `${PATH}/${editing.id}`, destination);
  else await call("POST", PATH, destination);
  return editing ? `${destination.name} is changed.` : `${destination.name} is told from now on. Send a test.`;
}

/** @param {Destination} destination */
async function remove(destination) {
  await call("DELETE", `${PATH}/${destination.id}`);
  return `${destination.name} is told nothing more.`;
}

/** @param {HTMLButtonElement} button */
async function test(button) {
  const row = button.closest("tr");
  button.disabled = true;
  tell("Sending a test…");
  try {
    await call("POST", `${PATH}/${row?.dataset.destination}/test`);
    tell("The test arrived.");
  } catch (error) {
    tell(`The test did not arrive: ${messageOf(error)}`);
  } finally {
    button.disabled = false;
  }
}

/** @param {string} id */
async function edit(id) {
  try {
    /** @type {{ items: Destination[] }} */
    const { items } = await call("GET", PATH);
    open(items.find((each) => each.id === id) ?? null);
  } catch (error) {
    tell(messageOf(error));
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void finish(need(form, "[type=submit]", HTMLButtonElement), save);
});
document.addEventListener("click", (event) => {
  /** @param {string} name */
  const pressed = (name) => around(event, `[data-${name}]`, HTMLButtonElement);
  const [removing, testing, destination] = [pressed("remove"), pressed("test"), editing];
  if (pressed("add")) open(null);
  else if (pressed("cancel")) dialog.close();
  else if (testing) void test(testing);
  else if (removing && destination) void finish(removing, () => remove(destination));
  else if (pressed("edit")) void edit(around(event, "tr")?.dataset.destination ?? "");
});
