// Forms that edit in place: what a field had when the page was made, and the choice between what two people say.

import { Problem } from "../kernel/api.js";
import { fieldOf, make, need } from "../kernel/dom.js";
import { localise } from "../kernel/times.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/**
 * A field whose values are instants: what the form calls it, and an instant as the form has it.
 * @typedef {{ name: string, read: (iso: string) => string }} InstantField
 */

/**
 * What a field had when the page was made: a select says it by its option.
 * @param {Field} field
 */
export function before(field) {
  if (!(field instanceof HTMLSelectElement)) return field.defaultValue;
  return [...field.options].find((option) => option.defaultSelected)?.value ?? "";
}

/** @param {unknown} error */
export const isConflict = (error) => error instanceof Problem && error.problem.code === "edited_meanwhile";

/**
 * Offers both values of each field that somebody else changed meanwhile, and has the form go on from there.
 * @param {HTMLElement} place
 * @param {HTMLFormElement} form
 * @param {import("../kernel/api.js").ProblemDetails} problem
 * @param {Record<string, InstantField>} instants by the field that the problem names
 */
export function offer(place, form, problem, instants = {}) {
  const choices = problem.differences?.map((each) => choice(form, each, instants[each.field])) ?? [];
  place.replaceChildren(make("p", {}, problem.detail), ...choices);
  place.hidden = false;
  form.dataset.version = String(problem.version);
}

/**
 * @param {HTMLFormElement} form
 * @param {import("../kernel/api.js").Difference} difference
 * @param {InstantField | undefined} instant
 */
function choice(form, difference, instant) {
  const name = instant?.name ?? difference.field;
  const field = fieldOf(form, name);
  const label = need(form, `label:has([name="${CSS.escape(name)}"])`);
  const box = make("fieldset", {}, make("legend", {}, label.firstChild?.textContent?.trim()));
  for (const [whose, value] of [[`${difference.by || "Somebody else"} says`, difference.theirs], ["You say", difference.yours]]) {
    const radio = make("input", {
      type: "radio", name: `keep-${difference.field}`, onchange: () => { field.value = instant ? instant.read(value) : value; },
    });
    radio.checked = value === difference.yours;
    const text = make(instant ? "time" : "b", { class: "text", datetime: instant && value }, value || "nothing");
    box.append(make("label", {}, radio, `${whose} `, text));
  }
  localise(box);
  return box;
}
