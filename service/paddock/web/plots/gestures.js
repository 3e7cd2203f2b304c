// Zoom and pan of a chart by mouse, fingers, trackpad and keyboard.
//
// Drag: zoom into what was marked. Shift-drag, or one finger: pan. Two fingers, or Ctrl and the wheel: zoom. Sideways
// wheel: pan. Double click: all. Click or tap: puts one of two cursors, which can be dragged. Keys: arrows move the
// cursor, with Shift they pan; + and - zoom; 0 shows all; 1 and 2 put the two cursors, Escape takes them away. The plain
// wheel scrolls the page, because a page of plots that cannot be scrolled past is a trap.

import { pinAt } from "./pins.js";

const CLICK_PX = 4;

/** @typedef {import("./chart.js").Chart} Chart */
/** @typedef {import("./series.js").View} View */

/**
 * What a hand has begun: `from`, where it was pressed, in pixels of the page, and in seconds at `begin`.
 * @typedef {{ kind: "pan" | "mark", from: number, begin: number, view: View }} Drag
 */
/** @typedef {{ kind: "grab", from: number, view: View, move: (seconds: number) => void }} Grab */
/** @typedef {{ kind: "pinch", places: number[], view: View }} Pinch */
/** @typedef {{ kind: "pin", number: 0 | 1, from: number }} Pinned */

/**
 * While the target has `grab`, a drag moves what is drawn: `grab()` gives what is told by how many seconds the hand
 * has moved.
 * @param {HTMLElement} host
 * @param {Chart} chart
 * @param {import("./linked.js").Linked} target
 */
export function listen(host, chart, target) {
  /** @type {Map<number, number>} */
  const pointers = new Map();  // id → where it is, in the page
  /** @type {Drag | Grab | Pinch | Pinned | null} */
  let gesture = null;
  let moved = false;
  /** @type {import("./linked.js").Pins} */
  let before = [null, null];  // the cursors, before the first click of two

  /** @type {(factor: number, around: number) => void} */
  const zoom = (factor, around) => {
    const { start, end } = target.view;
    target.zoomTo({ start: around - (around - start) * factor, end: around + (end - around) * factor });
  };
  /** @param {number} share */
  const pan = (share) => {
    const { start, end } = target.view;
    target.zoomTo({ start: start + share * (end - start), end: end + share * (end - start) });
  };
  const inner = () => Math.max(1, chart.right - chart.left);

  /** @param {PointerEvent | MouseEvent} event */
  const sampleUnder = (event) => chart.sampleNear(chart.secondsAt(event.clientX));

  /**
   * @param {0 | 1} number
   * @param {number} seconds
   */
  const put = (number, seconds) => target.pin(number ? [target.pins[0], seconds] : [seconds, target.pins[1]]);

  host.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    moved = false;
    host.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event.clientX);
    const panning = event.pointerType === "touch" || event.shiftKey;
    gesture = { kind: panning ? "pan" : "mark", from: event.clientX, begin: chart.secondsAt(event.clientX), view: { ...target.view } };
    const pin = pinAt(chart, event.clientX, event.pointerType === "touch");
    if (pin !== null) gesture = { kind: "pin", number: pin, from: event.clientX };
    if (target.grab) gesture = { kind: "grab", from: event.clientX, view: { ...target.view }, move: target.grab() };
    if (pointers.size === 2) gesture = { kind: "pinch", places: [...pointers.values()], view: { ...target.view } };
  });

  host.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, event.clientX);
    if (!gesture) {
      host.classList.toggle("over-pin", pinAt(chart, event.clientX, false) !== null);
      target.moveCursor(sampleUnder(event));
    } else if (gesture.kind === "pin") {
      if (Math.abs(gesture.from - event.clientX) > CLICK_PX) put(gesture.number, sampleUnder(event));
    } else if (gesture.kind === "mark") {
      const here = chart.secondsAt(event.clientX);
      target.mark([Math.min(gesture.begin, here), Math.max(gesture.begin, here)]);
    } else if (gesture.kind === "pan") {
      const { start, end } = gesture.view;
      const by = ((gesture.from - event.clientX) / inner()) * (end - start);
      if (Math.abs(gesture.from - event.clientX) > CLICK_PX) target.zoomTo({ start: start + by, end: end + by });
    } else if (gesture.kind === "grab") {
      gesture.move(((event.clientX - gesture.from) / inner()) * (gesture.view.end - gesture.view.start));
    } else if (gesture.kind === "pinch" && pointers.size === 2) {
      target.zoomTo(pinched(gesture, [...pointers.values()], host, chart));
    }
  });

  /** @param {PointerEvent} event */
  const release = (event) => {
    pointers.delete(event.pointerId);
    if (!gesture) return;
    moved ||= gesture.kind === "pinch" || Math.abs(event.clientX - gesture.from) > CLICK_PX;
    if (gesture.kind === "mark") {
      target.mark(null);
      const here = chart.secondsAt(event.clientX);
      if (moved && event.type === "pointerup") {
        target.zoomTo({ start: Math.min(gesture.begin, here), end: Math.max(gesture.begin, here) });
      }
    }
    if (!moved) target.moveCursor(sampleUnder(event));
    if (!pointers.size) gesture = null;
  };
  host.addEventListener("pointerup", release);
  host.addEventListener("pointercancel", release);
  host.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !gesture) target.moveCursor(null);
  });
  host.addEventListener("click", (event) => {
    if (!target.pinnable || moved) return;
    if (event.detail > 1) return target.pin(before);
    before = target.pins;
    target.pinNext(sampleUnder(event));
  });
  host.addEventListener("dblclick", () => target.reset());

  host.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) zoom(1.0015 ** event.deltaY, chart.secondsAt(event.clientX));
    else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / inner());
    else return;
    event.preventDefault();
  }, { passive: false });

  host.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { start, end } = target.view;
    const cursor = target.cursor ?? (start + end) / 2;
    const side = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (side && event.shiftKey) pan(side * 0.2);
    else if (side) target.moveCursor(Math.min(end, Math.max(start, chart.sampleBeyond(cursor, side * (end - start) * 0.005))));
    else if (event.key === "+" || event.key === "=") zoom(0.5, cursor);
    else if (event.key === "-") zoom(2, cursor);
    else if (event.key === "0") target.reset();
    else if (target.pinnable && (event.key === "1" || event.key === "2")) put(event.key === "1" ? 0 : 1, cursor);
    else if (event.key === "Escape" && target.pins.some((each) => each !== null)) target.pin([null, null]);
    else return;
    event.preventDefault();
  });
}

/**
 * The view in which the two instants that the fingers took stay under them.
 * @param {Pinch} gesture
 * @param {number[]} places
 * @param {HTMLElement} host
 * @param {Chart} chart
 * @returns {View}
 */
function pinched(gesture, places, host, chart) {
  const left = host.getBoundingClientRect().left + chart.left;
  const width = Math.max(1, chart.right - chart.left);
  const { start, end } = gesture.view;
  const taken = gesture.places.map((place) => start + ((place - left) / width) * (end - start));
  const span = ((taken[1] - taken[0]) / (places[1] - places[0] || 1)) * width;
  if (!(span > 0)) return gesture.view;
  const begin = taken[0] - ((places[0] - left) / width) * span;
  return { start: begin, end: begin + span };
}
