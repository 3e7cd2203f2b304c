// What is pressed before the page's scripts are there is done once they are: on a slow line they come a while after the
// page, and a press would do nothing, or send a form that they send in another way. Twice on the same is once.

/** @type {Map<HTMLElement, () => void>} */
const waiting = new Map();

/** @param {MouseEvent} event */
function holdPress(event) {
  const button = event.target instanceof Element ? event.target.closest('button[type="button"]') : null;
  if (button instanceof HTMLButtonElement) hold(event, button, () => button.click());
}

/** @param {SubmitEvent} event */
function holdForm(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.hasAttribute("action") || form.method === "dialog") return;
  const { submitter } = event;
  hold(event, form, () => form.requestSubmit(submitter));
}

/**
 * @param {Event} event
 * @param {HTMLElement} pressed
 * @param {() => void} again
 */
function hold(event, pressed, again) {
  event.preventDefault();
  event.stopImmediatePropagation();
  waiting.set(pressed, again);
}

window.addEventListener("click", holdPress, true);
window.addEventListener("submit", holdForm, true);
// Comes when all of the page's scripts have run, or cannot be had.
window.addEventListener("DOMContentLoaded", () => {
  window.removeEventListener("click", holdPress, true);
  window.removeEventListener("submit", holdForm, true);
  for (const again of waiting.values()) again();
});

export {};
