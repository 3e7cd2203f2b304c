// The page of a recording's intervals: marks, finds and removes them.

import { Problem, call } from "../kernel/api.js";
import { around, need } from "../kernel/dom.js";
import { refreshNow } from "../kernel/refresh.js";
import { attempt } from "./attempt.js";

const recording = need(document, "[data-recording]").dataset.recording ?? "";
const place = `/api/recordings/${recording}/intervals`;

/** @param {FormDataEntryValue | null} text */
const number = (text) => Number(String(text ?? "").trim().replace(",", "."));

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
