// About how large an export will be, from how many values there are and how wide each is.

const WIDTH = { double: 8, int64: 8, uint64: 8, float: 4, int32: 4, uint32: 4, int16: 2, uint16: 2, int8: 1, uint8: 1, bool: 1 };
const CSV_BYTES = 11;  // digits and a comma
const TEXT_BYTES = 24;
const COMPRESSED = { parquet: 0.5, csv: 0.4 };  // the CSV files are in a zip

// A pattern for a list takes its elements with it, `cells[3]` and `cells[*]` name them by themselves.
const globbed = (glob) => new RegExp(`^${glob.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}(\\.|$)`);

/** Whether globs over topics and signals take this one; none take everything. */
export function taken(signal, globs) {
  return !globs?.length || globs.some((glob) => globbed(glob).test(signal.name) || globbed(glob).test(signal.name.replace(/^\//, "")));
}

/** Bytes; `share` of the time, `duration` in seconds. */
export function estimate(signals, request, { share, duration, sizeBytes }) {
  // Elements count by themselves only where their list is not taken as a whole.
  const asked = signals.filter((signal) => taken(signal, request.signals));
  const whole = new Set(asked.map((signal) => signal.name));
  const chosen = asked.filter((signal) => !whole.has(signal.element_of));
  if (!chosen.length) return 0;
  if (request.format === "mcap") {
    const all = signals.reduce((sum, signal) => sum + signal.count, 0) || 1;
    return (sizeBytes * share * chosen.reduce((sum, signal) => sum + signal.count, 0)) / all;
  }
  const topics = Map.groupBy(chosen, (signal) => signal.topic);
  const values = (signal) => (request.rate_hz ? duration * share * request.rate_hz * (signal.longest || 1) : signal.count * share);
  const rows = (signal) => values(signal) / (signal.longest || 1);
  const width = (signal) => {
    if (signal.dtype.includes("string")) return TEXT_BYTES;
    if (request.format === "csv") return CSV_BYTES;
    const dtype = signal.dtype.match(/^list<item: (\w+)/)?.[1] ?? signal.dtype;
    return request.format === "mat" && dtype !== "bool" ? 8 : (WIDTH[dtype] ?? 8);
  };
  // The layouts of the old scripts give each signal its own times, others give each topic two: seconds and instants.
  if (request.format === "h5" || request.layout?.startsWith("hytech")) {
    return chosen.reduce((sum, signal) => sum + values(signal) * 8 + rows(signal) * 8, 0);
  }
  const times = request.rate_hz ? 16 * duration * share * request.rate_hz : [...topics.values()].reduce((sum, of) => sum + 16 * Math.max(...of.map(rows)), 0);
  const own = chosen.reduce((sum, signal) => sum + values(signal) * width(signal), 0);
  return (times + own) * (COMPRESSED[request.format] ?? 1);
}
