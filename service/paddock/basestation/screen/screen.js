// Keeps the pit screen honest: fresh every second, grey when nobody answers. Changes stints and logs, sounds a tone.

import { all, around, make, need } from "/static/kernel/dom.js";
import { call, messageOf } from "/static/kernel/api.js";
import { follow, refreshNow } from "/static/kernel/refresh.js";

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** The style sheet turns a verdict grey some seconds after its element came or was renewed here, script or no script. */
function renew() {
  for (const animation of document.getAnimations()) {
    if (animation instanceof CSSAnimation && animation.animationName.startsWith("verdict-")) animation.currentTime = 0;
  }
  const said = need(document, "#as-of");
  said.hidden = false;
  need(said, "time").textContent = clock.format(new Date());
}

// ---- the tone

const KEPT = "paddock-pit-sound";
const button = need(document, "#sound", HTMLButtonElement);
/** @type {AudioContext | null} */
let audio = null;
/** @type {Map<string, string>} */
const announced = new Map();  // place → how many logs were here when it was green last

function tone() {
  if (!audio) return;
  for (const [index, pitch] of [659.3, 880].entries()) {
    const at = audio.currentTime + index * 0.28;
    const [oscillator, volume] = [audio.createOscillator(), audio.createGain()];
    oscillator.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.5, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.6);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(at);
    oscillator.stop(at + 0.65);
  }
  document.body.dataset.tones = String(Number(document.body.dataset.tones ?? 0) + 1);
}

/**
 * A tone for every car that turned green with more logs here than before; not for one that was away for a moment.
 * @param {boolean} first whether the page was just loaded: what is green then has been so before
 */
function listen(first) {
  const headlines = [];
  for (const verdict of all(document, ".verdict[data-place]")) {
    const { place = "", kind = "", brought = "" } = verdict.dataset;
    if (!first && kind === "safe" && announced.get(place) !== brought) tone();
    if (first || kind === "safe") announced.set(place, brought);
    headlines.push(`${need(verdict, ".said h2").textContent}: ${need(verdict, ".said .headline").textContent?.trim()}`);
  }
  document.title = `${headlines.join("; ")} · Pit`;
  const spoken = need(document, "#spoken");
  if (spoken.textContent !== headlines.join("; ")) spoken.textContent = headlines.join("; ");
}

function sayWhetherItSounds() {
  const wanted = localStorage.getItem(KEPT) === "on";
  const sounds = wanted && audio?.state === "running";
  button.hidden = false;
  button.setAttribute("aria-pressed", String(sounds));
  // Browsers play nothing before somebody has touched the page.
  button.textContent = sounds ? "Sound is on" : wanted ? "Touch for sound" : "Sound is off";
}

async function allowSound() {
  audio ??= new AudioContext();
  await audio.resume();
  sayWhetherItSounds();
}

button.addEventListener("click", async () => {
  const wanted = localStorage.getItem(KEPT) === "on" && audio?.state === "running" ? "off" : "on";
  localStorage.setItem(KEPT, wanted);
  if (wanted === "on") {
    await allowSound();
    tone();
  } else {
    await audio?.suspend();
  }
  sayWhetherItSounds();
});
document.addEventListener("pointerdown", (event) => {
  if (localStorage.getItem(KEPT) === "on" && audio?.state !== "running" && !around(event, "#sound")) allowSound();
});

// ---- stints and logs

/** @param {Date} date */
const local = (date) => new Date(date.valueOf() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/**
 * What a form says of a stint or log.
 * @param {HTMLFormElement} form
 * @returns {(HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement)[]}
 */
function textsOf(form) {
  const found = [
    ...all(form, "[name]", HTMLInputElement),
    ...all(form, "[name]", HTMLSelectElement),
    ...all(form, "[name]", HTMLTextAreaElement),
  ];
  return found.filter((each) => !["place", "from"].includes(each.name));
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {Record<string, string>} values
 */
function open(dialog, values) {
  const form = need(dialog, "form", HTMLFormElement);
  need(form, ".form-error").hidden = true;
  for (const field of textsOf(form)) {
    field.value = values[field.name] ?? "";
    field.dataset.was = field.value;
  }
  dialog.showModal();
}

/**
 * The fields that were changed, so that nothing is said anew that was not meant.
 * @param {HTMLFormElement} form
 */
const changesOf = (form) =>
  Object.fromEntries(textsOf(form).filter((field) => field.value !== field.dataset.was).map((field) => [field.name, field.value]));

/**
 * @param {string} id
 * @param {(form: HTMLFormElement) => Promise<unknown>} send
 */
function saves(id, send) {
  const dialog = need(document, id, HTMLDialogElement);
  dialog.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = need(dialog, "form", HTMLFormElement);
    const error = need(form, ".form-error");
    try {
      await send(form);
      dialog.close();
      await refreshNow();
    } catch (problem) {
      error.textContent = messageOf(problem);
      error.hidden = false;
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || around(event, "[data-close]")) dialog.close();
  });
  return dialog;
}

const stintDialog = saves("#stint-dialog", (form) => {
  const places = all(form, "[name=place]", HTMLInputElement).filter((each) => each.type === "hidden" || each.checked).map((each) => each.value);
  const from = new Date(need(form, "[name=from]", HTMLInputElement).value);
  if (!places.length) throw new Error("Choose a car.");
  return call("POST", "/stints", { places, from_at: from.toISOString(), values: changesOf(form) });
});
const logDialog = saves("#log-dialog", (form) => call("POST", `/logs/${form.dataset.of}`, { values: changesOf(form) }));

document.addEventListener("click", async (event) => {
  const stint = around(event, "[data-stint]");
  if (stint) {
    for (const car of all(stintDialog, "[name=place][type=checkbox]", HTMLInputElement)) car.checked = car.value === stint.dataset.stint;
    const from = new Date();
    // The first one is for all that was driven today; a later one for what comes.
    if (stint.dataset.first !== undefined) from.setHours(0, 0, 0, 0);
    need(stintDialog, "[name=from]", HTMLInputElement).value = local(from);
    open(stintDialog, JSON.parse(stint.dataset.values ?? "{}"));
  }
  const log = around(event, "[data-log]");
  if (log) {
    need(logDialog, "form").dataset.of = log.dataset.log;
    need(logDialog, "h2").textContent = log.dataset.name ?? "";
    open(logDialog, JSON.parse(log.dataset.values ?? "{}"));
  }
  const back = around(event, "[data-take-back]", HTMLButtonElement);
  if (back) {
    const query = new URLSearchParams({ place: back.dataset.place ?? "", from_ns: back.dataset.takeBack ?? "" });
    try {
      await call("DELETE", `/stints?${query}`);
      await refreshNow();
    } catch (problem) {
      back.after(make("span", { class: "problem", role: "alert" }, messageOf(problem)));
    }
  }
});

// ---- in the rhythm of the refresh

listen(true);
sayWhetherItSounds();
follow(async () => {
  renew();
  listen(false);
  return false;
});
refreshNow();
