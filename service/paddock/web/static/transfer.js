// One file's way into Paddock over the API that programs use too: hash, announce, send what is missing, complete.

const PARTS_AT_ONCE = 3;
const PART_TRIES = 3;
const MAGIC = [0x89, 0x4d, 0x43, 0x41, 0x50, 0x30, 0x0d, 0x0a];

const worker = new Worker("/static/hash-worker.js", { type: "module" });
const hashing = new Map();
worker.onmessage = ({ data }) => {
  const waiting = hashing.get(data.id);
  if (data.done !== undefined) return waiting.progress(data.done);
  hashing.delete(data.id);
  return data.sha256 ? waiting.resolve(data.sha256) : waiting.reject(new Error(data.error));
};
worker.onerror = () => {
  for (const waiting of hashing.values()) waiting.reject(new Error("This browser cannot hash files here."));
  hashing.clear();
};
let lastId = 0;

/** SHA-256 of a file, in hexadecimal. */
export function hash(file, progress) {
  return new Promise((resolve, reject) => {
    const id = (lastId += 1);
    hashing.set(id, { progress, resolve, reject });
    worker.postMessage({ id, file });
  });
}

/** Why a file need not even be announced, or "". The server decides; this only spares the wait. */
export async function refusal(file) {
  if (file.size === 0) return "The file is empty: nothing was recorded, so there is nothing to keep.";
  const head = new Uint8Array(await file.slice(0, 1024 * 1024).arrayBuffer());
  const found = MAGIC.every((byte, at) => head[at] === byte);
  // A log that lost its first bytes may still hold records; only text and the like is refused here.
  const texty = head.subarray(0, 512).every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  return !found && texty ? "This is no MCAP log. Send the .mcap file itself." : "";
}

async function call(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
    });
  } catch {
    throw new Error("Paddock does not answer. Check the connection, then try again.");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.detail ?? `Paddock answered ${answer.status}.`);
  return said;
}

// XMLHttpRequest, because fetch does not tell how much of a body was sent.
function put(url, bytes, sent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => {
      if (request.status < 300) return resolve();
      let detail = `The store answered ${request.status}.`;
      try { detail = JSON.parse(request.responseText).detail ?? detail; } catch { /* not from us */ }
      const error = new Error(detail);
      error.useless = request.status >= 400 && request.status < 500;
      return reject(error);
    };
    request.onerror = () => reject(new Error("The connection broke. Try again: what has arrived is kept."));
    request.send(bytes);
  });
}

async function putPart(file, part, sent) {
  for (let tries = 1; ; tries += 1) {
    try {
      await put(part.url, file.slice(part.offset, part.offset + part.size_bytes), sent);
      return sent(part.size_bytes);
    } catch (error) {
      sent(0);
      if (error.useless || tries >= PART_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    }
  }
}

/**
 * Sends one file. `say(stage, share, bytesPerSecond)` hears "hashing" and "sending".
 * Resolves to {recording, duplicate}; rejects with an Error whose message is for people.
 */
export async function transfer(file, say) {
  const refused = await refusal(file);
  if (refused) throw new Error(refused);
  say("hashing", 0);
  const sha256 = await hash(file, (share) => say("hashing", share));
  const plan = await call("/api/uploads", { sha256, size_bytes: file.size, name: file.name });
  if (plan.recording) return { recording: plan.recording, duplicate: true };

  const missing = plan.parts.reduce((sum, part) => sum + part.size_bytes, 0);
  const arrived = new Map();
  const began = performance.now();
  const report = () => {
    const bytes = [...arrived.values()].reduce((sum, part) => sum + part, 0);
    const seconds = (performance.now() - began) / 1000;
    say("sending", (file.size - missing + bytes) / file.size, seconds > 0.3 ? bytes / seconds : 0);
  };
  report();
  const parts = [...plan.parts];
  const lane = async () => {
    for (let part = parts.shift(); part; part = parts.shift()) {
      const { number } = part;
      await putPart(file, part, (bytes) => { arrived.set(number, bytes); report(); });
    }
  };
  try {
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, lane));
  } catch (error) {
    parts.length = 0;
    throw error;
  }
  const { recording } = await call(`/api/uploads/${encodeURIComponent(plan.id)}/complete`);
  return { recording, duplicate: false };
}
