// Keeps a page up to date without a reload: fetches the same page again, and puts what changed into place.
//
// The server renders every row once, in one template; nothing is rendered a second time here. Asking costs a 304
// while nothing changes. Each element of the page with `data-refreshed` is merged child by child, by id; a child
// without one of these inside is replaced as a whole when its HTML differs. What a page wants to know besides is asked
// in the same rhythm: see `follow`.

import { all, need } from "./dom.js";
import { localise } from "./times.js";

const BUSY_MS = 1000;
const CALM_MS = 10000;
const OFFLINE_MS = 3000;
const ANSWER_MS = 30000;
const FOLLOWED = "main > [data-refreshed]";  // the parts of a page, by id

let etag = "";
let timer = 0;
/** @type {Promise<void>} */
let asked = Promise.resolve();  // one question at a time
/** @type {Set<() => Promise<boolean>>} */
const followed = new Set();
/** @type {WeakMap<Element, string>} */
const served = new WeakMap();  // element → the HTML the server sent for it, before times were localised

/** @param {Element} element */
const html = (element) => served.get(element) ?? element.outerHTML;

/** @param {ParentNode} root */
function remember(root) {
  for (const part of root.querySelectorAll("[data-refreshed]")) {
    for (const child of part.children) served.set(child, child.outerHTML);
  }
}

/** @param {Element} element */
function hasParts(element) {
  return element.querySelector("[data-refreshed]") !== null;
}

/**
 * @param {Element} old
 * @param {Element} fresh
 */
function merge(old, fresh) {
  old.toggleAttribute("data-unsettled", fresh.hasAttribute("data-unsettled"));
  const known = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstElementChild;
  for (const child of [...fresh.children]) {
    let kept = known.get(child.id);
    if (kept && hasParts(kept) && hasParts(child)) {
      for (const part of child.querySelectorAll("[data-refreshed]")) {
        const counterpart = part.id && kept.querySelector(`#${CSS.escape(part.id)}`);
        if (counterpart) merge(counterpart, part);
      }
    } else if (kept?.querySelector("[data-editing]")) {
      // Somebody types in it: it follows when they are done.
    } else if (!kept || html(kept) !== child.outerHTML) {
      const node = replace(kept, child);
      if (place && place === kept) place = node;
      kept = node;
    }
    known.delete(child.id);
    if (kept === place) place = place.nextElementSibling;
    else insert(old, kept, place);
  }
  while (place) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}

/**
 * Where the focus is, if that is inside.
 * @param {Element} element
 */
function focusIn(element) {
  const focused = document.activeElement;
  return focused instanceof HTMLElement && element.contains(focused) ? focused : null;
}

/**
 * Moves a row; a field or link in it keeps the focus, which browsers take away from what is moved.
 * @param {Element} parent
 * @param {Element} node
 * @param {Element | null} before
 */
function insert(parent, node, before) {
  const focused = focusIn(node);
  parent.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

/**
 * @param {Element | undefined} old
 * @param {Element} fresh
 */
function replace(old, fresh) {
  const node = document.importNode(fresh, true);
  served.set(node, fresh.outerHTML);
  remember(node);
  localise(node);
  if (!old) return node;
  if (old.classList.contains("selected")) node.classList.add("selected");
  // A link or button in it keeps the focus.
  const focused = focusIn(old);
  const twin = focused && all(node, focused.tagName).find((each) => each.className === focused.className);
  old.replaceWith(node);
  (twin ?? (focused === old && node instanceof HTMLElement ? node : null))?.focus({ preventScroll: true });
  return node;
}

async function refresh() {
  const answer = await fetch(location.href, {
    headers: { Accept: "text/html", ...(etag && { "If-None-Match": etag }) },
    cache: "no-store",
    signal: AbortSignal.timeout(ANSWER_MS),  // a link may go silent without an end
  });
  if (answer.status === 304) return undefined;
  if (answer.redirected) return location.reload();  // signed out: to the page that signs in
  if (answer.status >= 400 && answer.status < 500) return location.reload();  // gone: show the page that says so
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  etag = answer.headers.get("ETag") ?? "";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll(FOLLOWED)) {
    const fresh = [...page.querySelectorAll(FOLLOWED)].find((each) => each.id === old.id);
    if (fresh) merge(old, fresh);
  }
  return undefined;
}

function unsettled() {
  return document.querySelector("[data-unsettled]") !== null;
}

async function tick() {
  clearTimeout(timer);
  if (document.hidden || !follows()) return;
  let pause = OFFLINE_MS;
  const offline = need(document, "#offline");
  try {
    if (refreshed) await refresh();
    let settled = true;
    for (const question of followed) settled = await question() && settled;
    offline.hidden = true;
    pause = settled && !unsettled() ? CALM_MS : BUSY_MS;
  } catch {
    offline.hidden = false;
  }
  timer = setTimeout(ask, pause);
}

function ask() {
  asked = asked.then(tick);
  return asked;
}

const refreshed = document.querySelector(FOLLOWED) !== null;
const follows = () => refreshed || followed.size > 0;

/** Looks at once, for who knows that something has just changed; resolves when it is shown. Nothing on a page that does not follow. */
export function refreshNow() {
  clearTimeout(timer);
  return follows() ? ask() : asked;
}

/**
 * Asks this as well. It resolves to whether nothing more happens by itself, and rejects when Paddock does not answer.
 * @param {() => Promise<boolean>} question
 */
export function follow(question) {
  followed.add(question);
}

document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refreshNow()));
addEventListener("online", refreshNow);
if (refreshed) {
  remember(document);
  timer = setTimeout(ask, unsettled() ? BUSY_MS : CALM_MS);
}
