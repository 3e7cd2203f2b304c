// The two cursors that stay where they were put: lines with a number, over all plots.

const FLAG = 15;
const REACH = { mouse: 5, finger: 18 };

/**
 * Draws both, and tints what lies between them.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./chart.js").Chart} chart
 */
export function drawPins(context, chart) {
  const { pins, left, right, top, end, styles } = chart;
  const [one, other] = pins;
  context.save();
  context.beginPath();
  context.rect(left - FLAG, 0, right - left + 2 * FLAG, end);
  context.clip();
  context.fillStyle = context.strokeStyle = styles.accent;
  if (one !== null && other !== null) {
    const [from, to] = [Math.max(left, chart.x(Math.min(one, other))), Math.min(right, chart.x(Math.max(one, other)))];
    context.globalAlpha = 0.07;
    if (to > from) context.fillRect(from, top, to - from, end - top);
    context.globalAlpha = 1;
  }
  context.lineWidth = 1;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = "600 11px system-ui, sans-serif";
  pins.forEach((seconds, number) => {
    if (seconds === null || seconds < chart.view.start || seconds > chart.view.end) return;
    const x = Math.round(chart.x(seconds)) + 0.5;
    context.fillStyle = styles.accent;
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, end);
    context.stroke();
    context.fillRect(x - FLAG / 2, top, FLAG, FLAG);
    context.fillStyle = styles.surface;
    context.fillText(String(number + 1), x, top + FLAG / 2 + 0.5);
  });
  context.restore();
}

/**
 * Which cursor a hand at this place takes, 0 or 1; the nearer one of both.
 * @param {import("./chart.js").Chart} chart
 * @param {number} clientX
 * @param {boolean} byFinger
 * @returns {0 | 1 | null}
 */
export function pinAt(chart, clientX, byFinger) {
  const place = clientX - chart.host.getBoundingClientRect().left;
  const away = chart.pins.map((seconds) => (seconds === null ? Infinity : Math.abs(chart.x(seconds) - place)));
  const nearer = away[1] < away[0] ? 1 : 0;
  return away[nearer] <= (byFinger ? REACH.finger : REACH.mouse) ? nearer : null;
}
