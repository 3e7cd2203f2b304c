// <venue-map>: the track of a venue with the lines that laps are timed by. Lines are dragged, or moved by the keyboard.

import { call, messageOf } from "../kernel/api.js";
import { make } from "../kernel/dom.js";

/** @typedef {{ latitude: number, longitude: number }} Place */
/** @typedef {{ left: Place, right: Place }} Line */
/** @typedef {{ id: string, name: string, event: string, valid_from: string, valid_until: string, start: Line, finish: Line | null, sectors: Line[], reference: object | null }} Course */
/** @typedef {{ id: string, name: string, latitude: number, longitude: number, courses: Course[], version: number }} Venue */
/** @typedef {{ x: number, y: number }} Point metres east and south of the venue's place */

const METRES = 111_195;
const SVG = "http://www.w3.org/2000/svg";
const STEP_M = 0.5;
const FAR_STEP_M = 5;
const HALF_M = 12;

class VenueMap extends HTMLElement {
  /** @type {Venue} */
  venue;
  /** @type {Record<string, [number, number][]>} */
  outlines = {};
  /** @type {string} */
  chosen = "";
  /** @type {SVGElement} */
  svg;
  width = 0;  // pixels that the drawing is made for
  scale = 1;  // metres per pixel
  may = false;
  said = make("span", { role: "status" });

  connectedCallback() {
    this.venue = JSON.parse(this.dataset.venue ?? "{}");
    this.outlines = JSON.parse(this.dataset.outlines ?? "{}");
    this.may = Boolean(this.dataset.may);
    this.chosen = this.venue.courses[this.venue.courses.length - 1].id;
    this.build();
    // It tells the first size, too, of which there is a drawing already.
    new ResizeObserver(() => { if (this.svg.clientWidth !== this.width) this.draw(); }).observe(this);
  }

  get course() {
    return /** @type {Course} */ (this.venue.courses.find((each) => each.id === this.chosen));
  }

  /**
   * @param {Place} place
   * @returns {Point}
   */
  metres({ latitude, longitude }) {
    const flatten = Math.cos((this.venue.latitude * Math.PI) / 180);
    return { x: (longitude - this.venue.longitude) * METRES * flatten, y: -(latitude - this.venue.latitude) * METRES };
  }

  /**
   * @param {Point} point
   * @returns {Place}
   */
  place({ x, y }) {
    const flatten = Math.cos((this.venue.latitude * Math.PI) / 180);
    return { latitude: this.venue.latitude - y / METRES, longitude: this.venue.longitude + x / METRES / flatten };
  }

  build() {
    this.svg = svg("svg", { role: "group", "aria-label": "Map of the track" });
    this.replaceChildren(this.tools(), this.svg);
    this.draw();
  }

  tools() {
    const course = make("select", { "aria-label": "Configuration" });
    for (const each of this.venue.courses) course.append(make("option", { value: each.id, selected: each.id === this.chosen }, each.name || each.id));
    course.addEventListener("change", () => { this.chosen = course.value; this.build(); });
    /**
     * @param {string} label
     * @param {string} value
     * @param {(value: string) => void} set
     * @param {string} [type]
     */
    const field = (label, value, set, type = "text") => {
      const input = make("input", { type, value, maxlength: 200, disabled: !this.may });
      input.addEventListener("change", () => set(input.value));
      return make("label", {}, label, input);
    };
    /**
     * @param {string} label
     * @param {() => void} act
     * @param {string} [kind]
     */
    const button = (label, act, kind = "") => make("button", { type: "button", class: `button ${kind}`, disabled: !this.may, onclick: act }, label);
    return make("div", { class: "tools" },
      field("Venue", this.venue.name, (value) => { this.venue.name = value; }),
      make("label", {}, "Configuration", course),
      field("Its name", this.course.name, (value) => { this.course.name = value; }),
      field("Only for event", this.course.event, (value) => { this.course.event = value; }),
      field("First day", this.course.valid_from, (value) => { this.course.valid_from = value; }, "date"),
      field("Last day", this.course.valid_until, (value) => { this.course.valid_until = value; }, "date"),
      button("Add a sector line", () => this.addSector()),
      button(this.course.sectors.length ? "Remove the last sector line" : "No sector lines", () => { this.course.sectors = this.course.sectors.slice(0, -1); this.build(); }),
      button(this.course.finish ? "Finish at the start line" : "Separate finish", () => { this.course.finish = this.course.finish ? null : this.lineOnWay(0.5); this.build(); }),
      button("Other direction", () => this.turn()),
      button("New configuration", () => this.copy()),
      button("Save", () => void this.save(), "primary"),
      this.said,
    );
  }

  /** The lines of the configuration with their names. */
  lines() {
    const { start, finish, sectors } = this.course;
    return [
      { line: start, name: finish ? "Start" : "Start and finish", kind: "line" },
      ...sectors.map((line, number) => ({ line, name: `End of sector ${number + 1}`, kind: "line sector" })),
      ...(finish ? [{ line: finish, name: "Finish", kind: "line finish" }] : []),
    ];
  }

  draw() {
    const way = (this.outlines[this.chosen] ?? []).map(([latitude, longitude]) => this.metres({ latitude, longitude }));
    const all = [...way, ...this.lines().flatMap(({ line }) => [this.metres(line.left), this.metres(line.right)])];
    const [west, east] = [Math.min(...all.map((each) => each.x)), Math.max(...all.map((each) => each.x))];
    const [north, south] = [Math.min(...all.map((each) => each.y)), Math.max(...all.map((each) => each.y))];
    const margin = 15 + (east - west + south - north) * 0.03;
    const [width, height] = [east - west + 2 * margin, south - north + 2 * margin];
    const box = this.svg.getBoundingClientRect();
    this.width = this.svg.clientWidth;
    this.scale = box.width ? Math.max(width / box.width, height / box.height) : 1;
    this.svg.setAttribute("viewBox", `${west - margin} ${north - margin} ${width} ${height}`);
    const focused = document.activeElement instanceof SVGElement ? document.activeElement.dataset.handle : undefined;
    this.svg.replaceChildren(
      svg("path", { class: "way", d: way.map(({ x, y }, at) => `${at ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`).join(""), "stroke-width": 3 * this.scale }),
      ...this.lines().flatMap((each, number) => this.drawn(each, number)),
    );
    if (focused) this.svg.querySelector(`[data-handle="${focused}"]`)?.dispatchEvent(new Event("refocus"));
  }

  /**
   * @param {{ line: Line, name: string, kind: string }} each
   * @param {number} number
   */
  drawn({ line, name, kind }, number) {
    const [left, right] = [this.metres(line.left), this.metres(line.right)];
    const middle = { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 };
    const length = Math.hypot(right.x - left.x, right.y - left.y) || 1;
    // Forward is a quarter turn from left to right; y grows to the south.
    const forward = { x: (right.y - left.y) / length, y: -(right.x - left.x) / length };
    const size = 9 * this.scale;
    const tip = { x: middle.x + forward.x * 3 * size, y: middle.y + forward.y * 3 * size };
    const base = { x: middle.x + forward.x * 1.6 * size, y: middle.y + forward.y * 1.6 * size };
    const arrow = [tip, { x: base.x - forward.y * size * 0.7, y: base.y + forward.x * size * 0.7 }, { x: base.x + forward.y * size * 0.7, y: base.y - forward.x * size * 0.7 }];
    const label = svg("text", { x: right.x + 1.5 * size, y: right.y, "font-size": 13 * this.scale });
    label.textContent = name;
    const parts = [
      svg("line", { class: kind, x1: left.x, y1: left.y, x2: right.x, y2: right.y, "stroke-width": 4 * this.scale }),
      svg("polygon", { class: "arrow", points: arrow.map(({ x, y }) => `${x},${y}`).join(" ") }),
      label,
    ];
    if (!this.may) return parts;
    /** @type {["left" | "right" | "both", Point, string][]} */
    const handles = [["left", left, "left end"], ["right", right, "right end"], ["both", middle, "whole line"]];
    return [...parts, ...handles.map(([which, point, words]) => this.handle(line, which, point, `${name}: ${words}`, `${number}-${which}`))];
  }

  /**
   * @param {Line} line
   * @param {"left" | "right" | "both"} which
   * @param {Point} point
   * @param {string} label
   * @param {string} id
   */
  handle(line, which, point, label, id) {
    const circle = svg("circle", { class: "handle", cx: point.x, cy: point.y, r: 7 * this.scale, "stroke-width": 2 * this.scale, tabindex: 0, role: "button", "aria-label": `${label}. Arrow keys move it.`, "data-handle": id });
    circle.addEventListener("refocus", () => circle.focus());
    circle.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? FAR_STEP_M : STEP_M;
      const by = { ArrowLeft: { x: -step, y: 0 }, ArrowRight: { x: step, y: 0 }, ArrowUp: { x: 0, y: -step }, ArrowDown: { x: 0, y: step } }[event.key];
      if (!by) return;
      event.preventDefault();
      this.move(line, which, by);
    });
    circle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      let last = { x: event.clientX, y: event.clientY };
      /** @param {PointerEvent} moved */
      const drag = (moved) => {
        this.move(line, which, { x: (moved.clientX - last.x) * this.scale, y: (moved.clientY - last.y) * this.scale });
        last = { x: moved.clientX, y: moved.clientY };
      };
      const end = () => {
        window.removeEventListener("pointermove", drag);
        window.removeEventListener("pointerup", end);
      };
      window.addEventListener("pointermove", drag);
      window.addEventListener("pointerup", end);
    });
    return circle;
  }

  /**
   * @param {Line} line
   * @param {"left" | "right" | "both"} which
   * @param {Point} by
   */
  move(line, which, by) {
    for (const end of /** @type {("left" | "right")[]} */ (which === "both" ? ["left", "right"] : [which])) {
      const { x, y } = this.metres(line[end]);
      line[end] = this.place({ x: x + by.x, y: y + by.y });
    }
    this.said.textContent = "Not saved yet.";
    this.draw();
  }

  /**
   * A line across the way at a share of it.
   * @param {number} share
   * @returns {Line}
   */
  lineOnWay(share) {
    const way = (this.outlines[this.chosen] ?? []).map(([latitude, longitude]) => this.metres({ latitude, longitude }));
    if (way.length < 3) {
      const { left, right } = this.course.start;
      const [from, to] = [this.metres(left), this.metres(right)];
      return { left: this.place({ x: from.x + 20, y: from.y + 20 }), right: this.place({ x: to.x + 20, y: to.y + 20 }) };
    }
    const at = Math.min(way.length - 2, Math.max(1, Math.round(share * (way.length - 1))));
    const [before, after] = [way[at - 1], way[at + 1]];
    const length = Math.hypot(after.x - before.x, after.y - before.y) || 1;
    const across = { x: ((after.y - before.y) / length) * HALF_M, y: (-(after.x - before.x) / length) * HALF_M };
    return { left: this.place({ x: way[at].x + across.x, y: way[at].y + across.y }), right: this.place({ x: way[at].x - across.x, y: way[at].y - across.y }) };
  }

  addSector() {
    const count = this.course.sectors.length + 1;
    // Evenly along the way; whoever wants them elsewhere drags them there.
    this.course.sectors = Array.from({ length: count }, (_, number) => (number < count - 1 ? this.course.sectors[number] : this.lineOnWay(count / (count + 1))));
    this.said.textContent = "Not saved yet.";
    this.build();
  }

  turn() {
    const { course } = this;
    /** @param {Line} line */
    const turned = (line) => ({ left: line.right, right: line.left });
    const { start, finish } = course;
    course.start = turned(finish ?? start);
    course.finish = finish ? turned(start) : null;
    course.sectors = [...course.sectors].reverse().map(turned);
    this.said.textContent = "Not saved yet.";
    this.build();
  }

  copy() {
    const numbers = this.venue.courses.map((each) => Number(each.id)).filter(Number.isFinite);
    const id = String(Math.max(0, ...numbers) + 1);
    this.outlines[id] = this.outlines[this.chosen];
    this.venue.courses.push({ ...structuredClone(this.course), id, name: `Course ${id}`, reference: null });
    this.chosen = id;
    this.said.textContent = "Not saved yet.";
    this.build();
  }

  async save() {
    const { id, name, courses, version } = this.venue;
    try {
      this.venue = await call("PUT", `/api/venues/${id}`, { name, courses, version });
      this.build();
      this.said.textContent = "Saved. Laps here are timed again.";
    } catch (error) {
      this.said.textContent = messageOf(error);
    }
  }
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElement}
 */
function svg(tag, attributes) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

customElements.define("venue-map", VenueMap);
