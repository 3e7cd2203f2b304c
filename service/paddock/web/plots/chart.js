// One plot on a canvas: lines, steps and lanes over time, with axes by unit. It draws; it fetches nothing.
//
// Two canvases lie on each other: data on the lower one, cursor and selection on the upper one, so that moving the
// cursor over thousands of points costs nothing.

import { TITLE, drawAxis, roomOf, scaleOf, unitsOf } from "./axes.js";
import { LANE_GAP, drawLane, drawLaneName } from "./lanes.js";
import { drawPins } from "./pins.js";
import { indexAt, isLane, isLine, valueAt } from "./series.js";
import { clock, tickText, ticks, timeTicks } from "./ticks.js";

/** @typedef {import("./series.js").Drawn} Drawn */
/** @typedef {import("./series.js").Line} Line */
/** @typedef {import("./series.js").View} View */
/** @typedef {{ left: number, right: number }} Margins */

const LANE = 20;
const TALLEST_LANE = 30;
const AXIS = 22;
const TOP = 8;
const LANE_SIDE = 88;
const NARROW_LANE_SIDE = 56;
const NARROW_PX = 400;  // the names are in the legend too
const FONT = "11px system-ui, sans-serif";
const COLOURS = 8;
const SNAP_PX = 12;
const FEW_POINTS_PX = 9;  // so far apart, single samples can be told

/**
 * The room at both sides that a plot of these series needs, `width` wide as a whole.
 * @param {Drawn[]} series
 * @param {number} width
 * @returns {Margins}
 */
export function marginsOf(series, width) {
  const { left, right } = roomOf(unitsOf(series.filter((each) => !isLane(each))), width);
  return { left: series.some(isLane) ? Math.max(left, width < NARROW_PX ? NARROW_LANE_SIDE : LANE_SIDE) : left, right };
}

export class Chart {
  /** @type {string[] | null} */
  units = null;  // until something is shown
  /** @type {Drawn[]} */
  series = [];
  /** @type {Line[]} */
  lines = [];
  /** @type {Drawn[]} */
  lanes = [];
  /** @type {import("./axes.js").Scale[]} */
  scales = [];
  /** @type {View} */
  view = { start: 0, end: 1 };
  moving = false;  // the view changes, and is drawn as fast as can be
  isSeen = true;
  isStale = false;  // it changed while the chart was not on the screen
  metres = false;  // the axis is a distance and no time
  /** @type {number | null} */
  cursor = null;
  /** @type {[number, number] | null} */
  selection = null;
  /** @type {import("./linked.js").Pins} */
  pins = [null, null];
  /** @type {Margins} */
  margins = roomOf([], 0);  // plots above each other have the same, so that their times line up
  // Where things are, in pixels: the lines between top and bottom, the lanes from there to the end.
  left = 0;
  right = 0;
  top = 0;
  bottom = 0;
  end = 0;
  lane = LANE;
  /** @type {ReturnType<Chart["readStyles"]>} */
  styles;  // as the page's theme is when it draws

  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.canvases = ["data", "over"].map((layer) => {
      const canvas = document.createElement("canvas");
      canvas.className = layer;
      host.append(canvas);
      return canvas;
    });
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(host);
    this.watching = new IntersectionObserver(([{ isIntersecting }]) => {
      this.isSeen = isIntersecting;
      if (isIntersecting && this.isStale) this.draw();
    });
    this.watching.observe(host);
    this.themes = matchMedia("(prefers-color-scheme: dark)");
    this.retheme = () => this.draw();
    this.themes.addEventListener("change", this.retheme);
  }

  close() {
    this.resizing.disconnect();
    this.watching.disconnect();
    this.themes.removeEventListener("change", this.retheme);
  }

  /**
   * @param {Drawn[]} series
   * @param {View} view
   */
  show(series, view) {
    this.lines = series.filter(isLine);
    this.lanes = series.filter(isLane);
    this.series = series;
    this.units = unitsOf(this.lines);
    const lanes = this.lanes.length * (LANE + LANE_GAP);
    // What it would like, once that is known; the style sheet says whether it is given that, or fills a frame.
    if (series.length) this.host.style.setProperty("--wanted", `calc(${this.lines.length ? "var(--plot-height)" : "0px"} + ${lanes + AXIS + TOP}px)`);
    this.view = view;
    this.moving = false;
    this.resize();
  }

  /**
   * The same signals with more samples: nothing changes its place.
   * @param {Drawn[]} series
   * @param {View} view
   */
  follow(series, view) {
    /** @param {Drawn[]} all */
    const kinds = (all) => all.map((each) => `${each.key} ${each.unit} ${isLane(each)}`).join("\n");
    if (kinds(series) !== kinds(this.series)) return this.show(series, view);
    this.lines = series.filter(isLine);
    this.lanes = series.filter(isLane);
    this.series = series;
    return this.look(view);
  }

  /**
   * Another part of what is there, as a hand moves it; `show` follows once it rests.
   * @param {View} view
   */
  look(view) {
    this.view = view;
    this.moving = true;
    if (this.isSeen) this.draw();
    else this.isStale = true;
  }

  /**
   * @param {number | null} cursor
   * @param {[number, number] | null} selection
   * @param {import("./linked.js").Pins} pins
   */
  point(cursor, selection, pins) {
    this.cursor = cursor;
    this.selection = selection;
    this.pins = pins;
    this.drawOver();
  }

  /**
   * The instant under a place on the screen.
   * @param {number} clientX
   */
  secondsAt(clientX) {
    const place = clientX - this.host.getBoundingClientRect().left;
    const share = (place - this.left) / Math.max(1, this.right - this.left);
    return this.view.start + Math.min(1, Math.max(0, share)) * (this.view.end - this.view.start);
  }

  /**
   * The instant of the sample nearest to one, of any signal here; itself where none is near.
   * @param {number} seconds
   */
  sampleNear(seconds) {
    const reach = ((this.view.end - this.view.start) * SNAP_PX) / Math.max(1, this.right - this.left);
    let [nearest, best] = [seconds, reach];
    for (const { seconds: times, shift } of this.series) {
      const before = indexAt(times, seconds - shift);
      for (const index of [before, before + 1]) {
        const instant = times[index] + shift;
        if (Math.abs(instant - seconds) < best) [nearest, best] = [instant, Math.abs(instant - seconds)];
      }
    }
    return nearest;
  }

  /**
   * About `step` further on, at a sample, but never at the same one.
   * @param {number} cursor
   * @param {number} step
   */
  sampleBeyond(cursor, step) {
    const near = this.sampleNear(cursor + step);
    return Math.sign(near - cursor) === Math.sign(step) ? near : cursor + step;
  }

  resize() {
    const { clientWidth, clientHeight } = this.host;
    const ratio = devicePixelRatio || 1;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
      pen(canvas).setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.draw();
  }

  /** @param {number} seconds */
  x(seconds) {
    return this.left + ((seconds - this.view.start) / (this.view.end - this.view.start)) * (this.right - this.left);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !this.units) return;
    this.isStale = false;
    const context = pen(this.canvases[0]);
    context.clearRect(0, 0, width, height);
    context.font = FONT;
    this.left = this.margins.left;
    this.right = width - this.margins.right;
    this.top = TOP + (this.units.length > 1 ? TITLE : 0);
    this.end = height - AXIS;
    this.lane = this.laneHeight();
    const lanes = this.lanes.length * (this.lane + LANE_GAP);
    if (!this.lines.length) this.end = Math.min(this.end, this.top + lanes);  // the axis stays with them
    this.bottom = this.end - lanes - (this.lines.length ? 0 : LANE_GAP);
    this.styles = this.readStyles();
    this.drawTimeAxis(context);
    this.scales = this.units.map((unit) => scaleOf(unit, this.lines, (series) => this.visible(series)));
    this.scales.forEach((_, number) => drawAxis(context, this, number));
    context.save();
    context.beginPath();
    context.rect(this.left, 0, this.right - this.left, this.end);
    context.clip();
    for (const each of this.lines) this.drawLimits(context, each);
    for (const each of this.lines) this.drawLine(context, each);
    this.lanes.forEach((each, number) => drawLane(context, this, each, this.laneTop(number)));
    context.restore();
    this.lanes.forEach((each, number) => drawLaneName(context, this, each, this.laneTop(number)));
    this.drawOver();
  }

  readStyles() {
    const styles = getComputedStyle(this.host);
    /** @param {string} name */
    const read = (name) => styles.getPropertyValue(name).trim();
    return {
      ink: read("--ink-2"), quiet: read("--ink-3"), grid: read("--line"), strong: read("--line-strong"),
      surface: read("--surface"), bad: read("--bad"), accent: read("--accent"), sunken: read("--sunken"),
      colours: Array.from({ length: COLOURS }, (_, number) => read(`--plot-${number + 1}`)),
    };
  }

  /**
   * First and last index that touch the view, neighbours included.
   * @param {Drawn} series
   */
  visible(series) {
    const first = Math.max(0, indexAt(series.seconds, this.view.start - series.shift));
    const last = Math.min(series.seconds.length - 1, indexAt(series.seconds, this.view.end - series.shift) + 1);
    return [first, last];
  }

  /**
   * @param {string} unit
   * @param {number} value
   */
  y(unit, value) {
    const { low, high } = this.scales.find((scale) => scale.unit === unit) ?? { low: 0, high: 1 };
    return this.bottom - ((value - low) / (high - low)) * (this.bottom - this.top);
  }

  /** @param {CanvasRenderingContext2D} context */
  drawTimeAxis(context) {
    const { start, end } = this.view;
    const { at, step } = (this.metres ? ticks : timeTicks)(start, end, (this.right - this.left) / 90);
    context.textBaseline = "top";
    context.textAlign = "center";
    context.lineWidth = 1;
    for (const tick of at) {
      const x = Math.round(this.x(tick)) + 0.5;
      context.strokeStyle = this.styles.grid;
      line(context, x, this.top, x, this.end);
      context.fillStyle = this.styles.quiet;
      context.fillText(this.metres ? `${tickText(tick, step)} m` : clock(tick, step), x, this.end + 7);
    }
    context.strokeStyle = this.styles.strong;
    line(context, this.left, this.end + 0.5, this.right, this.end + 0.5);
  }

  /** @param {Drawn} series */
  colour(series) {
    return this.styles.colours[series.colour % COLOURS];
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Line} series
   */
  drawLimits(context, series) {
    context.strokeStyle = this.styles.bad;
    context.lineWidth = 1;
    context.setLineDash([5, 4]);
    for (const limit of [series.low, series.high]) {
      if (limit === null) continue;
      const y = this.y(series.unit, limit);
      if (y > this.top && y < this.bottom) line(context, this.left, y, this.right, y);
    }
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Line} series
   */
  drawLine(context, series) {
    const [first, last] = this.visible(series);
    context.strokeStyle = this.colour(series);
    // Thin where points are dense: wider than a pixel, a browser without a GPU takes ten times as long for them.
    const isDense = last - first > (this.right - this.left) / 2;
    context.lineWidth = isDense ? (this.moving ? 1 / (devicePixelRatio || 1) : 1) : series.dashed ? 1.25 : 1.5;
    context.lineJoin = isDense ? "bevel" : "round";
    context.lineCap = "round";
    if (series.dashed) context.setLineDash([4, 3]);
    context.beginPath();
    /** @type {number | null} */
    let held = null;  // the height of the last sample; null after a missing one
    for (let index = first; index <= last; index += 1) {
      const value = series.values[index];
      if (value === null) {
        held = null;
        continue;
      }
      const x = this.x(series.seconds[index] + series.shift);
      const y = this.y(series.unit, value);
      if (index > first && series.seconds[index] - series.seconds[index - 1] > series.gap) held = null;
      if (held === null) context.moveTo(x, y);
      else if (series.drawing === "steps") context.lineTo(x, held);
      context.lineTo(x, y);
      held = y;
    }
    context.stroke();
    context.setLineDash([]);
    if ((this.right - this.left) / (last - first + 1) > FEW_POINTS_PX) this.drawSamples(context, series, first, last);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Line} series
   * @param {number} first
   * @param {number} last
   */
  drawSamples(context, series, first, last) {
    context.fillStyle = this.colour(series);
    for (let index = first; index <= last; index += 1) {
      const value = series.values[index];
      if (value === null) continue;
      dot(context, this.x(series.seconds[index] + series.shift), this.y(series.unit, value), 2.2);
    }
  }

  /** As its frame allows: beside lines, lanes leave them half of it. */
  laneHeight() {
    const [room, most] = this.lines.length ? [(this.end - this.top) / 2, LANE] : [this.end - this.top, TALLEST_LANE];
    return Math.max(4, Math.min(most, Math.floor(room / this.lanes.length) - LANE_GAP));
  }

  /** @param {number} number */
  laneTop(number) {
    return this.bottom + LANE_GAP + number * (this.lane + LANE_GAP);
  }

  drawOver() {
    if (!this.styles) return;
    const { clientWidth: width, clientHeight: height } = this.host;
    const context = pen(this.canvases[1]);
    context.clearRect(0, 0, width, height);
    if (this.selection) {
      const [from, to] = this.selection.map((each) => this.x(each));
      context.fillStyle = this.styles.accent;
      context.globalAlpha = 0.14;
      context.fillRect(from, this.top, to - from, this.end - this.top);
      context.globalAlpha = 1;
    }
    drawPins(context, this);
    if (this.cursor === null || this.cursor < this.view.start || this.cursor > this.view.end) return;
    const x = this.x(this.cursor);
    context.strokeStyle = this.styles.ink;
    context.lineWidth = 1;
    line(context, Math.round(x) + 0.5, this.top, Math.round(x) + 0.5, this.end);
    for (const series of this.lines) {
      const value = valueAt(series, this.cursor);
      if (value === null || value === undefined) continue;
      // Where the sample is that is read out: signals have their own times. Steps last until the cursor.
      const own = this.x(series.seconds[indexAt(series.seconds, this.cursor - series.shift)] + series.shift);
      const place = series.drawing === "line" && own >= this.left ? own : x;
      context.fillStyle = this.styles.surface;
      dot(context, place, this.y(series.unit, value), 4.5);
      context.fillStyle = this.colour(series);
      dot(context, place, this.y(series.unit, value), 3);
    }
  }
}

/** @param {HTMLCanvasElement} canvas */
const pen = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 */
function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function dot(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
