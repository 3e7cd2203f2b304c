// Hashes one file after the other, off the page's thread: takes {id, file}, answers {id, done} and {id, sha256}.

import { Sha256 } from "./sha256.js";

const PIECE = 4 * 1024 * 1024;
/** @type {Promise<void>} */
let queue = Promise.resolve();

onmessage = ({ data }) => {
  queue = queue.then(() => hash(data));
};

/** @param {{ id: number, file: File }} asked */
async function hash({ id, file }) {
  try {
    const digest = new Sha256();
    for (let at = 0; at < file.size; at += PIECE) {
      digest.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
      postMessage({ id, done: Math.min(1, (at + PIECE) / file.size) });
    }
    postMessage({ id, sha256: digest.hex() });
  } catch {
    postMessage({ id, error: "The file cannot be read any more: was it moved or changed?" });
  }
}
