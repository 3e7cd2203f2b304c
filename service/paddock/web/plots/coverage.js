// <topic-coverage data-recording>: when each topic had messages, where gaps stand out. The server made its rows.

import { fetchCoverage } from "./data.js";
import { messageOf } from "../kernel/api.js";
import { make, need, shortened } from "../kernel/dom.js";
import { clock } from "./ticks.js";

class TopicCoverage extends HTMLElement {
  connectedCallback() {
    void this.build();
  }

  async build() {
    try {
      const { items, duration_s: duration } = await fetchCoverage(this.dataset.recording ?? "");
      const heard = items.filter((item) => item.pieces.length);
      // Those with gaps first: they are why one looks here.
      heard.sort((a, b) => Number(isGappy(b)) - Number(isGappy(a)));
      need(this, "ul").replaceChildren(...heard.map((item) => row(item, duration)));
    } catch (error) {
      this.replaceChildren(make("p", { class: "hint" }, `The gaps could not be read. ${messageOf(error)}`));
    }
  }
}

// A topic with a handful of messages is no stream that broke off.
const FEW = 20;
/** @param {import("./data.js").Coverage} item */
const isGappy = (item) => item.pieces.length > 1 && item.message_count > FEW;

/**
 * @param {import("./data.js").Coverage} item
 * @param {number} duration
 */
function row(item, duration) {
  /** @param {number} seconds */
  const share = (seconds) => (duration ? (100 * seconds) / duration : 0);
  const pieces = item.pieces.map(([start, end]) =>
    make("i", { style: `left: ${share(start).toFixed(3)}%; width: ${share(end - start).toFixed(3)}%`, title: `${clock(start, 0.1)} – ${clock(end, 0.1)}` }));
  const gaps = item.pieces.length - 1;
  const note = isGappy(item) ? `${gaps} gap${gaps > 1 ? "s" : ""}` : `${item.message_count.toLocaleString("en").replaceAll(",", "\u202f")}`;
  const name = shortened(item.topic);
  name.title = item.topic;
  return make(
    "li",
    { class: isGappy(item) ? "gappy" : null },
    name,
    make("span", { class: "bar" }, ...pieces),
    make("span", { class: "note" }, note),
  );
}

customElements.define("topic-coverage", TopicCoverage);
