// Tables in the order of a column: a button in each header, `aria-sort` on the one that counts.

import { make } from "./dom.js";

const collator = new Intl.Collator("en", { numeric: true });  // cell[2] before cell[10]

/** Puts a button into each header with `data-sort` (`text` or `number`); a press calls `order(column, descending)`. */
export function sortable(table, order) {
  const headers = [...table.tHead.rows[0].cells];
  headers.forEach((header, column) => {
    if (!header.dataset.sort) return;
    const press = () => {
      const first = header.dataset.sort === "number" ? "descending" : "ascending";  // of numbers, the largest
      const other = first === "ascending" ? "descending" : "ascending";
      const next = header.getAttribute("aria-sort") === first ? other : first;
      for (const each of headers) each.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", next);
      order(column, next === "descending");
    };
    header.replaceChildren(make("button", { type: "button", class: "sort", onclick: press }, ...header.childNodes));
  });
}

/** `items` by a value of each; what has none comes last both ways, and texts after numbers. */
export function sorted(items, valueOf, descending) {
  const sign = descending ? -1 : 1;
  const compare = ([a], [b]) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return sign * (typeof a === "number" ? a - b : collator.compare(a, b));
  };
  return items.map((item) => [valueOf(item), item]).sort(compare).map(([, item]) => item);
}

/** <sort-table> around a table that the server made; a cell's value is its `data-value`, or its text. */
class SortTable extends HTMLElement {
  connectedCallback() {
    const table = this.querySelector("table");
    const [body] = table.tBodies;
    sortable(table, (column, descending) => {
      const isNumber = table.tHead.rows[0].cells[column].dataset.sort === "number";
      const valueOf = ({ cells }) => {
        const text = cells[column].dataset.value ?? cells[column].textContent;
        if (text === "") return null;
        return isNumber ? Number(text) : text;
      };
      body.append(...sorted([...body.rows], valueOf, descending));
    });
  }
}

customElements.define("sort-table", SortTable);
