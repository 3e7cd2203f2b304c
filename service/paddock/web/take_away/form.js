// <take-away>: a request for files, what it will weigh, how far it is, the links, and the same as a script.

import { call, messageOf } from "../kernel/api.js";
import { copied, select } from "../kernel/copy.js";
import { all, around, fieldOf, make, need } from "../kernel/dom.js";
import { matlabScript, pythonScript, shellScript } from "./scripts.js";
import { clock } from "../plots/ticks.js";
import { size } from "../kernel/words.js";

/** @typedef {import("./scripts.js").Request} Request */
/** @typedef {import("../plots/workspace.js").PlotWorkspace} PlotWorkspace */
/** @typedef {import("../plots/series.js").View} View */
/** @typedef {{ id: string, name: string, sizeBytes: number }} Recording */
/** @typedef {{ name: string, label: string, layouts: string[] }} Format */

/**
 * One export, as the API tells of it.
 * @typedef {object} Export
 * @property {string} id
 * @property {string} state
 * @property {number} progress
 * @property {{ message: string } | null} [error]
 * @property {{ url: string, name: string, size_bytes: number } | null} [artifact]
 */

const POLL_MS = 700;
const TYPING_MS = 250;
const MUCH_LARGER = 1000;
/** @type {Record<string, (ids: string[], request: Request) => string>} */
const SCRIPTS = { shell: shellScript, python: pythonScript, matlab: matlabScript };

class TakeAway extends HTMLElement {
  /** @type {Recording[]} */
  recordings = [];
  /** @type {Format[]} */
  formats = [];
  /** @type {HTMLFormElement} */
  form;
  /** @type {HTMLSelectElement} */
  layout;
  language = "shell";
  /** @type {Set<string>} */
  chosen = new Set();  // what somebody said themselves
  plotted = () => this.update();
  /** @type {AbortController | null} */
  estimating = null;

  connectedCallback() {
    this.recordings = JSON.parse(this.dataset.recordings ?? "[]");
    this.formats = JSON.parse(this.dataset.formats ?? "[]");
    this.form = need(this, "form", HTMLFormElement);
    this.layout = need(this.form, "[name=layout]", HTMLSelectElement);
    this.language = "shell";
    this.chosen = new Set();
    this.form.addEventListener("input", (event) => {
      this.chosen.add(around(event, "[name]")?.getAttribute("name") ?? "");
      this.update();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.make();
    });
    // Writing into a field means it.
    need(this.form, "[name=globs]").addEventListener("focus", () => this.choose("which", "globs"));
    for (const name of ["start", "end"]) need(this.form, `[name=${name}]`).addEventListener("focus", () => this.choose("span", "seconds"));
    for (const button of all(this, "[data-language]")) button.addEventListener("click", () => this.speak(button));
    const copying = need(this, "[data-copy]");
    copying.addEventListener("click", () => void this.copy(copying));
    document.addEventListener("paddock:plotted", this.plotted);
    this.update();
    if (this.recordings.length === 1) void this.offerViewers();
  }

  disconnectedCallback() {
    document.removeEventListener("paddock:plotted", this.plotted);
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  choose(name, value) {
    this.chosen.add(name);
    fieldOf(this.form, name).value = value;
    this.update();
  }

  /** What is plotted, as long as it is plotted, is what most want; what somebody said before stays as it was. */
  open() {
    for (const name of ["which", "span"]) {
      const field = fieldOf(this.form, name);
      if (!this.chosen.has(name) || (field.value === "plotted" && !this.workspace)) {
        field.value = this.workspace ? "plotted" : "all";
      }
    }
    this.update();
  }

  /** @param {HTMLElement} chosen */
  speak(chosen) {
    this.language = chosen.dataset.language ?? "shell";
    for (const button of all(this, "[data-language]")) button.setAttribute("aria-pressed", String(button === chosen));
    this.update();
  }

  /** @param {HTMLElement} button */
  async copy(button) {
    const script = need(this, ".script");
    const done = await copied(script.textContent);
    if (!done) select(script);
    button.textContent = done ? "Copied" : "Selected: copy it";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  /** The workspace on this page, if it has plots. */
  get workspace() {
    const [workspace] = /** @type {PlotWorkspace[]} */ (all(document, "plot-workspace"));
    const plotted = workspace?.plotted;
    return plotted?.names.length ? plotted : null;
  }

  /**
   * As the API takes it; `undefined` where a field makes no sense.
   * @returns {Request | undefined}
   */
  request() {
    /** @param {string} name */
    const said = (name) => fieldOf(this.form, name).value;
    /** @param {string} name */
    const number = (name) => (said(name).trim() === "" ? undefined : Number(said(name).replace(",", ".")));
    /** @type {Request} */
    const request = { format: said("format") };
    if (this.layout.selectedIndex > 0) request.layout = this.layout.value;  // the first is the default
    const globs = said("globs").split(/[\s,]+/).filter(Boolean);
    if (said("which") === "globs" && globs.length) request.signals = globs;
    if (said("which") === "plotted" && this.workspace) request.signals = [...new Set(this.workspace.names)];
    const view = said("span") === "plotted" ? this.workspace?.view : null;
    const [start, end] = view ? [Number(view.start.toFixed(3)), Number(view.end.toFixed(3))] : [number("start"), number("end")];
    if (view || said("span") === "seconds") {
      if (start !== undefined) request.start_s = start;
      if (end !== undefined) request.end_s = end;
    }
    if (number("rate") !== undefined) request.rate_hz = number("rate");
    const wrong = [request.start_s, request.end_s, request.rate_hz].some((value) => Number.isNaN(value)) || (request.rate_hz !== undefined && request.rate_hz <= 0);
    return wrong ? undefined : request;
  }

  update() {
    const format = this.formats.find(({ name }) => name === fieldOf(this.form, "format").value);
    const layouts = format?.layouts.filter(Boolean) ?? [];
    const kept = this.layout.value;
    this.layout.replaceChildren(...(layouts.length ? layouts : [""]).map((layout) => make("option", { value: layout }, layout || "the only one")));
    this.layout.value = layouts.includes(kept) ? kept : (layouts[0] ?? "");
    need(this, "label:has([name=layout])").hidden = layouts.length < 2;
    for (const radio of all(this, "input[value=plotted]", HTMLInputElement)) {
      radio.disabled = !this.workspace;
      need(this, `label:has([name=${radio.name}][value=plotted])`).hidden = !document.querySelector("plot-workspace");
    }
    need(this, "[data-plotted=which]").textContent = this.workspace ? counted(new Set(this.workspace.names).size) : "";
    need(this, "[data-plotted=span]").textContent = this.workspace ? spanText(this.workspace.view) : "";
    const request = this.request();
    this.complain(request ? "" : "Seconds and rate are numbers; a rate is above 0.");
    need(this, ".script").textContent = request ? SCRIPTS[this.language](this.recordings.map((each) => each.id), request) : "";
    void this.estimate(request);
  }

  /** @param {string} text */
  complain(text) {
    const problem = need(this, ".problem");
    problem.textContent = text;
    problem.hidden = !text;
  }

  /**
   * What the files will weigh, as the service says; or why they cannot be made.
   * @param {Request | undefined} request
   */
  async estimate(request) {
    const output = need(this, ".estimate");
    this.estimating?.abort();
    if (!request) return;
    const { signal } = (this.estimating = new AbortController());
    await new Promise((resolve) => setTimeout(resolve, TYPING_MS));
    let bytes = 0;
    let logBytes = 0;
    for (const recording of this.recordings) {
      if (signal.aborted) return;
      const path = `/api/recordings/${recording.id}/exports/estimate`;
      /** @type {Promise<{ size_bytes: number }>} */
      const asked = call("POST", path, request);
      const answer = await asked.catch(/** @returns {Error} */ (error) => error);
      if (signal.aborted) return;
      if (answer instanceof Error) {
        output.textContent = answer.message;
        return;
      }
      bytes += answer.size_bytes;
      logBytes += recording.sizeBytes;
    }
    const times = Math.floor(bytes / logBytes);
    output.textContent = `about ${size(bytes)}, estimated${times >= MUCH_LARGER ? `: ${times.toLocaleString("en")} times the log` : ""}`;
  }

  async make() {
    const request = this.request();
    if (!request) return;
    if (this.recordings.length > 1) {
      const ids = this.recordings.map((each) => each.id);
      try {
        /** @type {{ page: string }} */
        const bundle = await call("POST", "/api/bundles", { ids, export: request });
        location.assign(bundle.page);
      } catch (error) {
        this.complain(messageOf(error));
      }
      return;
    }
    const list = need(this, ".made");
    list.replaceChildren();
    await this.makeOne(this.recordings[0], request, list);
  }

  /**
   * @param {Recording} recording
   * @param {Request} request
   * @param {HTMLElement} list
   */
  async makeOne(recording, request, list) {
    const bar = make("progress", { max: "1", value: "0", "aria-label": `Making the file of ${recording.name}` });
    const state = make("span", { class: "state" }, "asking");
    const item = make("li", {}, make("span", { class: "text name" }, recording.name), bar, state);
    list.append(item);
    const path = `/api/recordings/${recording.id}/exports`;
    const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) }).catch(() => null);
    const body = await answer?.json().catch(() => null);
    if (!answer?.ok) {
      state.textContent = body?.detail ?? "Paddock does not answer. Try again.";
      item.classList.add("failed");
      bar.remove();
      return;
    }
    await this.follow(`${path}/${body.id}`, body, (export_) => {
      bar.value = export_.progress;
      state.textContent = export_.state === "running" ? `${Math.round(export_.progress * 100)} %` : export_.state;
      if (export_.state === "dead") {
        item.classList.add("failed");
        state.textContent = export_.error?.message ?? "It could not be made.";
        bar.remove();
      }
      if (export_.artifact) {
        const link = make("a", { href: export_.artifact.url, download: "" }, export_.artifact.name);
        item.replaceChildren(link, make("span", { class: "num" }, size(export_.artifact.size_bytes)));
      }
    });
  }

  /**
   * Tells `show` of every change; by events where they come through, else by asking.
   * @param {string} url
   * @param {Export} first
   * @param {(made: Export) => void} show
   * @returns {Promise<void>}
   */
  follow(url, first, show) {
    /** @param {Export} export_ */
    const over = (export_) => export_.state === "done" || export_.state === "dead";
    show(first);
    if (over(first)) return Promise.resolve();
    return new Promise((resolve) => {
      /** @param {Export} export_ */
      const take = (export_) => {
        show(export_);
        if (over(export_)) resolve();
        return over(export_);
      };
      const ask = async () => {
        const answer = await fetch(url, { cache: "no-store" }).then((each) => each.json()).catch(() => null);
        if (!answer?.state || !take(answer)) setTimeout(ask, POLL_MS);
      };
      const events = new EventSource(`${url}/events`);
      events.addEventListener("message", (event) => {
        if (take(JSON.parse(event.data))) events.close();
      });
      events.addEventListener("error", () => {
        events.close();
        void ask();
      });
    });
  }

  async offerViewers() {
    const place = need(this, ".viewers");
    /** @type {{ items: { url: string, label: string }[], reason: string } | null} */
    const answer = await fetch(`/api/recordings/${this.recordings[0].id}/viewers`).then((each) => (each.ok ? each.json() : null), () => null);
    if (!answer) return;
    const links = answer.items.map((viewer) => make("a", { href: viewer.url, target: "_blank", rel: "noopener noreferrer", class: "button small" }, viewer.label));
    if (links.length) place.append("Open the log in ", ...links, " Your browser may ask whether that site may reach this machine.");
    else place.append(answer.reason);
  }
}

/** @param {number} number */
const counted = (number) => `${number} signal${number === 1 ? "" : "s"}`;
/** @param {View | null} view */
const spanText = (view) => (view ? `${clock(view.start, 0.1)} – ${clock(view.end, 0.1)}` : "all of it");

// Delegated, because a page that follows replaces its parts.
document.addEventListener("click", (event) => {
  const id = around(event, "[data-opens]")?.dataset.opens;
  const dialog = id && document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return;
  for (const form of all(dialog, "take-away", TakeAway)) form.open();
  dialog.showModal();
});

customElements.define("take-away", TakeAway);
