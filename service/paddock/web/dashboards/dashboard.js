// <dash-board data-dashboard>: widgets over what devices send now; built, saved, shared and copied here.

import { Problem, call, codeOf, messageOf } from "../kernel/api.js";
import { copied } from "../kernel/copy.js";
import { all, make, need } from "../kernel/dom.js";
import { Signals, keyOf } from "../live/signals.js";
import { Stream } from "../live/stream.js";
import { WidgetDialog } from "./dialog.js";
import { arrange, roomFor, settle } from "./grid.js";
import { contentOf } from "./widgets.js";

/** @typedef {import("./widgets.js").Spec} Spec */
/** @typedef {import("./widgets.js").Content} Content */
/** @typedef {import("../live/following.js").Following} Following */
/** @typedef {{ id: string, name: string, own: boolean, may_change: boolean, version: number, widgets: Spec[] }} Dashboard */
/** @typedef {{ root: HTMLElement, content: Content }} Shown */

const DRAW_MS = 50;
const VALUES_MS = 200;
const SETTLE_MS = 400;

class DashBoard extends HTMLElement {
  signals = new Signals();
  /** @type {Dashboard} */
  dashboard = { id: "", name: "", own: false, may_change: false, version: 0, widgets: [] };
  /** @type {Map<string, Shown>} */
  shown = new Map();
  /** @type {Set<Following>} */
  followings = new Set();
  editing = false;
  changed = false;
  pausing = false;
  drawnAt = 0;
  valuesAt = 0;
  frame = 0;
  watching = 0;
  gone = new AbortController();
  /** @type {Stream} */
  stream;
  /** @type {HTMLElement} */
  grid;
  /** @type {HTMLElement} */
  message;
  /** @type {WidgetDialog} */
  dialog;

  connectedCallback() {
    this.gone = new AbortController();
    this.dashboard = JSON.parse(this.dataset.dashboard ?? "{}");
    this.grid = make("div", { class: "dashboard" });
    this.message = make("p", { class: "hint message", role: "status" });
    this.replaceChildren(this.message, this.grid);
    this.dialog = new WidgetDialog((spec) => this.take(spec));
    this.append(this.dialog.root);
    this.stream = new Stream({
      told: (told) => {
        this.signals.take(told);
        const slow = this.signals.leftOut ? [`This connection is slow: ${this.signals.leftOut.toLocaleString("en")} samples were left out.`] : [];
        const said = [...slow, ...Object.entries(this.signals.notes).flatMap(([device, notes]) => notes.map((note) => `${device}: ${note}`))].join(" ");
        if (this.dataset.slow !== said) this.say(this.dataset.slow = said);
      },
      state: (state) => {
        need(document, "#offline").hidden = state !== "lost";
        this.toggleAttribute("data-lost", state === "lost");
      },
    });
    this.listen();
    for (const spec of this.dashboard.widgets) this.add(spec);
    this.laid();
    this.edit(this.hasAttribute("data-editing"));
    this.watch();
    addEventListener("resize", () => this.watchLater(), { signal: this.gone.signal });
    addEventListener("beforeunload", (event) => { if (this.changed) event.preventDefault(); }, { signal: this.gone.signal });
    this.run();
  }

  disconnectedCallback() {
    this.gone.abort();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.watching);
    this.stream.close();
    for (const { content } of this.shown.values()) content.close?.();
  }

  /** The buttons above, which the server rendered. */
  listen() {
    /** @type {Record<string, () => void>} */
    const acts = {
      edit: () => this.edit(true), cancel: () => this.cancel(), add: () => this.dialog.open(null, this.nameDevice()),
      save: () => void this.save(), copy: () => void this.copy(), link: () => void this.link(), delete: () => void this.remove(), live: () => this.resume(),
    };
    document.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-act]") : null;
      if (button instanceof HTMLElement) acts[button.dataset.act ?? ""]?.();
    }, { signal: this.gone.signal });
  }

  /** The device that most widgets are of: a new one is probably of it, too. */
  nameDevice() {
    return this.dashboard.widgets.find((each) => each.device)?.device ?? this.dataset.device ?? "";
  }

  /** @param {boolean} editing */
  edit(editing) {
    this.editing = editing;
    document.body.toggleAttribute("data-editing", editing);
    for (const { root } of this.shown.values()) {
      if (editing) root.tabIndex = 0;
      else root.removeAttribute("tabindex");
    }
    this.empty();
  }

  cancel() {
    this.changed = false;
    if (this.dashboard.id) location.reload();
    else location.assign("/dashboards");
  }

  /** @param {string} text */
  say(text) {
    this.message.textContent = text;
  }

  empty() {
    this.grid.querySelector(".invitation")?.remove();
    const text = this.editing ? "Add a widget, then drag it where it belongs." : "This dashboard is empty.";
    if (!this.shown.size) this.grid.append(make("div", { class: "invitation" }, make("p", {}, text)));
  }

  /** @param {Spec} spec */
  add(spec) {
    const content = contentOf(spec, {
      signals: this.signals,
      linked: (following) => this.followings.add(following),
      paused: (paused) => this.paused(paused),
      cursor: (from) => this.point(from),
    });
    const title = make("h2", {}, spec.title || titleOf(spec));
    const tools = make("span", { class: "widget-tools" },
      make("button", { class: "tool", type: "button", "aria-label": `Change ${title.textContent}`, title: "Change", onclick: () => this.dialog.open(spec, spec.device) }, "✎"),
      make("button", { class: "tool", type: "button", "aria-label": `Remove ${title.textContent}`, title: "Remove", onclick: () => this.drop(spec) }, "✕"));
    const root = make("section", { class: "widget card", "data-kind": spec.kind, "data-id": spec.id, "aria-label": title.textContent },
      make("header", { class: "widget-head" }, title, tools), content.root, make("i", { class: "resize", title: "Resize" }));
    arrange(root, {
      place: () => spec,
      cell: () => this.cell(),
      editing: () => this.editing,
      change: (place, done) => this.move(spec, place, done),
    });
    this.shown.set(spec.id, { root, content });
    this.grid.append(root);
  }

  cell() {
    const styles = getComputedStyle(this.grid);
    const gap = parseFloat(styles.columnGap) || 0;
    return { width: (this.grid.clientWidth + gap) / 12, height: parseFloat(styles.gridAutoRows) + gap };
  }

  /**
   * @param {Spec} spec
   * @param {import("./grid.js").Place} place
   * @param {boolean} done
   */
  move(spec, place, done) {
    const same = spec.x === place.x && spec.y === place.y && spec.width === place.width && spec.height === place.height;
    if (!same) this.changed = true;
    Object.assign(spec, place);
    settle(this.dashboard.widgets, spec);
    this.laid();
    if (done) this.watchLater();
  }

  /** Puts every widget where it is; reading order is that of the rows, also on a phone. */
  laid() {
    const ordered = this.dashboard.widgets.toSorted((a, b) => a.y - b.y || a.x - b.x);
    this.grid.style.setProperty("--all-rows", String(Math.max(1, ...ordered.map((each) => each.y + each.height))));
    for (const [order, { id, x, y, width, height }] of ordered.entries()) {
      const root = this.shown.get(id)?.root;
      if (!root) continue;
      root.style.gridArea = `${y + 1} / ${x + 1} / span ${height} / span ${width}`;
      root.style.order = String(order);
      root.style.setProperty("--rows", String(height));
    }
    // Where nothing is being dragged, the tab key follows what is seen.
    if (!this.grid.querySelector(".dragged")) {
      const focused = document.activeElement;
      for (const { id } of ordered) {
        const root = this.shown.get(id)?.root;
        if (root && root !== this.grid.lastElementChild) this.grid.append(root);
      }
      if (focused instanceof HTMLElement && this.contains(focused)) focused.focus({ preventScroll: true });
    }
    this.empty();
  }

  /**
   * A widget that the dialog made or changed.
   * @param {Spec} spec
   */
  take(spec) {
    this.changed = true;
    const at = this.dashboard.widgets.findIndex((each) => each.id === spec.id);
    if (at < 0) {
      Object.assign(spec, roomFor(this.dashboard.widgets, spec));
      this.dashboard.widgets.push(spec);
    } else {
      this.forget(spec.id);
      this.dashboard.widgets[at] = spec;
    }
    this.add(spec);
    this.laid();
    this.edit(true);
    this.watch();
    this.shown.get(spec.id)?.root.focus();
  }

  /** @param {Spec} spec */
  drop(spec) {
    this.changed = true;
    this.forget(spec.id);
    this.dashboard.widgets = this.dashboard.widgets.filter((each) => each !== spec);
    settle(this.dashboard.widgets);
    this.laid();
    this.watch();
  }

  /** @param {string} id */
  forget(id) {
    const shown = this.shown.get(id);
    shown?.content.close?.();
    shown?.root.remove();
    this.shown.delete(id);
  }

  watchLater() {
    clearTimeout(this.watching);
    this.watching = setTimeout(() => this.watch(), SETTLE_MS);
  }

  watch() {
    const watched = [...this.shown.values()].flatMap(({ content }) => content.watched()).filter(({ device }) => device);
    this.signals.kept = Math.max(60, ...watched.map(({ span_s }) => span_s ?? 0)) * 1.1;
    this.stream.watch(watched);
  }

  /** All plots pause together, and look at the same time. */
  paused(/** @type {boolean} */ paused) {
    if (this.pausing) return;
    this.pausing = true;
    for (const each of this.followings) if (paused) each.pause();
    else each.resume();
    this.pausing = false;
    document.body.toggleAttribute("data-paused", paused);
  }

  resume() {
    for (const each of this.followings) each.resume();
  }

  /** @param {Following} from */
  point(from) {
    if (this.pausing) return;
    this.pausing = true;
    for (const each of this.followings) if (each !== from && each.figures.length) each.moveCursor(from.cursor);
    this.pausing = false;
  }

  run() {
    this.frame = requestAnimationFrame((now) => {
      if (now - this.drawnAt >= DRAW_MS) {
        this.drawnAt = now;
        for (const { content } of this.shown.values()) content.tick?.();
      }
      if (now - this.valuesAt >= VALUES_MS) {
        this.valuesAt = now;
        for (const { content } of this.shown.values()) content.draw();
        this.entitle();
      }
      this.run();
    });
  }

  /** A widget of one signal is called as the catalogue calls that, unless somebody said how. */
  entitle() {
    for (const { id, title, device, signals } of this.dashboard.widgets) {
      const root = this.shown.get(id)?.root;
      const label = title || signals.length !== 1 ? "" : this.signals.known.get(keyOf(device, signals[0]))?.label;
      if (!root || !label) continue;
      const heading = need(root, "h2");
      if (heading.textContent === label) continue;
      heading.textContent = label;
      root.setAttribute("aria-label", label);
    }
  }

  /** Where it was changed by somebody else meanwhile, nothing is lost: it says so, and a copy keeps this one. */
  async save() {
    const form = need(document, "#dashboard-form", HTMLFormElement);
    const said = { name: need(form, "[name=name]", HTMLInputElement).value, own: need(form, "[name=own]", HTMLInputElement).checked, widgets: this.dashboard.widgets };
    try {
      const { id, version } = this.dashboard;
      const saved = id ? await call("PUT", `/api/dashboards/${id}`, { ...said, version }) : await call("POST", "/api/dashboards", said);
      this.changed = false;
      location.assign(`/dashboards/${/** @type {Dashboard} */ (saved).id}`);
    } catch (error) {
      this.say(codeOf(error) === "dashboard_changed" ? `${messageOf(error)} “Copy” keeps this one under a name of its own.` : messageOf(error));
    }
  }

  async copy() {
    const name = `${this.dashboard.name} (copy)`;
    try {
      /** @type {Dashboard} */
      const kept = await call("POST", "/api/dashboards", { name, own: this.dashboard.own, widgets: this.dashboard.widgets });
      this.changed = false;
      location.assign(`/dashboards/${kept.id}?edit=1`);
    } catch (error) {
      this.say(messageOf(error));
    }
  }

  async link() {
    const address = `${location.origin}/dashboards/${this.dashboard.id}`;
    this.say(await copied(address) ? "The link is copied: whoever is let in here sees this dashboard." : address);
  }

  async remove() {
    const asked = need(document, "#delete-dashboard", HTMLDialogElement);
    asked.showModal();
    asked.addEventListener("close", () => {
      if (asked.returnValue === "delete") void this.deleted();
    }, { once: true });
  }

  async deleted() {
    try {
      await call("DELETE", `/api/dashboards/${this.dashboard.id}`);
      this.changed = false;
      location.assign("/dashboards");
    } catch (error) {
      this.say(error instanceof Problem ? error.message : messageOf(error));
    }
  }
}

/** @param {Spec} spec */
function titleOf({ kind, signals, action }) {
  if (kind === "alerts") return "Alerts";
  if (kind === "map") return "Map";
  if (kind === "table") return "Values";
  if (kind === "action") return action;
  return signals[0]?.split(".").slice(1).join(".") || signals[0] || "";
}

for (const button of all(document, "[data-act]", HTMLButtonElement)) button.disabled = false;
customElements.define("dash-board", DashBoard);
