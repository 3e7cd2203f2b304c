// The signals beside the plots, as a tree of topics or as a table: words that filter, statistics, what is plotted.

import { all, make, shortened } from "../kernel/dom.js";
import { SignalTable } from "./signal-table.js";
import { valueText } from "./ticks.js";

/** @typedef {import("./data.js").Signal} Signal */

const MOST_MATCHES = 200;

/**
 * What is known of a signal, in few characters.
 * @param {Signal} signal
 */
function statistics(signal) {
  if (!signal.count) return "no values";
  if (signal.min === null || signal.max === null) return `${signal.first ?? ""}`.slice(0, 40);
  /** @param {number} value */
  const short = (value) => valueText(Number(value.toPrecision(4)));
  const span = signal.min === signal.max ? `always ${short(signal.min)}` : `${short(signal.min)} … ${short(signal.max)}`;
  return `${span} ${signal.unit}`.trim() + (signal.outdated ? " · older version" : "");
}

/**
 * What is made when it is opened for the first time.
 * @param {string | null} kind
 * @param {Node[]} head
 * @param {() => Node[]} inside
 */
function folded(kind, head, inside) {
  const branch = make("details", { class: kind }, make("summary", {}, ...head));
  branch.addEventListener("toggle", () => {
    if (branch.open && branch.children.length === 1) branch.append(...inside());
  });
  return branch;
}

export class Picker {
  /**
   * @param {Signal[]} signals
   * @param {(name: string) => void} toggle called for a click
   * @param {(name: string) => boolean} isPlotted which are pressed
   */
  constructor(signals, toggle, isPlotted) {
    this.toggle = toggle;
    this.isPlotted = isPlotted;
    this.signals = signals;
    const single = signals.filter((signal) => !signal.element_of);
    this.topics = Map.groupBy(single, (signal) => signal.topic);
    this.elements = Map.groupBy(signals.filter((signal) => signal.element_of), (signal) => signal.element_of);
    this.search = make("input", {
      type: "search", class: "field", placeholder: `Search ${single.length} signals`, "aria-label": "Search signals",
      "aria-keyshortcuts": "/", autocomplete: "off", spellcheck: "false", oninput: () => this.filter(),
    });
    this.search.addEventListener("keydown", (event) => this.key(event));
    this.tree = make("div", { class: "tree", tabindex: "-1" });
    this.table = new SignalTable((signal) => this.leaf(signal, signal.name, false));
    this.table.root.hidden = true;
    this.wide = make("button", { type: "button", class: "button small", "aria-pressed": "false", onclick: () => this.widen() }, "Table");
    const head = make("div", { class: "find" }, this.search, this.wide);
    this.root = make("aside", { class: "picker", "aria-label": "Signals" }, head, this.tree, this.table.root);
    this.root.addEventListener("keydown", (event) => this.step(event));
    this.filter();
  }

  /** From the tree to the table and back; the words stay. */
  widen() {
    const wide = this.root.classList.toggle("wide");
    this.wide.setAttribute("aria-pressed", String(wide));
    this.tree.hidden = wide;
    this.table.root.hidden = !wide;
    this.filter();
  }

  /**
   * ↓ and ↑ go from the search through what it found.
   * @param {KeyboardEvent} event
   */
  step(event) {
    const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const shown = [this.search, ...all(this.root, "summary, .pick:enabled")].filter((each) => each.checkVisibility());
    const at = shown.findIndex((each) => each === document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    shown[at + by]?.focus();
  }

  close() {
    this.table.close();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape") {
      this.search.value = "";
      this.filter();
      this.search.blur();
    }
    if (event.key === "Enter") all(this.tree.hidden ? this.table.root : this.tree, ".pick:enabled, summary")[0]?.click();
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.tree.replaceChildren();
    /** @param {Signal} signal */
    const text = (signal) => `${signal.name} ${signal.label} ${signal.role}`.toLowerCase();
    const found = this.signals.filter((signal) => words.every((word) => text(signal).includes(word)));
    if (this.tree.hidden) {
      this.table.show(found);
      return;
    }
    if (!words.length) {
      for (const [topic, signals] of this.topics) this.tree.append(this.branch(topic, signals));
      return;
    }
    // A list that is found holds its elements; single ones are shown where the words ask for them.
    const lists = new Set(found.filter((signal) => this.elements.has(signal.name)).map((signal) => signal.name));
    const shown = found.filter((signal) => !lists.has(signal.element_of));
    // A maths channel is called by its name alone, which is its topic's.
    this.tree.append(...shown.slice(0, MOST_MATCHES).map((signal) => this.entry(signal, signal.maths_version ? signal.topic : signal.name)));
    if (!shown.length) this.tree.append(make("p", { class: "hint" }, "No signal has all of these words. Try fewer."));
    if (shown.length > MOST_MATCHES) this.tree.append(make("p", { class: "hint" }, `${shown.length - MOST_MATCHES} more: add a word.`));
  }

  /**
   * A topic; its signals become elements of the page when it is opened, because a car has more than a thousand.
   * @param {string} topic
   * @param {Signal[]} signals
   */
  branch(topic, signals) {
    const silent = signals.every((signal) => !signal.count);
    const head = [shortened(topic), make("span", { class: "count" }, String(signals.length))];
    return folded(silent ? "silent" : null, head, () =>
      signals.map((signal) => this.entry(signal, signal.name.slice(topic.length + 1) || signal.name)));
  }

  /**
   * A signal by itself, or a list with its elements folded into it.
   * @param {Signal} signal
   * @param {string} text
   */
  entry(signal, text) {
    const elements = this.elements.get(signal.name);
    if (!elements) return this.leaf(signal, text);
    const head = [shortened(text), make("span", { class: "stats" }, statistics(signal)), make("span", { class: "count" }, String(elements.length))];
    return folded("list", head, () => elements.map((element) => this.leaf(element, text + element.name.slice(signal.name.length))));
  }

  /**
   * @param {Signal} signal
   * @param {string} text
   */
  leaf(signal, text, described = true) {
    const pick = make(
      "button",
      {
        type: "button", class: "pick", draggable: "true", "data-name": signal.name, disabled: !signal.count || signal.longest > 0,
        "aria-pressed": String(this.isPlotted(signal.name)), title: `${signal.label}\n${signal.name} (${signal.dtype})`,
        onclick: () => this.toggle(signal.name),
      },
      shortened(text),
      described ? make("span", { class: "stats" }, statistics(signal)) : null,
    );
    pick.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/x-paddock-signal", signal.name));
    return pick;
  }

  /** After the plots changed. */
  mark() {
    for (const pick of all(this.root, ".pick")) {
      pick.setAttribute("aria-pressed", String(this.isPlotted(pick.dataset.name ?? "")));
    }
  }
}
