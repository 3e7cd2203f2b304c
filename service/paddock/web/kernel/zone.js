// Tells the server the reader's time zone, because a test day begins at the reader's midnight.

import { all } from "./dom.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
const known = document.cookie.split("; ").includes(`zone=${encodeURIComponent(zone)}`);

if (!known) {
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; SameSite=Lax`;
  const [drawn] = all(document, "[data-zone]");
  // Once, on the first visit; where cookies are off nothing is gained by asking again.
  if (drawn && drawn.dataset.zone !== zone && document.cookie.includes("zone=")) location.reload();
}
