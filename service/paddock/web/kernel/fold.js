// Sections that a narrow page shows folded, opened by a button. Style sheets fold them, so nothing jumps while the page
// comes up; on a wide page, and without scripts, they are open and have no button.

import { around, need } from "./dom.js";

/** @type {Set<string>} */
const unfolded = new Set();  // ids: a page that follows replaces its sections

/** @param {Element} button */
const sectionOf = (button) => /** @type {Element} */ (button.closest("[data-fold]"));

/** @param {Element} button */
function show(button) {
  const section = sectionOf(button);
  section.classList.toggle("unfolded", unfolded.has(section.id));
  button.setAttribute("aria-expanded", String(unfolded.has(section.id)));
}

/** <fold-button> around the button of a section with `data-fold`: `all` of it is folded, or the `rest` of a list. */
class FoldButton extends HTMLElement {
  connectedCallback() {
    show(need(this, "button"));
  }
}

customElements.define("fold-button", FoldButton);

document.addEventListener("click", (event) => {
  const button = around(event, "fold-button > button");
  if (!button) return;
  const { id } = sectionOf(button);
  if (!unfolded.delete(id)) unfolded.add(id);
  show(button);
});
