// Times in the reader's zone. The server writes them in UTC, in the same form and width, so nothing jumps.

import { all } from "./dom.js";

const form = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23",
});

/**
 * The reader's zone as it is called then: `EDT`, `GMT+2`.
 * @param {Date} instant
 */
function zoneAt(instant) {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(instant);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
}

/**
 * Rewrites every <time> below `root`; the exact UTC instant stays in its title.
 * @param {ParentNode} root
 */
export function localise(root) {
  for (const time of all(root, "time[datetime]", HTMLTimeElement)) {
    const instant = new Date(time.dateTime);
    if (Number.isNaN(instant.valueOf())) continue;
    const parts = Object.fromEntries(form.formatToParts(instant).map((part) => [part.type, part.value]));
    const month = parts.month.slice(0, 3);  // "Sept" in this locale
    const clock = `${parts.hour}:${parts.minute}`;
    const whole = `${parts.day} ${month} ${parts.year} ${clock}`;
    const { form: wanted } = time.dataset;
    const zoned = wanted === "second" ? `${whole}:${parts.second} ${zoneAt(instant)}` : `${whole} ${zoneAt(instant)}`;
    time.textContent = wanted === "clock" ? clock : wanted ? zoned : whole;
    time.title = `${time.dateTime.replace("T", " ").replace("Z", "")} UTC`;
  }
}
