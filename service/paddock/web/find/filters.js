// Filters apply at once, and only what is set gets into the URL. Conditions are rows of fields, and one text in the URL:
// `max(BatteryPack.cell_temp) > 55` on a signal, `spring_front >= 35` on the setup sheet.

import { all, around, make, need } from "../kernel/dom.js";

const form = need(document, "#filters", HTMLFormElement);
const conditions = need(form, "#conditions .conditions");

/** @typedef {HTMLInputElement | HTMLSelectElement} Field */

/**
 * @param {ParentNode} row
 * @param {string} part
 */
const field = (row, part) => /** @type {Field} */ (need(row, part));

/** @param {HTMLElement} row */
function compose(row) {
  const isSetup = row.classList.contains("of-setup");
  const [name, operator, value] = ["name", "operator", "number"].map((part) => field(row, `.${part}`).value.trim());
  const left = isSetup ? name : `${field(row, ".statistic").value}(${name})`;
  textOf(row).value = name && value ? `${left} ${operator} ${value}` : "";
}

/**
 * The text that goes into the URL.
 * @param {HTMLElement} row
 */
const textOf = (row) => need(row, "[type=hidden]", HTMLInputElement);

/** `max_speed_m_s >= 8.33333333`: what a program would ask, in SI units. */
function figures() {
  const texts = [];
  for (const row of all(document, "#figures .figure")) {
    for (const [end, operator] of [["least", ">="], ["most", "<="]]) {
      const { value } = field(row, `.${end}`);
      if (value) texts.push(`${row.dataset.figure} ${operator} ${Number((Number(value) * Number(row.dataset.factor)).toPrecision(9))}`);
    }
  }
  return texts;
}

function apply() {
  for (const row of all(form, ".conditions > .condition")) compose(row);
  const query = new URLSearchParams(figures().map((text) => ["figure", text]));
  for (const element of form.elements) {
    if (!(element instanceof HTMLInputElement || element instanceof HTMLSelectElement) || !element.name) continue;
    const isBox = element instanceof HTMLInputElement && element.type === "checkbox";
    // An empty checkbox means "not known"; an empty field means nothing.
    if (isBox ? element.checked : element.value.trim()) query.append(element.name, element.value);
  }
  const text = String(query);
  location.assign(text ? `/?${text}` : "/");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  apply();
});
form.addEventListener("change", (event) => {
  if (around(event, "[type=checkbox], [type=date]")) apply();
});

/**
 * Another row among those of a menu.
 * @param {HTMLDetailsElement} menu
 */
function add(menu) {
  const pattern = need(menu, "template", HTMLTemplateElement);
  const row = /** @type {HTMLElement} */ (need(pattern.content, "*").cloneNode(true));
  pattern.before(row);
  return row;
}

for (const menu of all(form, "details:has(> .conditions)", HTMLDetailsElement)) {
  need(menu, "[data-add]").addEventListener("click", () => need(add(menu), ".name").focus());
  /** An open menu has a row to begin with, also one that was opened while this script was still on its way. */
  const begin = () => {
    if (menu.open && !menu.querySelector(".conditions > .condition")) add(menu);
  };
  menu.addEventListener("toggle", begin);
  begin();
  menu.addEventListener("click", (event) => {
    const row = around(event, ".remove") && around(event, ".condition");
    if (!row) return;
    const applied = textOf(row).defaultValue !== "";
    row.remove();
    if (applied) apply();
  });
}

/**
 * @param {HTMLElement} list
 * @param {{ name: string, label: string }[]} names
 */
function offer(list, names) {
  list.replaceChildren(...names.map(({ name, label }) => make("option", { value: name, label: label ? `${name} · ${label}` : name })));
}

/**
 * @param {string} path
 * @returns {Promise<{ name: string, label: string }[]>}
 */
async function ask(path) {
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : [];
  } catch {
    return [];  // completion is a convenience: the field works without
  }
}

let waiting = 0;
/** @param {Event} event */
function complete(event) {
  const typing = around(event, ".name", HTMLInputElement);
  if (!typing) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const query = new URLSearchParams({ q: typing.value.slice(0, 300) });
    const names = await ask(`/api/signal-names?${query}`);
    offer(need(document, "#signal-names"), names);
  }, 120);
}
conditions.addEventListener("input", complete);
conditions.addEventListener("focusin", complete);  // an empty field offers names as well

// What is typed among the topics narrows them; Enter takes the only one left, or the name as it was typed.
const topics = need(document, "#topics");
const typed = need(topics, "input:not([type=checkbox])", HTMLInputElement);
const named = all(topics, "label").map((label) => ({ label, name: need(label, ".text").textContent.toLowerCase() }));

function narrow() {
  const wanted = typed.value.trim().toLowerCase();
  for (const { label, name } of named) label.hidden = !name.includes(wanted);
  const left = named.filter(({ label }) => !label.hidden).map(({ label }) => label);
  need(document, "#no-topic").hidden = left.length > 0;
  return left;
}

typed.addEventListener("input", narrow);
typed.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !typed.value.trim()) return;
  const left = narrow();
  if (left.length !== 1) return;
  event.preventDefault();
  typed.value = "";
  need(left[0], "input").click();
});

document.addEventListener("click", (event) => {
  for (const facet of all(document, "details.facet[open]", HTMLDetailsElement)) {
    if (event.target instanceof Node && !facet.contains(event.target)) facet.open = false;
  }
});
