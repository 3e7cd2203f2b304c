// The page of a recording's intervals: marks, finds and removes them, and asks for figures over them.

import { Problem, call, messageOf, saveFile } from "../kernel/api.js";
import { all, around, make, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { valueText } from "../plots/ticks.js";

/** @typedef {{ span: string, start_s: number, end_s: number, figures: Record<string, Record<string, number | null>> }} Row */

const FIGURES = ["count", "min", "max", "mean", "std", "integral", "first", "last", "at_max_s"];
const recording = need(document, "[data-recording]").dataset.recording ?? "";
const place = `/api/recordings/${recording}/intervals`;

/** @param {FormDataEntryValue | null} text */
const number = (text) => Number(String(text ?? "").trim().replace(",", "."));

/**
 * Does something for a form, and says in it what went wrong.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} work
 */
async function attempt(form, work) {
  const error = need(form, ".form-error");
  const buttons = all(form, "button", HTMLButtonElement);
  error.hidden = true;
  for (const button of buttons) button.disabled = true;
  try {
    await work();
  } catch (problem) {
    error.textContent = messageOf(problem);
    error.hidden = false;
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

const marking = need(document, "#mark", HTMLFormElement);
marking.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(marking);
  void attempt(marking, async () => {
    await call("POST", place, { name: given.get("name"), start_s: number(given.get("start_s")), end_s: number(given.get("end_s")), notes: given.get("notes") });
    marking.reset();
    await refreshNow();
  });
});

const finding = need(document, "#find", HTMLFormElement);
finding.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = new FormData(finding);
  void attempt(finding, async () => {
    /** @type {{ items: unknown[] }} */
    const found = await call("POST", `${place}/find`, { name: given.get("name"), condition: given.get("condition"), at_least_s: number(given.get("at_least_s")) });
    await refreshNow();
    if (!found.items.length) throw new Problem({ detail: "It holds nowhere in this recording for so long.", code: "nothing" });
  });
});

document.addEventListener("click", (event) => {
  const removing = around(event, "[data-remove]", HTMLButtonElement);
  if (removing) void call("DELETE", `${place}/${removing.dataset.remove}`).then(refreshNow, refreshNow);
});

const asking = need(document, "#kpis", HTMLFormElement);
const table = need(document, "#figures");

/** @param {string} format */
function question(format) {
  const given = new FormData(asking);
  const signals = String(given.get("signals")).split(",").map((name) => name.trim()).filter(Boolean);
  return { recordings: [recording], signals, over: given.get("over"), format };
}

/** @param {number | null} value */
const short = (value) => (value === null ? "–" : valueText(Number(value.toPrecision(5))));

asking.addEventListener("submit", (event) => {
  event.preventDefault();
  const asked = question("json");
  void attempt(asking, async () => {
    /** @type {{ items: Row[] }} */
    const found = await call("POST", "/api/kpis", asked);
    need(table, "thead").replaceChildren(make("tr", {}, ...["Span", "Signal", "From"].map((text) => make("th", { scope: "col" }, text)),
      ...FIGURES.map((name) => make("th", { scope: "col", class: "num" }, name === "at_max_s" ? "at max, s" : name))));
    need(table, "tbody").replaceChildren(...found.items.flatMap((row) => asked.signals.map((signal) => make("tr", {},
      make("td", {}, row.span), make("td", {}, signal), make("td", { class: "num" }, row.start_s.toFixed(2)),
      ...FIGURES.map((name) => make("td", { class: "num" }, short(row.figures[signal][name])))))));
    table.hidden = false;
    if (!found.items.length) throw new Problem({ detail: "There is no such span in this recording yet.", code: "nothing" });
  });
});

need(asking, "[data-csv]").addEventListener("click", () => void attempt(asking, async () => {
  await saveFile("/api/kpis", question("csv"), "kpis.csv");
}));
