// Sections that a narrow page shows folded, opened by a button. Style sheets fold them, so nothing jumps while the page
// comes up; on a wide page, and without scripts, they are open and have no button.

const unfolded = new Set();  // ids: a page that follows replaces its sections

function show(button) {
  const section = button.closest("[data-fold]");
  section.classList.toggle("unfolded", unfolded.has(section.id));
  button.setAttribute("aria-expanded", String(unfolded.has(section.id)));
}

/** <fold-button> around the button of a section with `data-fold`: `all` of it is folded, or the `rest` of a list. */
class FoldButton extends HTMLElement {
  connectedCallback() {
    show(this.firstElementChild);
  }
}

customElements.define("fold-button", FoldButton);

document.addEventListener("click", (event) => {
  const button = event.target.closest("fold-button > button");
  if (!button) return;
  const { id } = button.closest("[data-fold]");
  if (!unfolded.delete(id)) unfolded.add(id);
  show(button);
});
