// What the plots ask the service for.

async function ask(url, signal) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail ?? `The service answered ${answer.status}.`);
  return body;
}

/** Signals over a span in seconds of the log (`null` for all of it). */
export function fetchPlot(recording, names, view, points, signal) {
  const query = new URLSearchParams(names.map((name) => ["signal", name]));
  if (view) {
    query.set("start", view.start.toFixed(6));
    query.set("end", view.end.toFixed(6));
  }
  query.set("points", String(points));
  return ask(`/api/recordings/${recording}/plot?${query}`, signal);
}

const lists = new Map();  // recording → its signals, because overview, picker and take-away all ask

/** Every signal with unit, type and statistics. */
export function fetchSignals(recording) {
  if (!lists.has(recording)) {
    const asked = ask(`/api/recordings/${recording}/signals`).then((list) => list.items);
    asked.catch(() => lists.delete(recording));
    lists.set(recording, asked);
  }
  return lists.get(recording);
}

export function fetchCoverage(recording) {
  return ask(`/api/recordings/${recording}/coverage`);
}
