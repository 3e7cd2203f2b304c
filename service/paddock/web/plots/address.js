// The workspace in the address: `#plots=VNData.x,VNData.y;Pedals.z&from=12.5&to=40&cursor1=20&cursor2=21.5&numbers=view`.
//
// Behind the #, because the server need not know it, and because a list of signals may be long. Names are
// percent-encoded, so that `,` and `;` in a topic do not part it.

/** @param {string} name */
const encode = (name) => encodeURIComponent(name).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";  // somebody edited the address
  }
}

/**
 * `plots` are names of signals; `offset`, in seconds, is how B lies on A; `pins` are the two cursors; `numbers` is of
 * what there are statistics, null where they are not open.
 * @typedef {{ plots: string[][], view?: import("./series.js").View | null, offset?: number | null, pins?: import("./linked.js").Pins, numbers?: "view" | "cursors" | null }} Address
 */

/**
 * @param {string} hash
 * @returns {Required<Address>}
 */
export function readAddress(hash) {
  const parts = new Map(hash.replace(/^#/, "").split("&").map((part) => /** @type {[string, string]} */ (part.split("=", 2))));
  /** @param {string} name */
  const number = (name) => (parts.has(name) && Number.isFinite(Number(parts.get(name))) ? Number(parts.get(name)) : null);
  const plots = (parts.get("plots") ?? "").split(";").map((plot) => plot.split(",").map(decode).filter(Boolean));
  const [start, end] = [number("from"), number("to")];
  const numbers = parts.get("numbers");
  return {
    plots: plots.filter((plot) => plot.length),
    view: start !== null && end !== null && end > start ? { start, end } : null,
    offset: number("offset"),
    pins: [number("cursor1"), number("cursor2")],
    numbers: numbers === "view" || numbers === "cursors" ? numbers : null,
  };
}

/** @param {Address} address */
export function writeAddress({ plots, view, offset, pins = [null, null], numbers }) {
  const parts = [];
  if (plots.length) parts.push(`plots=${plots.map((plot) => plot.map(encode).join(",")).join(";")}`);
  if (plots.length && view) parts.push(`from=${Number(view.start.toFixed(4))}`, `to=${Number(view.end.toFixed(4))}`);
  pins.forEach((seconds, at) => {
    if (plots.length && seconds !== null) parts.push(`cursor${at + 1}=${Number(seconds.toFixed(6))}`);
  });
  if (plots.length && numbers) parts.push(`numbers=${numbers}`);
  if (offset) parts.push(`offset=${Number(offset.toFixed(3))}`);
  return parts.length ? `#${parts.join("&")}` : "";
}
