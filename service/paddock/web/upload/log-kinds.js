// The kinds of logs there are, as the page says.

import { need } from "../kernel/dom.js";

/** @type {{ suffix: string, label: string, isText: boolean }[]} */
const KINDS = JSON.parse(need(document, "#uploads").dataset.logKinds ?? "[]");
const ending = KINDS.map(({ suffix }) => suffix).join(" or ");

/**
 * Whether a file is named like a log.
 * @param {File} file
 */
export const isLog = ({ name }) => KINDS.some(({ suffix }) => name.toLowerCase().endsWith(suffix));

export const NO_LOG = `No ${ending} file was found in there.`;

/**
 * Why a file that begins like this is no log, or "". Text is none where no kind is text; more the server decides.
 * @param {Uint8Array} head
 */
export function noLog(head) {
  const texty = head.subarray(0, 512).every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte < 127));
  if (!texty || KINDS.some(({ isText }) => isText)) return "";
  return `This is no log that Paddock reads (${KINDS.map(({ label }) => label).join(", ")}). Send the log itself.`;
}
