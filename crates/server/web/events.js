// What happened, newest first.

import { ask } from "./api.js";
import { address, badge, el, inside, when } from "./dom.js";
import { choice, grid } from "./table.js";

const PER_PAGE = 50;
const LEVELS = [
  ["", "Any level"],
  ["error", "Errors"],
  ["info", "Information"],
];

export async function events({ query, signal }) {
  const level = query.get("level") ?? "";
  const page = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);
  const answer = await ask("events", { level, page, limit: PER_PAGE }, signal);
  const rows = answer.results;
  const choose = (event) => {
    location.hash = address(["events"], { level: event.target.value });
  };
  const columns = [
    { title: "When", tight: true, cell: (row) => when(row.event.timestamp) },
    { title: "Level", tight: true, cell: (row) => badge(row.event.level) },
    { title: "What", cell: (row) => [row.event.message, details(row.event)] },
    { title: "About", cell: (row) => subject(row.event.resource) },
    { title: "Type", cell: (row) => row.event.type },
  ];
  const content = el(
    "div",
    null,
    el("h1", { tabindex: "-1" }, "Events"),
    el("div", { class: "controls" }, choice("Level", LEVELS, level, choose)),
    rows.length ? grid("Events", columns, rows) : el("p", { class: "faint" }, "There are no events here."),
    el(
      "div",
      { class: "more" },
      page > 1 && inside(["events"], { level, page: page - 1 }, "Newer"),
      answer.next_page && inside(["events"], { level, page: page + 1 }, "Older"),
    ),
  );
  return { title: "Events", content };
}

/** What it is about, with a link if it is an image. */
function subject(resource) {
  const id = resource?.id;
  if (!id) return "—";
  return id.startsWith("sha256:") ? inside(["images", id], {}, id) : id;
}

function details(event) {
  const known = Object.keys(event.details ?? {});
  return (
    known.length > 0 &&
    el("details", null, el("summary", null, "Details"), el("pre", null, JSON.stringify(event.details, null, 2)))
  );
}
