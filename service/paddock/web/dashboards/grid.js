// Where widgets are: twelve columns, and as many rows as it takes. Drag and resize by hand or by keys.

/** @typedef {{ x: number, y: number, width: number, height: number }} Place */

export const COLUMNS = 12;
const TALLEST = 20;

/**
 * Within the grid.
 * @param {Place} place
 * @returns {Place}
 */
export function within({ x, y, width, height }) {
  const wide = Math.min(COLUMNS, Math.max(1, Math.round(width)));
  return {
    width: wide,
    height: Math.min(TALLEST, Math.max(1, Math.round(height))),
    x: Math.min(COLUMNS - wide, Math.max(0, Math.round(x))),
    y: Math.max(0, Math.round(y)),
  };
}

/**
 * @param {Place} a
 * @param {Place} b
 */
const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/**
 * Moves apart what lies on each other: `first` stays where it was put, the others go down. What has room above goes up.
 * @template {Place} T
 * @param {T[]} places
 * @param {T} [first]
 */
export function settle(places, first) {
  const ordered = places.toSorted((a, b) => (a === first ? a.y - 0.5 : a.y) - (b === first ? b.y - 0.5 : b.y) || a.x - b.x);
  /** @type {T[]} */
  const settled = [];
  for (const place of ordered) {
    const free = () => !settled.some((other) => overlap(place, other));
    while (!free()) place.y += 1;
    while (place.y > 0) {
      place.y -= 1;
      if (free()) continue;
      place.y += 1;
      break;
    }
    settled.push(place);
  }
}

/**
 * The first place where something of this size fits.
 * @param {Place[]} places
 * @param {{ width: number, height: number }} size
 * @returns {Place}
 */
export function roomFor(places, { width, height }) {
  for (let y = 0; ; y += 1) {
    for (let x = 0; x + width <= COLUMNS; x += 1) {
      const place = { x, y, width, height };
      if (!places.some((other) => overlap(place, other))) return place;
    }
  }
}

/**
 * Lets a widget be moved and resized while `editing()`.
 * @param {HTMLElement} root
 * @param {{ place: () => Place, cell: () => { width: number, height: number }, editing: () => boolean, change: (place: Place, done: boolean) => void }} with_
 */
export function arrange(root, { place, cell, editing, change }) {
  /** @type {{ x: number, y: number, begun: Place, resizes: boolean } | null} */
  let drag = null;

  root.addEventListener("pointerdown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const resizes = target.classList.contains("resize");
    if (!editing() || event.button || (!resizes && !target.closest(".widget-head")) || target.closest("button")) return;
    root.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, y: event.clientY, begun: { ...place() }, resizes };
    root.classList.add("dragged");
    event.preventDefault();
    root.focus({ preventScroll: true });
  });
  root.addEventListener("pointermove", (event) => {
    if (drag) change(moved(drag, event), false);
  });
  /** @param {PointerEvent} event */
  const release = (event) => {
    if (!drag) return;
    const to = event.type === "pointerup" ? moved(drag, event) : drag.begun;
    drag = null;
    root.classList.remove("dragged");
    change(to, true);
  };
  root.addEventListener("pointerup", release);
  root.addEventListener("pointercancel", release);

  /**
   * @param {NonNullable<typeof drag>} from
   * @param {PointerEvent} event
   */
  function moved({ x, y, begun, resizes }, event) {
    const { width, height } = cell();
    const [right, down] = [(event.clientX - x) / width, (event.clientY - y) / height];
    return within(resizes ? { ...begun, width: begun.width + right, height: begun.height + down } : { ...begun, x: begun.x + right, y: begun.y + down });
  }

  root.addEventListener("keydown", (event) => {
    if (!editing() || event.target !== root || event.ctrlKey || event.metaKey || event.altKey) return;
    const right = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
    if (!right && !down) return;
    event.preventDefault();
    const from = place();
    change(within(event.shiftKey ? { ...from, width: from.width + right, height: from.height + down } : { ...from, x: from.x + right, y: from.y + down }), true);
  });
}
