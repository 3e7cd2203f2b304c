// The page of maths channels: writes one, tries it on a recording meanwhile, and saves it over the API.

import { Problem, call, messageOf } from "../kernel/api.js";
import { around, fieldOf, make, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { Completions } from "./completions.js";
import { Preview } from "./preview.js";

/**
 * A channel, as the API has it.
 * @typedef {object} Channel
 * @property {string} id
 * @property {string} name
 * @property {string} text
 * @property {string} unit
 * @property {boolean} unit_said
 * @property {string} car
 * @property {Record<string, number>} constants
 * @property {string} note
 * @property {boolean} in_mat
 * @property {number} edition
 */
/** @typedef {{ channels: string[], rules: string[], recordings: number }} Uses */
/** @typedef {{ version: number, text: string, person: string }} Version */
/** @typedef {{ name: string, unit: string | null, shape: string, signals: string[], preview: import("./preview.js").Found | null }} Checked */

const PAUSE_MS = 350;

const dialog = need(document, "#channel", HTMLDialogElement);
const form = need(dialog, "form", HTMLFormElement);
const text = need(form, "textarea[name=text]", HTMLTextAreaElement);
const ticked = need(form, "[name=in_mat]", HTMLInputElement);
const removing = need(form, "[data-remove]", HTMLButtonElement);
const preview = new Preview(need(form, ".preview"));
const completions = new Completions(text, need(form, ".completions"));
/** @type {Channel | null} */
let edited = null;
let timer = 0;
let asked = 0;  // of several questions the last one's answer counts
let sure = false;  // whether a removal was asked for once already

/** @param {string} message */
function complain(message) {
  const place = need(form, ".form-error");
  place.textContent = message;
  place.hidden = !message;
}

/** @param {string} message */
function tell(message) {
  const toast = need(document, "#maths-said");
  toast.textContent = message;
  toast.hidden = false;
  setTimeout(() => { toast.hidden = true; }, 8000);
}

/** @param {string} name */
const said = (name) => fieldOf(form, name).value.trim();

/** The constants as they are written, one a line: `gear = 11.86`. */
function constants() {
  /** @type {Record<string, number>} */
  const found = {};
  for (const line of said("constants").split("\n").filter((each) => each.trim())) {
    const match = /^\s*(\w+)\s*=\s*([-+0-9.eE]+)\s*$/.exec(line);
    if (!match || !Number.isFinite(Number(match[2]))) throw new Error(`${line.trim()} is no constant: write one like gear = 11.86.`);
    found[match[1]] = Number(match[2]);
  }
  return found;
}

/**
 * Says something under the text: what it is, or what is wrong with it and where.
 * @param {string} message
 * @param {{ position?: number | null, end?: number | null } | null} problem
 */
function point(message, problem = null) {
  const fault = need(form, ".fault");
  const place = need(form, ".place");
  const position = problem?.position ?? null;
  fault.textContent = message;
  fault.classList.toggle("bad", problem !== null);
  text.setAttribute("aria-invalid", String(problem !== null));
  place.hidden = position === null;
  if (position === null) return;
  const characters = [...text.value];  // positions count characters, not halves of them
  const end = Math.max(problem?.end ?? position, position + 1);
  const bad = characters.slice(position, end).join("") || " ";
  place.replaceChildren(characters.slice(0, position).join(""), make("mark", {}, bad), characters.slice(end).join(""));
}

/** @param {unknown} error */
function refuse(error) {
  point(messageOf(error), error instanceof Problem ? error.problem : {});
}

/** @param {Checked} checked */
function approve(checked) {
  const unit = checked.unit === null ? "its unit is not known" : checked.unit ? `in ${checked.unit}` : "a ratio, without a unit";
  point(checked.preview ? `Computed from ${checked.signals.join(", ")}; ${unit}.` : "There is no recording to try it on.");
  need(form, "[name=unit]", HTMLInputElement).placeholder = checked.unit || "derived";
  need(form, "[name=name]", HTMLInputElement).placeholder = checked.name || "wheel_slip";
  if (checked.preview) preview.show(checked.preview, said("unit") || checked.unit || "", checked.shape);
}

async function check() {
  const number = ++asked;
  if (!text.value.trim()) {
    point("");
    preview.clear();
    return;
  }
  try {
    const question = { text: text.value, recording: said("recording"), name: said("name"), car: said("car"), constants: constants() };
    /** @type {Checked} */
    const checked = await call("POST", "/api/maths/check", question);
    if (number === asked) approve(checked);
  } catch (error) {
    if (number !== asked) return;
    preview.outdate();
    refuse(error);
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => void check(), PAUSE_MS);
}

/** @param {Channel | null} channel */
function open(channel) {
  edited = channel;
  sure = false;
  form.reset();
  complain("");
  point("");
  preview.clear();
  need(form, "h2").textContent = channel ? channel.name : "New maths channel";
  removing.hidden = !channel;
  removing.textContent = "Remove";
  need(form, ".uses").hidden = true;
  if (channel) {
    fieldOf(form, "name").value = channel.name;
    fieldOf(form, "text").value = channel.text;
    fieldOf(form, "car").value = channel.car;
    fieldOf(form, "note").value = channel.note;
    fieldOf(form, "unit").value = channel.unit_said ? channel.unit : "";
    fieldOf(form, "constants").value = Object.entries(channel.constants).map(([name, value]) => `${name} = ${value}`).join("\n");
    ticked.checked = channel.in_mat;
    void look(channel);
  }
  dialog.showModal();
  text.focus();
  void check();
}

/**
 * Who uses it, so what a rename or a removal breaks; and what it was before.
 * @param {Channel} channel
 */
async function look(channel) {
  const place = need(form, ".uses");
  try {
    /** @type {{ uses: Uses, versions: Version[] }} */
    const { uses, versions } = await call("GET", `/api/maths/${channel.id}`);
    const many = uses.channels.length > 1;
    const parts = [`${uses.recordings} recording${uses.recordings === 1 ? " has" : "s have"} it`];
    if (uses.channels.length) parts.push(`${uses.channels.join(", ")} ${many ? "are" : "is"} made of it: a rename is followed, a removal breaks ${many ? "them" : "it"}`);
    if (uses.rules.length) parts.push(`alert rules look at it by this name: ${uses.rules.join(", ")}`);
    const older = versions.slice(1, 6).map((each) => make("li", {}, make("code", {}, each.text), ` (version ${each.version}, ${each.person})`));
    place.replaceChildren(make("p", {}, `${parts.join("; ")}.`), ...(older.length ? [make("p", {}, "Before it was"), make("ul", { class: "sentences" }, ...older)] : []));
  } catch (error) {
    place.replaceChildren(messageOf(error));
  }
  place.hidden = false;
}

async function save() {
  const channel = {
    name: said("name"), text: text.value, unit: said("unit"), car: said("car"), constants: constants(), note: said("note"), in_mat: ticked.checked,
  };
  /** @type {Channel} */
  const saved = edited
    ? await call("PUT", `/api/maths/${edited.id}`, { ...channel, edition: edited.edition })
    : await call("POST", "/api/maths", channel);
  tell(`${saved.name} is saved, and computed of every recording in the background.`);
}

async function remove() {
  await call("DELETE", `/api/maths/${edited?.id}`);
  tell(`${edited?.name} is removed.`);
}

/**
 * @param {HTMLButtonElement} button
 * @param {() => Promise<void>} act
 */
async function doing(button, act) {
  button.disabled = true;
  complain("");
  try {
    await act();
    dialog.close();
    await refreshNow();
  } catch (error) {
    complain(messageOf(error));
    if (error instanceof Problem && error.problem.position !== undefined) refuse(error);
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  if (around(event, "[data-add]")) open(null);
  if (around(event, "[data-cancel]")) dialog.close();
  if (around(event, "[data-edit]")) open(JSON.parse(around(event, "[data-channel]")?.dataset.channel ?? "null"));
});
removing.addEventListener("click", () => {
  if (sure) void doing(removing, remove);
  sure = true;
  removing.textContent = "Remove it from all recordings";
});
form.addEventListener("input", later);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void doing(need(form, "[type=submit]", HTMLButtonElement), save);
});
dialog.addEventListener("close", () => completions.close());

const wanted = dialog.dataset.open ? document.getElementById(`m-${dialog.dataset.open}`) : null;
if (wanted) open(JSON.parse(wanted.dataset.channel ?? "null"));
