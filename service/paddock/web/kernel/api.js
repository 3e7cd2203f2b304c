// Asks our own API. A refusal becomes an error with the problem's sentence.

import { make } from "./dom.js";

/**
 * What the API says about a refusal (RFC 9457), and what some refusals say besides.
 * @typedef {{ detail: string, code: string, status?: number, version?: number, differences?: Difference[], position?: number | null, end?: number | null }} ProblemDetails
 */

/**
 * One field that somebody else changed meanwhile.
 * @typedef {{ field: string, theirs: string, yours: string, by: string }} Difference
 */

export class Problem extends Error {
  /** @param {ProblemDetails} problem */
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/**
 * Whether whoever looks at the page may do something; the API refuses it all the same.
 * @param {string} permission
 */
export const may = (permission) => (document.body.dataset.may ?? "").split(" ").includes(permission);

/**
 * The code of a refusal, empty for what is none.
 * @param {unknown} error
 */
export const codeOf = (error) => (error instanceof Problem ? error.problem.code : "");

/**
 * What people are told about whatever was thrown.
 * @param {unknown} error
 */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * The JSON answer, as the one who asks knows it; undefined where there is none.
 * @template [T=unknown]
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<T>}
 */
export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body !== undefined && { "Content-Type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Problem({ detail: "Paddock does not answer. Check the connection, then try again.", code: "offline" });
  }
  if (answer.ok) {
    const said = answer.status === 204 ? undefined : await answer.json();
    return said;
  }
  const problem = await answer.json().catch(() => ({ detail: `Paddock answered ${answer.status}.`, code: "error" }));
  throw new Problem(problem);
}

/**
 * Asks for a file and has the browser save it; the answer's headers.
 * @param {string} path
 * @param {unknown} body
 * @param {string} name of the file
 */
export async function saveFile(path, body, name) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Problem(await answer.json());
  const address = URL.createObjectURL(await answer.blob());
  make("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
  return answer.headers;
}
