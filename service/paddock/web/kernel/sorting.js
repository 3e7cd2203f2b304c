// Tables in the order of a column: a button in each header, `aria-sort` on the one that counts.

import { make, need } from "./dom.js";

/** @param {HTMLTableElement} table */
const headersOf = (table) => [...need(table, "thead tr", HTMLTableRowElement).cells];

const collator = new Intl.Collator("en", { numeric: true });  // cell[2] before cell[10]

/**
 * Puts a button into each header with `data-sort` (`text` or `number`); a press calls `order(column, descending)`.
 * @param {HTMLTableElement} table
 * @param {(column: number, descending: boolean) => void} order
 */
export function sortable(table, order) {
  const headers = headersOf(table);
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

/**
 * `items` by a value of each; what has none comes last both ways, and texts after numbers.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => number | string | null} valueOf
 * @param {boolean} descending
 */
export function sorted(items, valueOf, descending) {
  const sign = descending ? -1 : 1;
  /** @type {(a: number | string | null, b: number | string | null) => number} */
  const compare = (a, b) => {
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    if (typeof a === "string" && typeof b === "string") return sign * collator.compare(a, b);
    return typeof a === "number" ? -1 : 1;
  };
  const valued = items.map((item) => ({ item, value: valueOf(item) }));
  return valued.sort((a, b) => compare(a.value, b.value)).map(({ item }) => item);
}

/** <sort-table> around a table that the server made; a cell's value is its `data-value`, or its text. */
class SortTable extends HTMLElement {
  connectedCallback() {
    const table = need(this, "table", HTMLTableElement);
    const [body] = table.tBodies;
    sortable(table, (column, descending) => {
      const isNumber = headersOf(table)[column].dataset.sort === "number";
      /** @param {HTMLTableRowElement} row */
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
