// Elements from script. Text is only ever text: nothing here takes HTML.

/** `make("button", { class: "button", type: "button", onclick: … }, "Text", child)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const TAIL = 11;  // of a long name its end stays: of four that begin alike, it tells which is which

/** A name that is shortened in its middle where it does not fit. */
export function shortened(text) {
  if (text.length < 2 * TAIL) return make("span", { class: "text" }, text);
  return make("span", { class: "text parted" }, make("span", {}, text.slice(0, -TAIL)), make("span", {}, text.slice(-TAIL)));
}
