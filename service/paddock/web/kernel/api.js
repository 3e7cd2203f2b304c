// Asks our own API. A refusal becomes an error with the problem's sentence.

export class Problem extends Error {
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The JSON answer; undefined where there is none. */
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
  if (answer.ok) return answer.status === 204 ? undefined : answer.json();
  const problem = await answer.json().catch(() => ({ detail: `Paddock answered ${answer.status}.`, code: "error" }));
  throw new Problem(problem);
}
