// <take-away>: a request for files, what it will weigh, how far it is, the links, and the same as a script.

import { call } from "../kernel/api.js";
import { copied, select } from "../kernel/copy.js";
import { make } from "../kernel/dom.js";
import { matlabScript, pythonScript, shellScript } from "./scripts.js";
import { clock } from "../plots/ticks.js";
import { size } from "../kernel/words.js";

const POLL_MS = 700;
const TYPING_MS = 250;
const MUCH_LARGER = 1000;
const SCRIPTS = { shell: shellScript, python: pythonScript, matlab: matlabScript };

class TakeAway extends HTMLElement {
  connectedCallback() {
    this.recordings = JSON.parse(this.dataset.recordings);
    this.formats = new Map(JSON.parse(this.dataset.formats).map((format) => [format.name, format]));
    this.form = this.querySelector("form");
    this.fields = this.form.elements;
    this.language = "shell";
    this.chosen = new Set();  // what somebody said themselves
    this.form.addEventListener("input", (event) => {
      this.chosen.add(event.target.name);
      this.update();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.make();
    });
    // Writing into a field means it.
    this.fields.globs.addEventListener("focus", () => this.choose("which", "globs"));
    for (const name of ["start", "end"]) this.fields[name].addEventListener("focus", () => this.choose("span", "seconds"));
    for (const button of this.querySelectorAll("[data-language]")) button.addEventListener("click", () => this.speak(button));
    this.querySelector("[data-copy]").addEventListener("click", (event) => void this.copy(event.target));
    this.plotted = () => this.update();
    document.addEventListener("paddock:plotted", this.plotted);
    this.update();
    if (this.recordings.length === 1) void this.offerViewers();
  }

  disconnectedCallback() {
    document.removeEventListener("paddock:plotted", this.plotted);
  }

  choose(name, value) {
    this.chosen.add(name);
    this.fields[name].value = value;
    this.update();
  }

  /** What is plotted, as long as it is plotted, is what most want; what somebody said before stays as it was. */
  open() {
    for (const name of ["which", "span"]) {
      if (!this.chosen.has(name) || (this.fields[name].value === "plotted" && !this.workspace)) {
        this.fields[name].value = this.workspace ? "plotted" : "all";
      }
    }
    this.update();
  }

  speak(chosen) {
    this.language = chosen.dataset.language;
    for (const button of this.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", String(button === chosen));
    this.update();
  }

  async copy(button) {
    const script = this.querySelector(".script");
    const done = await copied(script.textContent);
    if (!done) select(script);
    button.textContent = done ? "Copied" : "Selected: copy it";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  /** The workspace on this page, if it has plots. */
  get workspace() {
    const plotted = document.querySelector("plot-workspace")?.plotted;
    return plotted?.names.length ? plotted : null;
  }

  /** As the API takes it; `undefined` where a field makes no sense. */
  request() {
    const fields = this.fields;
    const number = (name) => (fields[name].value.trim() === "" ? undefined : Number(fields[name].value.replace(",", ".")));
    const request = { format: fields.format.value };
    if (fields.layout.selectedIndex > 0) request.layout = fields.layout.value;  // the first is the default
    const globs = fields.globs.value.split(/[\s,]+/).filter(Boolean);
    if (fields.which.value === "globs" && globs.length) request.signals = globs;
    if (fields.which.value === "plotted" && this.workspace) request.signals = [...new Set(this.workspace.names)];
    const view = fields.span.value === "plotted" ? this.workspace?.view : null;
    const [start, end] = view ? [Number(view.start.toFixed(3)), Number(view.end.toFixed(3))] : [number("start"), number("end")];
    if (view || fields.span.value === "seconds") {
      if (start !== undefined) request.start_s = start;
      if (end !== undefined) request.end_s = end;
    }
    if (number("rate") !== undefined) request.rate_hz = number("rate");
    const wrong = [request.start_s, request.end_s, request.rate_hz].some((value) => Number.isNaN(value)) || request.rate_hz <= 0;
    return wrong ? undefined : request;
  }

  update() {
    const layouts = this.formats.get(this.fields.format.value).layouts.filter(Boolean);
    const kept = this.fields.layout.value;
    this.fields.layout.replaceChildren(...(layouts.length ? layouts : [""]).map((layout) => make("option", { value: layout }, layout || "the only one")));
    this.fields.layout.value = layouts.includes(kept) ? kept : (layouts[0] ?? "");
    this.fields.layout.closest("label").hidden = layouts.length < 2;
    for (const radio of this.querySelectorAll("input[value=plotted]")) {
      radio.disabled = !this.workspace;
      radio.closest("label").hidden = !document.querySelector("plot-workspace");
    }
    this.querySelector("[data-plotted=which]").textContent = this.workspace ? counted(new Set(this.workspace.names).size) : "";
    this.querySelector("[data-plotted=span]").textContent = this.workspace ? spanText(this.workspace.view) : "";
    const request = this.request();
    this.complain(request ? "" : "Seconds and rate are numbers; a rate is above 0.");
    this.querySelector(".script").textContent = request ? SCRIPTS[this.language](this.recordings.map((each) => each.id), request) : "";
    void this.estimate(request);
  }

  complain(text) {
    const problem = this.querySelector(".problem");
    problem.textContent = text;
    problem.hidden = !text;
  }

  /** What the files will weigh, as the service says; or why they cannot be made. */
  async estimate(request) {
    const output = this.querySelector(".estimate");
    this.estimating?.abort();
    if (!request) return;
    const { signal } = (this.estimating = new AbortController());
    await new Promise((resolve) => setTimeout(resolve, TYPING_MS));
    let bytes = 0;
    let logBytes = 0;
    for (const recording of this.recordings) {
      if (signal.aborted) return;
      const answer = await call("POST", `/api/recordings/${recording.id}/exports/estimate`, request).catch((problem) => problem);
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
      await call("POST", "/api/bundles", { ids, export: request })
        .then((bundle) => location.assign(bundle.page), (error) => this.complain(error.message));
      return;
    }
    const list = this.querySelector(".made");
    list.replaceChildren();
    await this.makeOne(this.recordings[0], request, list);
  }

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

  /** Tells `show` of every change; by events where they come through, else by asking. */
  follow(url, first, show) {
    const over = (export_) => export_.state === "done" || export_.state === "dead";
    show(first);
    if (over(first)) return Promise.resolve();
    return new Promise((resolve) => {
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
    const place = this.querySelector(".viewers");
    const answer = await fetch(`/api/recordings/${this.recordings[0].id}/viewers`).then((each) => (each.ok ? each.json() : null), () => null);
    if (!answer) return;
    const links = answer.items.map((viewer) => make("a", { href: viewer.url, target: "_blank", rel: "noopener noreferrer", class: "button small" }, viewer.label));
    if (links.length) place.append("Open the log in ", ...links, " Your browser may ask whether that site may reach this machine.");
    else place.append(answer.reason);
  }
}

const counted = (number) => `${number} signal${number === 1 ? "" : "s"}`;
const spanText = (view) => (view ? `${clock(view.start, 0.1)} – ${clock(view.end, 0.1)}` : "all of it");

// Delegated, because a page that follows replaces its parts.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (!dialog) return;
  dialog.querySelector("take-away")?.open();
  dialog.showModal();
});

customElements.define("take-away", TakeAway);
