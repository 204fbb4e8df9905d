// Tables: plain ones, and ones that are sorted and filtered here because all their rows are.

import { count, el } from "./dom.js";

/** Rows shown at first, and added each time more are asked for. */
const PORTION = 100;
const ORDER = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** A table. Columns are `{title, cell: row => child, tight}`; heads may be given in place of the titles. */
export function grid(label, columns, rows, heads) {
  const head = heads ?? columns.map(({ title }) => el("th", { scope: "col" }, title));
  return el(
    "table",
    { "aria-label": label },
    el("thead", null, el("tr", null, head)),
    el(
      "tbody",
      null,
      rows.map((row) => line(columns, row)),
    ),
  );
}

function line(columns, row) {
  const cells = columns.map(({ title, cell, tight }) =>
    el("td", { "data-title": title, class: tight ? "tight" : null }, cell(row)),
  );
  return el("tr", null, cells);
}

/**
 * A table of rows that are all here. Columns have a `text: row => string` to look for words in and, if they are sorted
 * by something else, `key: row => number | string`. `filters` are `{control, keeps: row => boolean}`; `order` is the
 * number of the column it is sorted by at first.
 */
export function sorted({ label, one, many, columns, rows, filters = [], order = 0, none }) {
  if (rows.length === 0) return el("p", { class: "faint" }, none);
  const described = columns.map((column) => ({
    ...column,
    cell: column.cell ?? column.text,
    key: column.key ?? column.text,
  }));
  const entries = rows.map((row) => ({ row, words: undefined }));
  let shown = PORTION;
  let by = order;
  let reversed = false;

  const search = el("input", {
    type: "search",
    placeholder: "Filter",
    "aria-label": `Filter ${label}`,
    autocomplete: "off",
  });
  const controls = el(
    "div",
    { class: "controls", input: restart },
    search,
    filters.map(({ control }) => control),
  );
  const told = el("span", { role: "status", class: "faint" });
  const further = el("button", { type: "button", click: more }, "Show more");
  const heads = described.map(({ title }, index) =>
    el("th", { scope: "col" }, el("button", { type: "button", click: () => sortBy(index) }, title)),
  );
  const table = grid(label, described, [], heads);
  const body = table.querySelector("tbody");

  function restart() {
    shown = PORTION;
    refresh();
  }

  function more() {
    shown += PORTION * 5;
    refresh();
  }

  function sortBy(index) {
    reversed = index === by ? !reversed : false;
    by = index;
    restart();
  }

  function wanted() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return entries.filter((entry) => {
      if (!filters.every(({ keeps }) => keeps(entry.row))) return false;
      if (words.length === 0) return true;
      entry.words ??= described
        .map(({ text }) => text(entry.row))
        .join("\n")
        .toLowerCase();
      return words.every((word) => entry.words.includes(word));
    });
  }

  function refresh() {
    const { key } = described[by];
    const found = wanted().map(({ row }) => [key(row), row]);
    found.sort(([a], [b]) => (typeof a === "number" ? a - b : ORDER.compare(a, b)) * (reversed ? -1 : 1));
    body.replaceChildren(...found.slice(0, shown).map(([, row]) => line(described, row)));
    heads.forEach((head, index) => {
      if (index === by) head.setAttribute("aria-sort", reversed ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    const all = count(rows.length, one, many);
    told.textContent = found.length === rows.length ? all : `${found.length.toLocaleString("en")} of ${all}`;
    further.hidden = found.length <= shown;
    further.textContent = `Show more than the first ${shown.toLocaleString("en")}`;
  }

  refresh();
  return el("div", null, controls, el("p", null, told), table, el("div", { class: "more" }, further));
}

/** A choice of one among some: `[value, text]` each. */
export function choice(label, options, value, change) {
  return el(
    "select",
    { "aria-label": label, change },
    options.map(([key, text]) => el("option", { value: key, selected: key === value }, text)),
  );
}
