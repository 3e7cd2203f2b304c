// One plot on a canvas: lines, steps and lanes over time, with axes by unit. It draws; it fetches nothing.
//
// Two canvases lie on each other: data on the lower one, cursor and selection on the upper one, so that moving the
// cursor over thousands of points costs nothing.

import { TITLE, drawAxis, roomOf, scaleOf, unitsOf } from "./axes.js";
import { clock, timeTicks } from "./ticks.js";

const LANE = 20;
const TALLEST_LANE = 30;
const LANE_GAP = 4;
const AXIS = 22;
const TOP = 8;
const LANE_SIDE = 88;
const NARROW_LANE_SIDE = 56;
const NARROW_PX = 400;  // the names are in the legend too
const FONT = "11px system-ui, sans-serif";
const COLOURS = 8;
const SNAP_PX = 12;
const FEW_POINTS_PX = 9;  // so far apart, single samples can be told

/** Whether a signal is a lane of named pieces instead of a line. */
export function isLane(series) {
  return series.drawing === "segments" || series.dtype === "bool" || Object.keys(series.enums).length > 0;
}

/** What a series is at an instant of the axis; undefined before it begins, and where no line is drawn. */
export function valueAt(series, instant) {
  const seconds = instant - series.shift;
  const index = indexAt(series.seconds, seconds);
  const isLost = series.drawing === "line" && seconds - series.seconds[index] > series.gap;
  return isLost ? undefined : series.values[index];
}

/** Index of the last sample at or before `seconds`, -1 when there is none. */
export function indexAt(times, seconds) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What a value is called: an enum's name, on and off, or the value. */
export function nameOf(series, value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value ? "on" : "off";
  return series.enums[value] ?? value;
}

/** The room at both sides that a plot of these series needs, `width` wide as a whole. */
export function marginsOf(series, width) {
  const { left, right } = roomOf(unitsOf(series.filter((each) => !isLane(each))), width);
  return { left: series.some(isLane) ? Math.max(left, width < NARROW_PX ? NARROW_LANE_SIDE : LANE_SIDE) : left, right };
}

export class Chart {
  constructor(host) {
    this.host = host;
    this.canvases = ["data", "over"].map((layer) => {
      const canvas = document.createElement("canvas");
      canvas.className = layer;
      host.append(canvas);
      return canvas;
    });
    this.series = [];
    this.view = { start: 0, end: 1 };
    this.cursor = null;
    this.selection = null;
    this.margins = roomOf([], 0);  // plots above each other have the same, so that their times line up
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(host);
    this.themes = matchMedia("(prefers-color-scheme: dark)");
    this.retheme = () => this.draw();
    this.themes.addEventListener("change", this.retheme);
  }

  close() {
    this.resizing.disconnect();
    this.themes.removeEventListener("change", this.retheme);
  }

  /** `series` as the API has them, each with `colour` (0 to 7), `shift` (seconds to add to its times), `gap`. */
  show(series, view) {
    this.lines = series.filter((each) => !isLane(each));
    this.lanes = series.filter(isLane);
    this.series = series;
    this.units = unitsOf(this.lines);
    const lanes = this.lanes.length * (LANE + LANE_GAP);
    // What it would like, once that is known; the style sheet says whether it is given that, or fills a frame.
    if (series.length) this.host.style.setProperty("--wanted", `calc(${this.lines.length ? "var(--plot-height)" : "0px"} + ${lanes + AXIS + TOP}px)`);
    this.look(view);
    this.resize();
  }

  look(view) {
    this.view = view;
    this.draw();
  }

  point(cursor, selection = null) {
    this.cursor = cursor;
    this.selection = selection;
    this.drawOver();
  }

  /** The instant under a place on the screen. */
  secondsAt(clientX) {
    const place = clientX - this.host.getBoundingClientRect().left;
    const share = (place - this.left) / Math.max(1, this.right - this.left);
    return this.view.start + Math.min(1, Math.max(0, share)) * (this.view.end - this.view.start);
  }

  /** The instant of the sample nearest to one, of any signal here; itself where none is near. */
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

  /** About `step` further on, at a sample, but never at the same one. */
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
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.draw();
  }

  x(seconds) {
    return this.left + ((seconds - this.view.start) / (this.view.end - this.view.start)) * (this.right - this.left);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !this.units) return;
    const context = this.canvases[0].getContext("2d");
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
    this.lanes.forEach((each, number) => this.drawLane(context, each, number));
    context.restore();
    this.drawLaneNames(context);
    this.drawOver();
  }

  readStyles() {
    const styles = getComputedStyle(this.host);
    const read = (name) => styles.getPropertyValue(name).trim();
    return {
      ink: read("--ink-2"), quiet: read("--ink-3"), grid: read("--line"), strong: read("--line-strong"),
      surface: read("--surface"), bad: read("--bad"), accent: read("--accent"), sunken: read("--sunken"),
      colours: Array.from({ length: COLOURS }, (_, number) => read(`--plot-${number + 1}`)),
    };
  }

  /** First and last index that touch the view, neighbours included. */
  visible(series) {
    const first = Math.max(0, indexAt(series.seconds, this.view.start - series.shift));
    const last = Math.min(series.seconds.length - 1, indexAt(series.seconds, this.view.end - series.shift) + 1);
    return [first, last];
  }

  y(unit, value) {
    const { low, high } = this.scales.find((scale) => scale.unit === unit);
    return this.bottom - ((value - low) / (high - low)) * (this.bottom - this.top);
  }

  drawTimeAxis(context) {
    const { start, end } = this.view;
    const { at, step } = timeTicks(start, end, (this.right - this.left) / 90);
    context.textBaseline = "top";
    context.textAlign = "center";
    context.lineWidth = 1;
    for (const tick of at) {
      const x = Math.round(this.x(tick)) + 0.5;
      context.strokeStyle = this.styles.grid;
      line(context, x, this.top, x, this.end);
      context.fillStyle = this.styles.quiet;
      context.fillText(clock(tick, step), x, this.end + 7);
    }
    context.strokeStyle = this.styles.strong;
    line(context, this.left, this.end + 0.5, this.right, this.end + 0.5);
  }

  colour(series) {
    return this.styles.colours[series.colour % COLOURS];
  }

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

  drawLine(context, series) {
    const [first, last] = this.visible(series);
    context.strokeStyle = this.colour(series);
    // Thin where points are dense: wider than a pixel, a browser without a GPU takes ten times as long for them.
    const isDense = last - first > (this.right - this.left) / 2;
    context.lineWidth = isDense ? 1 : series.dashed ? 1.25 : 1.5;
    context.lineJoin = isDense ? "bevel" : "round";
    context.lineCap = "round";
    if (series.dashed) context.setLineDash([4, 3]);
    context.beginPath();
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

  drawSamples(context, series, first, last) {
    context.fillStyle = this.colour(series);
    for (let index = first; index <= last; index += 1) {
      if (series.values[index] === null) continue;
      dot(context, this.x(series.seconds[index] + series.shift), this.y(series.unit, series.values[index]), 2.2);
    }
  }

  /** As its frame allows: beside lines, lanes leave them half of it. */
  laneHeight() {
    const [room, most] = this.lines.length ? [(this.end - this.top) / 2, LANE] : [this.end - this.top, TALLEST_LANE];
    return Math.max(4, Math.min(most, Math.floor(room / this.lanes.length) - LANE_GAP));
  }

  laneTop(number) {
    return this.bottom + LANE_GAP + number * (this.lane + LANE_GAP);
  }

  /** Each value lasts until the next: a piece of colour, with its name where there is room. */
  drawLane(context, series, number) {
    const top = this.laneTop(number);
    const [first, last] = this.visible(series);
    // Of an enum all values, not only those that are here: what means the same looks the same in every lane.
    const numbers = Object.keys(series.enums).map(Number);
    const names = numbers.length ? numbers.sort((a, b) => a - b) : [...new Set(series.values)].sort((a, b) => (a > b ? 1 : -1));
    context.fillStyle = this.styles.sunken;
    context.fillRect(this.left, top, this.right - this.left, this.lane);
    context.textBaseline = "middle";
    context.textAlign = "left";
    for (let index = first; index <= last; ) {
      const value = series.values[index];
      let next = index + 1;
      while (next <= last && series.values[next] === value) next += 1;
      const from = Math.max(this.left, this.x(series.seconds[index] + series.shift));
      const to = next <= last ? this.x(series.seconds[next] + series.shift) : this.right;
      if (value !== null) {
        const isFault = series.faults.includes(value);
        const strength = isFault ? 0.9 : restOf(series, value, names);
        context.globalAlpha = strength;
        context.fillStyle = isFault ? this.styles.bad : this.styles.quiet;
        context.fillRect(from, top, Math.max(1, to - from), this.lane);
        context.globalAlpha = 1;
        const text = String(nameOf(series, value));
        if (series.dtype !== "bool" && context.measureText(text).width < to - from - 12) {
          context.fillStyle = isFault ? this.styles.surface : this.styles.ink;
          context.fillText(text, from + 6, top + this.lane / 2 + 0.5);
        }
      }
      if (index !== first) {
        context.fillStyle = this.styles.surface;
        context.fillRect(from, top, 1, this.lane);
      }
      index = next;
    }
  }

  drawLaneNames(context) {
    context.textBaseline = "middle";
    context.textAlign = "right";
    this.lanes.forEach((series, number) => {
      context.fillStyle = this.styles.ink;
      context.fillText(fit(context, series.label, this.left - 12), this.left - 7, this.laneTop(number) + this.lane / 2 + 0.5);
    });
  }

  drawOver() {
    if (!this.styles) return;
    const { clientWidth: width, clientHeight: height } = this.host;
    const context = this.canvases[1].getContext("2d");
    context.clearRect(0, 0, width, height);
    if (this.selection) {
      const [from, to] = this.selection.map((each) => this.x(each));
      context.fillStyle = this.styles.accent;
      context.globalAlpha = 0.14;
      context.fillRect(from, this.top, to - from, this.end - this.top);
      context.globalAlpha = 1;
    }
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

/** How strong the grey of a value is that is no fault: off is nothing, the further states differ a little. */
function restOf(series, value, names) {
  if (typeof value === "boolean") return value ? 0.32 : 0;
  return 0.1 + (0.22 * Math.max(0, names.indexOf(value))) / Math.max(1, names.length - 1);
}

function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

function dot(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

/** Shortened in the middle: names that begin alike differ at their ends. */
function fit(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  for (let kept = text.length - 1; kept > 0; kept -= 1) {
    const short = `${text.slice(0, Math.ceil(kept / 2))}…${text.slice(text.length - Math.floor(kept / 2))}`;
    if (context.measureText(short).width <= width) return short;
  }
  return "…";
}
