// Filters apply at once, and only what is set gets into the URL. Conditions on signals are rows of four fields, and
// one text in the URL: `max(BatteryPack.cell_temp) > 55`.

const form = document.getElementById("filters");
const conditions = form.querySelector(".conditions");

function compose(row) {
  const [statistic, name, operator, number] = ["statistic", "name", "operator", "number"].map(
    (part) => row.querySelector(`.${part}`).value.trim(),
  );
  row.querySelector("[name=signal]").value = name && number ? `${statistic}(${name}) ${operator} ${number}` : "";
}

/** `max_speed_m_s >= 8.33333333`: what a program would ask, in SI units. */
function figures() {
  const texts = [];
  for (const row of document.querySelectorAll("#figures .figure")) {
    for (const [end, operator] of [["least", ">="], ["most", "<="]]) {
      const { value } = row.querySelector(`.${end}`);
      if (value) texts.push(`${row.dataset.figure} ${operator} ${Number((value * row.dataset.factor).toPrecision(9))}`);
    }
  }
  return texts;
}

function apply() {
  for (const row of conditions.querySelectorAll(":scope > .condition")) compose(row);
  const query = new URLSearchParams(figures().map((text) => ["figure", text]));
  for (const element of form.elements) {
    if (!element.name || (element.type === "checkbox" && !element.checked)) continue;
    // An empty checkbox means "not known"; an empty field means nothing.
    if (element.type === "checkbox" || element.value.trim()) query.append(element.name, element.value);
  }
  const text = String(query);
  location.assign(text ? `/?${text}` : "/");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  apply();
});
form.addEventListener("change", (event) => {
  if (event.target.matches("[type=checkbox], [type=date]")) apply();
});

/** Fills a menu each time it opens; also one that was opened while this script was still on its way. */
function whenOpen(id, fill) {
  const menu = document.getElementById(id);
  menu.addEventListener("toggle", () => { if (menu.open) fill(menu); });
  if (menu.open) fill(menu);
}

function add() {
  const row = document.getElementById("condition").content.cloneNode(true).firstElementChild;
  conditions.insertBefore(row, document.getElementById("condition"));
  return row;
}

document.getElementById("add-condition").addEventListener("click", () => add().querySelector(".name").focus());
whenOpen("conditions", () => {
  if (!conditions.querySelector(":scope > .condition")) add();
});
conditions.addEventListener("click", (event) => {
  const button = event.target.closest(".remove");
  if (!button) return;
  const row = button.closest(".condition");
  const applied = row.querySelector("[name=signal]").defaultValue !== "";
  row.remove();
  if (applied) apply();
});

function offer(list, names) {
  list.replaceChildren(...names.map(({ name, label }) => Object.assign(document.createElement("option"), { value: name, label: label ? `${name} · ${label}` : name })));
}

async function ask(path) {
  try {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    return answer.ok ? await answer.json() : [];
  } catch {
    return [];  // completion is a convenience: the field works without
  }
}

let waiting = 0;
function complete(event) {
  if (!event.target.matches(".name")) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const query = new URLSearchParams({ q: event.target.value.slice(0, 300) });
    const names = await ask(`/api/signal-names?${query}`);
    offer(document.getElementById("signal-names"), names);
  }, 120);
}
conditions.addEventListener("input", complete);
conditions.addEventListener("focusin", complete);  // an empty field offers names as well

// What is typed among the topics narrows them; Enter takes the only one left, or the name as it was typed.
const topics = document.getElementById("topics");
const typed = topics.querySelector("input:not([type=checkbox])");
const named = [...topics.querySelectorAll("label")].map((label) => [label, label.querySelector(".text").textContent.toLowerCase()]);

function narrow() {
  const wanted = typed.value.trim().toLowerCase();
  for (const [label, name] of named) label.hidden = !name.includes(wanted);
  const left = named.filter(([label]) => !label.hidden).map(([label]) => label);
  document.getElementById("no-topic").hidden = left.length > 0;
  return left;
}

typed.addEventListener("input", narrow);
typed.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !typed.value.trim()) return;
  const left = narrow();
  if (left.length !== 1) return;
  event.preventDefault();
  typed.value = "";
  left[0].querySelector("input").click();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.facet[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
