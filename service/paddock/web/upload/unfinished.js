// What this browser began to upload and did not finish, so that after a reload the same file is not hashed again and
// the page can say what to add again. The bytes that arrived are remembered by the server.

const KEY = "paddock-unfinished";
const KEPT_MS = 7 * 86400 * 1000;

/** @typedef {{ sha256: string, name: string, size: number, at: number }} Begun */

/** @param {File} file */
const name = (file) => JSON.stringify([file.name, file.size, file.lastModified]);

/** @returns {Map<string, Begun>} */
function read() {
  try {
    /** @type {Record<string, Begun>} */
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    const kept = Object.entries(stored);
    return new Map(kept.filter(([, each]) => Date.now() - each.at < KEPT_MS));
  } catch {
    return new Map();  // storage is off, or somebody wrote something else there
  }
}

/** @param {Map<string, Begun>} kept */
function write(kept) {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(kept)));
  } catch { /* full or off: then the file is hashed again */ }
}

/**
 * The SHA-256 of a file that was begun, by name, size and time of change; the server checks it anyway.
 * @param {File} file
 */
export const recall = (file) => read().get(name(file))?.sha256;

/**
 * From now on the file is begun.
 * @param {File} file
 * @param {string} sha256
 */
export function remember(file, sha256) {
  write(read().set(name(file), { sha256, name: file.name, size: file.size, at: Date.now() }));
}

/**
 * The file is finished, or nobody wants it any more.
 * @param {File} file
 */
export function forget(file) {
  const kept = read();
  if (kept.delete(name(file))) write(kept);
}

/** What was begun, as {name, size}, the latest first. */
export const unfinished = () => [...read().values()].sort((one, other) => other.at - one.at);

/** Forgets all of it. */
export const forgetAll = () => write(new Map());
