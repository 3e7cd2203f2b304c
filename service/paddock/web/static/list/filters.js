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

function apply() {
  for (const row of conditions.querySelectorAll(":scope > .condition")) compose(row);
  const query = new URLSearchParams();
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

function offer(list, values) {
  list.replaceChildren(...values.map((value) => Object.assign(document.createElement("option"), { value })));
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
conditions.addEventListener("input", (event) => {
  if (!event.target.matches(".name")) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const query = new URLSearchParams({ q: event.target.value.slice(0, 300) });
    const names = await ask(`/api/signal-names?${query}`);
    offer(document.getElementById("signal-names"), names.map((each) => each.name));
  }, 120);
});

/** Every topic to tick; those that are chosen stand there already, from the server. */
function offerTopics(choices, names) {
  const known = new Set([...choices.querySelectorAll("[type=checkbox]")].map((box) => box.value));
  for (const name of names.filter((each) => !known.has(each))) {
    const label = document.createElement("label");
    const text = Object.assign(document.createElement("span"), { className: "text", textContent: name });
    label.append(Object.assign(document.createElement("input"), { type: "checkbox", name: "topic", value: name }), " ", text);
    choices.append(label);
  }
}

whenOpen("topics", async (menu) => {
  const names = await ask("/api/topics");
  offer(document.getElementById("topic-names"), names);
  offerTopics(menu.querySelector(".choices"), names);
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.facet[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
