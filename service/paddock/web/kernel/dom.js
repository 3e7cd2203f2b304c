// Elements: found in the page, and made by scripts. Text is only ever text: nothing here takes HTML.

/**
 * The first one that matches, as the kind it is. A page that has none, or one of another kind, is a mistake of ours.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function need(root, selector, kind = /** @type {any} */ (HTMLElement)) {
  const found = root.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${selector} that is a ${kind.name}.`);
}

/**
 * All that match and are of this kind.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T[]}
 */
export function all(root, selector, kind = /** @type {any} */ (HTMLElement)) {
  return [...root.querySelectorAll(selector)].filter(/** @returns {each is T} */ (each) => each instanceof kind);
}

/**
 * Where an event happened: that element, or the nearest around it that matches.
 * @template {Element} [T=HTMLElement]
 * @param {Event} event
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T | null}
 */
export function around(event, selector, kind = /** @type {any} */ (HTMLElement)) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof kind ? found : null;
}

/**
 * A field of a form by its name; radio buttons of one name are one field. For what has more than a value: `need`.
 * @param {HTMLFormElement} form
 * @param {string} name
 * @returns {{ value: string }}
 */
export function fieldOf(form, name) {
  const found = form.elements.namedItem(name);
  if (found && "value" in found) return /** @type {{ value: string }} */ (found);
  throw new Error(`The form has no field ${name}.`);
}

/**
 * `make("button", { class: "button", type: "button", onclick: … }, "Text", child)`.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | undefined | (() => void)>} attributes
 * @param {...(Node | string | null | undefined)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const TAIL = 11;  // of a long name its end stays: of four that begin alike, it tells which is which

/**
 * A name that is shortened in its middle where it does not fit.
 * @param {string} text
 */
export function shortened(text) {
  if (text.length < 2 * TAIL) return make("span", { class: "text" }, text);
  return make("span", { class: "text parted" }, make("span", {}, text.slice(0, -TAIL)), make("span", {}, text.slice(-TAIL)));
}
