// Times in the reader's zone. The server writes them in UTC, in the same form and width, so nothing jumps.

const form = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

/** The reader's zone as it is called then: `EDT`, `GMT+2`. */
function zoneAt(instant) {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(instant);
  return parts.find((part) => part.type === "timeZoneName").value;
}

/** Rewrites every <time> below `root`; the exact UTC instant stays in its title. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const instant = new Date(time.dateTime);
    if (Number.isNaN(instant.valueOf())) continue;
    const parts = Object.fromEntries(form.formatToParts(instant).map((part) => [part.type, part.value]));
    const month = parts.month.slice(0, 3);  // "Sept" in this locale
    const clock = `${parts.hour}:${parts.minute}`;
    const whole = `${parts.day} ${month} ${parts.year} ${clock}`;
    time.textContent = { clock, zoned: `${whole} ${zoneAt(instant)}` }[time.dataset.form] ?? whole;
    time.title = `${time.dateTime.replace("T", " ").replace("Z", "")} UTC`;
  }
}
