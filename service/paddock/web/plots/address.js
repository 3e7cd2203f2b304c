// The workspace in the address: `#plots=VNData.x,VNData.y;Pedals.z&from=12.5&to=40&offset=3`.
//
// Behind the #, because the server need not know it, and because a list of signals may be long. Names are
// percent-encoded, so that `,` and `;` in a topic do not part it.

const encode = (name) => encodeURIComponent(name).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";  // somebody edited the address
  }
}

/** `{ plots: [[name, …], …], view: { start, end } or null, offset: seconds or null }`. */
export function readAddress(hash) {
  const parts = new Map(hash.replace(/^#/, "").split("&").map((part) => part.split("=", 2)));
  const number = (name) => (parts.has(name) && Number.isFinite(Number(parts.get(name))) ? Number(parts.get(name)) : null);
  const plots = (parts.get("plots") ?? "").split(";").map((plot) => plot.split(",").map(decode).filter(Boolean));
  const [start, end] = [number("from"), number("to")];
  return {
    plots: plots.filter((plot) => plot.length),
    view: start !== null && end !== null && end > start ? { start, end } : null,
    offset: number("offset"),
  };
}

export function writeAddress({ plots, view, offset }) {
  const parts = [];
  if (plots.length) parts.push(`plots=${plots.map((plot) => plot.map(encode).join(",")).join(";")}`);
  if (plots.length && view) parts.push(`from=${Number(view.start.toFixed(4))}`, `to=${Number(view.end.toFixed(4))}`);
  if (offset) parts.push(`offset=${Number(offset.toFixed(3))}`);
  return parts.length ? `#${parts.join("&")}` : "";
}
