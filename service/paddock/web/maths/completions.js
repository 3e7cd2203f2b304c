// Completes the name that somebody types in an expression: signals, maths channels and functions.

import { make } from "../kernel/dom.js";

/** @typedef {{ text: string, what: string }} Choice */

const WORD = /[\p{L}_][\p{L}\p{N}_.[\]]*$/u;
const PLAIN = /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}\p{N}_]+)*(\[\d+\])?$/u;
const MOST = 12;
const SHORTEST = 2;

/** @param {string} path */
async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? answer.json() : [];  // a convenience: writing goes on without
}

export class Completions {
  /** @type {Choice[]} */
  choices = [];
  /** @type {Choice[] | null} */
  functions = null;
  chosen = 0;
  asked = 0;

  /**
   * @param {HTMLTextAreaElement} field
   * @param {HTMLElement} list
   */
  constructor(field, list) {
    this.field = field;
    this.list = list;
    field.addEventListener("input", () => void this.look());
    field.addEventListener("keydown", (event) => this.key(event));
    // What is pressed in the list keeps the focus in the field, so that only leaving both closes it.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    field.addEventListener("blur", () => this.close());
  }

  /** What was typed of the name before the cursor. */
  word() {
    return WORD.exec(this.field.value.slice(0, this.field.selectionStart))?.[0] ?? "";
  }

  async look() {
    const word = this.word();
    const number = ++this.asked;
    if (word.length < SHORTEST) {
      this.close();
      return;
    }
    /** @type {{ name: string, does: string }[] | null} */
    const described = this.functions ? null : await ask("/api/maths/functions");
    if (described) this.functions = described.map((each) => ({ text: `${each.name}(`, what: each.does }));
    /** @type {{ name: string, topic: string, dtype: string, label: string }[]} */
    const names = await ask(`/api/signal-names?limit=${MOST}&q=${encodeURIComponent(word)}`);
    if (number !== this.asked || this.word() !== word) return;
    const signals = names.map((each) => {
      // A maths channel is called by its name alone, which is its topic's and its label.
      const name = each.label === each.topic ? each.topic : each.name;
      return { text: PLAIN.test(name) ? name : `"${name}"`, what: each.label && each.label !== name ? each.label : each.dtype };
    });
    const fitting = (this.functions ?? []).filter((each) => each.text.startsWith(word.toLowerCase()));
    this.choices = [...fitting, ...signals].filter((each) => each.text !== word).slice(0, MOST);
    this.chosen = 0;
    this.show();
  }

  show() {
    this.list.hidden = !this.choices.length;
    this.list.style.setProperty("--below", `${this.field.offsetTop + this.field.offsetHeight + 2}px`);
    this.list.replaceChildren(...this.choices.map((choice, number) => {
      const button = make("button", { type: "button", tabindex: "-1", onclick: () => this.take(choice) }, make("code", {}, choice.text), make("span", { class: "what" }, choice.what));
      return make("li", { class: number === this.chosen ? "chosen" : null }, button);
    }));
    this.list.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.asked += 1;
    this.choices = [];
    this.list.hidden = true;
  }

  /** @param {Choice} choice */
  take(choice) {
    const end = this.field.selectionStart;
    this.field.setRangeText(choice.text, end - this.word().length, end, "end");
    this.field.focus();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.close();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.list.hidden) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) this.chosen = (this.chosen + step + this.choices.length) % this.choices.length;
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.choices[this.chosen]);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.show();
  }
}
