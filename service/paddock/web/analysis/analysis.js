// The page of X-Y plots, histograms and spectra: asks the API for what the address says, and draws it.

import { call, messageOf } from "../kernel/api.js";
import { make, need } from "../kernel/dom.js";
import { valueText } from "../plots/ticks.js";
import { drawBars, drawCloud, drawLine } from "./picture.js";

/** @typedef {{ name: string, label: string, unit: string }} Axis */
/** @typedef {{ start_s: number, end_s: number }} Span */
/** @typedef {Span & { x: Axis, y: Axis, points: number, xs: number[], ys: number[], counts: number[], cell: [number, number] | null }} Cloud */
/** @typedef {Span & { signal: Axis, edges: number[], seconds: number[] }} Histogram */
/** @typedef {Span & { signal: Axis, frequencies_hz: number[], density: number[], rate_hz: number, segment_s: number, segments: number }} Spectrum */
/** @typedef {{ signal: Axis, count: number } & Record<string, number | null>} Numbers */

const form = need(document, "#analysis", HTMLFormElement);
const figure = need(document, "#picture");
const canvas = need(figure, "canvas", HTMLCanvasElement);
const said = need(figure, "figcaption");
const SHOWN = ["min", "max", "mean", "rms", "std", "first", "last"];
/** @type {() => void} */
let draw = () => {};

/** @param {Axis} axis */
const axisText = (axis) => (axis.unit ? `${axis.label} in ${axis.unit}` : axis.label);

/** @param {number} value */
const short = (value) => valueText(Number(value.toPrecision(4)));

/** @param {FormData} given */
function query(given) {
  const asked = new URLSearchParams();
  for (const name of ["start", "end"]) {
    const text = String(given.get(name) ?? "").trim().replace(",", ".");
    if (text) asked.set(name, text);
  }
  return asked;
}

/** @param {string} path */
const ask = (path) => `/api/recordings/${form.dataset.recording}/${path}`;

/**
 * @param {string} x
 * @param {string} y
 * @param {URLSearchParams} span
 */
async function cloud(x, y, span) {
  /** @type {Cloud} */
  const found = await call("GET", ask(`xy?${new URLSearchParams({ x, y })}&${span}`));
  const dense = found.cell ? ", as how many lie where" : "";
  said.textContent = `${axisText(found.y)} over ${axisText(found.x)}: ${found.points.toLocaleString("en")} points${dense}.`;
  draw = () => drawCloud(canvas, found, axisText(found.x), axisText(found.y), found.x.unit === found.y.unit);
}

/**
 * @param {string} signal
 * @param {URLSearchParams} span
 */
async function histogram(signal, span) {
  /** @type {Histogram} */
  const found = await call("GET", ask(`histogram?${new URLSearchParams({ signal })}&${span}`));
  const all = found.seconds.reduce((a, b) => a + b, 0);
  said.textContent = `For how long ${found.signal.label} had which value, ${short(all)} s in all; gaps of the log count nothing.`;
  draw = () => drawBars(canvas, found.edges, found.seconds, axisText(found.signal), "seconds");
}

/**
 * @param {string} signal
 * @param {string} window
 * @param {URLSearchParams} span
 */
async function spectrum(signal, window, span) {
  /** @type {Spectrum} */
  const found = await call("GET", ask(`spectrum?${new URLSearchParams({ signal, window })}&${span}`));
  const unit = found.signal.unit ? `(${found.signal.unit})²/Hz` : "1/Hz";
  const peak = found.density.reduce((best, value, at) => (at > 0 && value > found.density[best] ? at : best), 1);
  said.textContent = `Power spectral density of ${found.signal.label} in ${unit}: most at ${short(found.frequencies_hz[peak])} Hz. `
    + `${found.segments} segment${found.segments === 1 ? "" : "s"} of ${short(found.segment_s)} s at ${short(found.rate_hz)} Hz, ${window} window.`;
  draw = () => drawLine(canvas, found.frequencies_hz.slice(1), found.density.slice(1), "Hz", unit);
}

/**
 * @param {string[]} names
 * @param {URLSearchParams} span
 */
async function numbers(names, span) {
  const asked = new URLSearchParams(names.map((name) => ["signal", name]));
  /** @type {{ items: Numbers[] }} */
  const found = await call("GET", ask(`statistics?${asked}&${span}`));
  const table = need(document, "#numbers");
  need(table, "tbody").replaceChildren(...found.items.map((item) => make("tr", {},
    make("td", { title: item.signal.name }, axisText(item.signal)),
    make("td", { class: "num" }, item.count.toLocaleString("en")),
    ...SHOWN.map((name) => make("td", { class: "num" }, item[name] === null ? "–" : short(Number(item[name])))))));
  table.hidden = false;
}

async function show() {
  const given = new FormData(form);
  const [x, y] = ["x", "y"].map((name) => String(given.get(name) ?? "").trim());
  if (!x || (form.dataset.kind === "xy" && !y)) return;
  const span = query(given);
  const place = need(document, "#analysis-error");
  try {
    if (form.dataset.kind === "xy") await cloud(x, y, span);
    else if (form.dataset.kind === "histogram") await histogram(x, span);
    else await spectrum(x, String(given.get("window")), span);
    figure.hidden = false;
    draw();
    await numbers([...new Set([x, y])].filter(Boolean), span);
  } catch (error) {
    place.textContent = messageOf(error);
    place.hidden = false;
  }
}

new ResizeObserver(() => draw()).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
void show();
