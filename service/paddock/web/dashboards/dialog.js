// What a widget shows, in a dialog: its kind, device, signals, limits.

import { call, messageOf } from "../kernel/api.js";
import { fieldOf, make, need } from "../kernel/dom.js";

/** @typedef {import("./widgets.js").Spec} Spec */
/** @typedef {{ name: string, label: string, unit: string, role: string, topic: string }} Offered */

/** @type {Record<Spec["kind"], { label: string, signals: [number, number], size: [number, number] }>} */
const KINDS = {
  value: { label: "Value", signals: [1, 1], size: [3, 2] },
  plot: { label: "Time plot", signals: [1, 12], size: [6, 4] },
  state: { label: "State bar", signals: [1, 12], size: [6, 3] },
  gauge: { label: "Gauge", signals: [1, 1], size: [3, 3] },
  map: { label: "Map: latitude, longitude, colour", signals: [2, 3], size: [4, 5] },
  table: { label: "Table", signals: [0, 200], size: [4, 5] },
  alerts: { label: "Alert list", signals: [0, 0], size: [4, 3] },
  action: { label: "Action button", signals: [0, 0], size: [2, 2] },
  text: { label: "Text", signals: [0, 0], size: [3, 2] },
};

export class WidgetDialog {
  /** @type {Spec | null} */
  spec = null;
  /** @type {string[]} */
  chosen = [];
  /** @type {Offered[]} */
  offered = [];

  /** @param {(spec: Spec) => void} take called with what was made or changed */
  constructor(take) {
    this.take = take;
    /** @type {(label: string, name: string, attributes?: Record<string, string | number>) => HTMLElement} */
    const field = (label, name, attributes = {}) => make("label", { "data-for": name }, label, make("input", { name, autocomplete: "off", ...attributes }));
    this.kind = make("select", { name: "kind", onchange: () => this.fit() });
    for (const [value, { label }] of Object.entries(KINDS)) this.kind.append(make("option", { value }, label));
    this.device = make("select", { name: "device", onchange: () => void this.offer() });
    this.search = make("input", { type: "search", class: "field", placeholder: "Search signals", "aria-label": "Search signals", autocomplete: "off", oninput: () => this.list() });
    this.signals = make("div", { class: "offered", role: "group", "aria-label": "Signals", tabindex: "-1" });
    this.picked = make("p", { class: "hint picked" });
    this.buttons = make("datalist", { id: "device-buttons" });
    this.error = make("p", { class: "form-error wide", role: "alert", hidden: true });
    this.title = make("h2", { id: "widget-title" });
    this.form = make("form", { method: "dialog", class: "form", autocomplete: "off" },
      this.title,
      make("label", {}, "Kind", this.kind),
      make("label", { "data-for": "device" }, "Device", this.device),
      make("div", { class: "wide", "data-for": "signals" }, this.search, this.picked, this.signals),
      field("Title", "title", { maxlength: 120, placeholder: "as its signals are called" }),
      field("Seconds shown", "span_s", { type: "number", min: 5, max: 3600, step: 1 }),
      field("Lower limit", "low", { type: "number", step: "any", placeholder: "the catalogue's" }),
      field("Upper limit", "high", { type: "number", step: "any", placeholder: "the catalogue's" }),
      field("Action", "action", { maxlength: 200, placeholder: "as the device knows it", list: "device-buttons" }),
      this.buttons,
      make("label", { class: "wide", "data-for": "text" }, "Text", make("textarea", { name: "text", maxlength: 2000, rows: 3 })),
      this.error,
      make("p", { class: "actions wide" }, make("span", { class: "grow" }), make("button", { class: "button", type: "button", onclick: () => this.close() }, "Cancel"), make("button", { class: "button primary", type: "submit" }, "Done")),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.done();
    });
    /** @type {HTMLDialogElement} */
    this.root = make("dialog", { class: "dialog", "aria-labelledby": "widget-title" }, this.form);
  }

  close() {
    this.root.close();
  }

  /**
   * @param {Spec | null} spec what is changed; null for a new one
   * @param {string} device whose signals are offered first
   */
  open(spec, device) {
    this.spec = spec;
    this.chosen = [...(spec?.signals ?? [])];
    this.title.textContent = spec ? "Change the widget" : "Add a widget";
    this.kind.value = spec?.kind ?? "value";
    for (const name of /** @type {const} */ (["title", "span_s", "low", "high", "action", "text"])) fieldOf(this.form, name).value = String(spec?.[name] ?? (name === "span_s" ? 60 : ""));
    this.search.value = "";
    this.error.hidden = true;
    this.fit();
    this.root.showModal();
    void this.devices(device);
  }

  /** @param {string} device */
  async devices(device) {
    try {
      /** @type {{ items: { device: string }[] }} */
      const live = await call("GET", "/api/live");
      /** @type {{ items: { id: string, name: string }[] }} */
      const known = await call("GET", "/api/devices");
      const named = new Map(known.items.map(({ id, name }) => [id, name]));
      const names = [...new Set([...(device ? [device] : []), ...live.items.map((each) => each.device), ...named.keys()])];
      this.device.replaceChildren(...names.map((name) => make("option", { value: name }, named.get(name) ?? name)));
      if (this.kind.value === "alerts") this.device.prepend(make("option", { value: "" }, "all devices"));
      this.device.value = this.spec ? this.spec.device : device || names[0] || "";
      await this.offer();
    } catch (error) {
      this.complain(messageOf(error));
    }
  }

  async offer() {
    this.offered = [];
    try {
      if (this.device.value) {
        /** @type {{ items: Offered[] }} */
        const { items } = await call("GET", `/api/live/${encodeURIComponent(this.device.value)}/signals`);
        this.offered = items;
      }
    } catch {
      // It sends nothing now: what was chosen before stays.
    }
    this.list();
    if (this.kindNow() === "action") await this.offerButtons();
  }

  /** What people gave the device buttons for. */
  async offerButtons() {
    try {
      /** @type {{ items: { name: string, label: string }[] }} */
      const { items } = await call("GET", `/api/devices/${encodeURIComponent(this.device.value)}/buttons`);
      this.buttons.replaceChildren(...items.map(({ name, label }) => make("option", { value: name }, label)));
    } catch {
      this.buttons.replaceChildren();
    }
  }

  list() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const known = [...this.offered, ...this.chosen.filter((name) => !this.offered.some((each) => each.name === name)).map((name) => ({ name, label: name, unit: "", role: "", topic: "" }))];
    const found = known.filter((each) => words.every((word) => `${each.name} ${each.label} ${each.role}`.toLowerCase().includes(word))).slice(0, 200);
    this.signals.replaceChildren(...found.map(({ name, unit }) => {
      const box = make("input", { type: "checkbox", checked: this.chosen.includes(name) });
      box.addEventListener("change", () => this.choose(name, box.checked));
      return make("label", { class: "check" }, box, make("span", { class: "text" }, name), make("span", { class: "unit" }, unit));
    }));
    if (!found.length) this.signals.append(make("p", { class: "hint" }, this.offered.length ? "No signal has all of these words." : this.device.value ? "The device sends nothing now: its signals are offered once it does." : "There is no device yet: add one on the page Devices."));
    this.told();
  }

  /**
   * @param {string} name
   * @param {boolean} on
   */
  choose(name, on) {
    const most = KINDS[this.kindNow()].signals[1];
    this.chosen = this.chosen.filter((each) => each !== name);
    if (on) this.chosen = [...this.chosen, name].slice(-most);
    if (most === 1) this.list();
    this.told();
  }

  told() {
    this.picked.textContent = this.chosen.length ? this.chosen.join(", ") : this.kindNow() === "table" ? "All signals of the device." : "Choose below.";
  }

  kindNow() {
    return /** @type {Spec["kind"]} */ (this.kind.value);
  }

  /** Shows the fields that this kind has. */
  fit() {
    const kind = this.kindNow();
    const [, most] = KINDS[kind].signals;
    /** @type {Record<string, boolean>} */
    const has = {
      signals: most > 0, device: kind !== "text", span_s: ["value", "plot", "state", "map", "gauge"].includes(kind),
      low: ["value", "plot", "gauge"].includes(kind), high: ["value", "plot", "gauge"].includes(kind), action: kind === "action", text: kind === "text",
    };
    for (const [name, shown] of Object.entries(has)) need(this.form, `[data-for=${name}]`).hidden = !shown;
    this.chosen = most ? this.chosen.slice(0, most) : [];
    this.list();
    if (kind === "action" && this.device.value) void this.offerButtons();
  }

  /** @param {string} text */
  complain(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }

  done() {
    const kind = this.kindNow();
    const { signals: [fewest], size: [width, height] } = KINDS[kind];
    if (this.chosen.length < fewest) return this.complain(fewest === 1 ? "Choose a signal." : `Choose ${fewest} signals.`);
    /** @param {string} name */
    const text = (name) => fieldOf(this.form, name).value.trim();
    /** @param {string} name */
    const number = (name) => (text(name) === "" ? null : Number(text(name)));
    if (kind === "action" && !text("action")) return this.complain("Say which action the button asks for.");
    const [low, high] = [number("low"), number("high")];
    if (low !== null && high !== null && low >= high) return this.complain("The lower limit must be below the upper one.");
    this.root.close();
    const place = this.spec ?? { x: 0, y: 0, width, height };
    return this.take({
      id: this.spec?.id ?? `w${Math.random().toString(36).slice(2, 10)}`, kind, title: text("title"), device: kind === "text" ? "" : this.device.value, signals: this.chosen,
      x: place.x, y: place.y, width: place.width, height: place.height, span_s: number("span_s") ?? 60, low, high, action: kind === "action" ? text("action") : "", parameters: this.spec?.parameters ?? "", text: kind === "text" ? text("text") : "",
    });
  }
}
