// An export as a command, as Python and as MATLAB: what the dialog does, for who wants it every week.

/**
 * What is asked for, as the API takes it.
 * @typedef {object} Request
 * @property {string} format
 * @property {string} [layout]
 * @property {string[]} [signals]
 * @property {number} [start_s]
 * @property {number} [end_s]
 * @property {number} [rate_hz]
 */

/** @param {string} text */
const shellQuote = (text) => (/^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
/** @param {string} text */
const pythonQuote = (text) => JSON.stringify(text);
/** @param {string} text */
const matlabQuote = (text) => `'${text.replaceAll("'", "''")}'`;

/**
 * @param {string[]} ids of the recordings
 * @param {Request} request
 */
export function shellScript(ids, request) {
  const options = [`-f ${request.format}`];
  if (request.layout) options.push(`--layout ${shellQuote(request.layout)}`);
  for (const signal of request.signals ?? []) options.push(`-s ${shellQuote(signal)}`);
  if (request.start_s !== undefined) options.push(`--start ${request.start_s}`);
  if (request.end_s !== undefined) options.push(`--end ${request.end_s}`);
  if (request.rate_hz) options.push(`--rate ${request.rate_hz}`);
  options.push(`--server ${location.origin}`);
  const folder = ids.length > 1 ? " -o logs/" : "";
  return `paddock export ${ids.map((id) => id.slice(0, 16)).join(" ")} ${options.join(" ")}${folder}`;
}

/**
 * @param {string[]} ids
 * @param {Request} request
 */
export function pythonScript(ids, request) {
  const given = Object.entries(request).map(([name, value]) => {
    const text = Array.isArray(value) ? `[${value.map(pythonQuote).join(", ")}]` : typeof value === "string" ? pythonQuote(value) : value;
    return `${name}=${text}`;
  });
  const listed = ids.map((id) => pythonQuote(id.slice(0, 16)));
  const saved = ids.length > 1
    ? `paddock.export_many([${listed.join(", ")}], ${given.join(", ")}).save("logs/")`
    : `paddock.get(${listed[0]}).export(${given.join(", ")}).save()`;
  return ["from paddock import Client", "", `with Client(${pythonQuote(location.origin)}) as paddock:`, `    print(${saved})`].join("\n");
}

/**
 * @param {string[]} ids
 * @param {Request} request
 */
export function matlabScript(ids, request) {
  const given = [`'format', ${matlabQuote(request.format)}`];
  if (request.layout) given.push(`'layout', ${matlabQuote(request.layout)}`);
  if (request.signals) given.push(`'signals', {${request.signals.map(matlabQuote).join(", ")}}`);
  if (request.start_s !== undefined) given.push(`'start_s', ${request.start_s}`);
  if (request.end_s !== undefined) given.push(`'end_s', ${request.end_s}`);
  if (request.rate_hz) given.push(`'rate_hz', ${request.rate_hz}`);
  const server = `paddock.server(${matlabQuote(location.origin)});`;
  return [server, ...ids.map((id) => `file = paddock.fetch('${id.slice(0, 16)}', ${given.join(", ")});`)].join("\n");
}
