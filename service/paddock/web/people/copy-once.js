// Copies what a page shows once: a link or a token. Without JavaScript it is selected by hand.

import { copied, select } from "../kernel/copy.js";
import { all, need } from "../kernel/dom.js";

for (const button of all(document, "[data-copy]", HTMLButtonElement)) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = need(document, "[data-copied]");
    if (await copied(text.textContent ?? "")) button.textContent = "Copied";
    else select(text);
  });
}
