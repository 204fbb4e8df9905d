// The list of images: the newest, or those that words are found in, with the verdict on each.

import { ask, who } from "./api.js";
import { address, analysis, badge, count, digest, el, inside, when } from "./dom.js";
import { choice, grid } from "./table.js";

const PER_PAGE = 50;
/** Tags asked for at once when words are looked for, and how often at most. */
const PART = 1000;
const PARTS = 50;
/** Verdicts asked for at once. */
const AT_ONCE = 4;
/** Milliseconds that a list of all tags is good for while somebody types. */
const FRESH = 30_000;

const STATES = [
  ["", "Any analysis"],
  ["analyzed", "Analysed"],
  ["analyzing", "Being analysed"],
  ["not_analyzed", "Waiting"],
  ["analysis_failed", "Failed"],
];

export async function images(route) {
  const { query, signal } = route;
  const words = query.get("search") ?? "";
  const state = query.get("state") ?? "";
  const list = el("div", null, await listed(route));
  let timer;

  const search = el("input", {
    type: "search",
    value: words,
    placeholder: "Tag, digest or image id",
    "aria-label": "Search images",
    autocomplete: "off",
    input: () => later(300),
  });
  const states = choice("Analysis", STATES, state, () => later(0));

  // The list is put in place of the other, so that whoever types can go on.
  function later(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (signal.aborted) return;
      const chosen = { search: search.value.trim(), state: states.value };
      history.replaceState(null, "", address(["images"], chosen));
      list.setAttribute("aria-busy", "true");
      try {
        const content = await listed({ ...route, query: new URLSearchParams(chosen) });
        const isLatest = chosen.search === search.value.trim() && chosen.state === states.value;
        if (!signal.aborted && isLatest) list.replaceChildren(content);
      } catch (error) {
        if (!signal.aborted && who())
          list.replaceChildren(el("div", { class: "notice bad", role: "alert" }, error.message));
      }
      list.setAttribute("aria-busy", "false");
    }, milliseconds);
  }

  const content = el(
    "div",
    null,
    el("h1", { tabindex: "-1" }, "Images"),
    el("form", { class: "controls", role: "search", submit: (event) => event.preventDefault() }, search, states),
    list,
  );
  return { title: "Images", content };
}

async function listed({ query, signal }) {
  const words = (query.get("search") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const state = query.get("state") ?? "";
  return words.length ? found(words, state, query, signal) : newest(state, query, signal);
}

async function newest(state, query, signal) {
  const after = query.get("after") ?? "";
  const records = await ask("images", { analysis_status: state, limit: PER_PAGE, after }, signal);
  const rows = records.flatMap((record) => {
    const row = { digest: record.imageDigest, state: record.analysis_status, analysed: record.analyzed_at };
    const tags = record.image_detail ?? [];
    return tags.length ? tags.map(({ fulltag }) => ({ ...row, tag: fulltag })) : [row];
  });
  const ways = [
    after && inside(["images"], { state }, "Newest"),
    records.length === PER_PAGE && inside(["images"], { state, after: records.at(-1).imageDigest }, "Older"),
  ];
  const none =
    state || after
      ? "There are no images here."
      : ["There are no images yet. Add one: ", el("code", null, "windlass image add registry.example/team/app:1")];
  return table(rows, none, ways, signal);
}

let all = { at: 0 };

async function everyTag(signal) {
  if (all.session === who() && Date.now() - all.at < FRESH) return all;
  const tags = [];
  let isWhole = false;
  for (let page = 1; page <= PARTS && !isWhole; page += 1) {
    const part = await ask("tags", { page, limit: PART }, signal);
    tags.push(...part);
    isWhole = part.length < PART;
  }
  // The service lists the oldest first.
  all = { at: Date.now(), session: who(), tags: tags.reverse(), isWhole };
  return all;
}

async function found(words, state, query, signal) {
  const { tags, isWhole } = await everyTag(signal);
  const hits = tags.filter((tag) => {
    const text = `${tag.fulltag}\n${tag.imageDigest}\n${tag.imageId}`.toLowerCase();
    return (!state || tag.analysis_status === state) && words.every((word) => text.includes(word));
  });
  const page = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);
  const rows = hits.slice((page - 1) * PER_PAGE, page * PER_PAGE).map((tag) => ({
    tag: tag.fulltag,
    digest: tag.imageDigest,
    state: tag.analysis_status,
    analysed: tag.analyzed_at,
  }));
  const to = (number, text) => inside(["images"], { search: query.get("search"), state, page: number }, text);
  const ways = [
    el("span", { class: "faint" }, count(hits.length, "tag"), isWhole ? "" : ` among the first ${tags.length}`),
    page > 1 && to(page - 1, "Back"),
    page * PER_PAGE < hits.length && to(page + 1, "Further"),
  ];
  return table(rows, "No tag, digest or image id holds these words.", ways, signal);
}

function table(rows, none, ways, signal) {
  const more = el("div", { class: "more" }, ways);
  if (rows.length === 0) return el("div", null, el("p", { class: "faint" }, none), more);
  const seen = watcher(signal);
  const columns = [
    { title: "Image", cell: (row) => inside(["images", row.digest], { tag: row.tag }, row.tag ?? "without a tag") },
    { title: "Verdict", tight: true, cell: (row) => seen(row) },
    { title: "Analysis", tight: true, cell: (row) => analysis(row.state) },
    { title: "Digest", tight: true, cell: (row) => digest(row.digest) },
    { title: "Analysed", tight: true, cell: (row) => when(row.analysed) },
  ];
  return el("div", null, grid("Images", columns, rows), more);
}

/** Makes a place for a verdict, which is asked for when somebody can see it. */
function watcher(signal) {
  const waiting = [];
  const rows = new WeakMap();
  let running = 0;

  async function next() {
    while (waiting.length && running < AT_ONCE && !signal.aborted) {
      const cell = waiting.shift();
      // The list has become another one meanwhile.
      if (!cell.isConnected) continue;
      running += 1;
      tell(cell, rows.get(cell), signal).finally(() => {
        running -= 1;
        next();
      });
    }
  }

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      waiting.push(target);
    }
    next();
  });
  signal.addEventListener("abort", () => observer.disconnect());

  return (row) => {
    const cell = el("span", { class: "faint" }, row.tag && row.state === "analyzed" ? "…" : "—");
    if (row.tag && row.state === "analyzed") {
      rows.set(cell, row);
      observer.observe(cell);
    }
    return cell;
  };
}

async function tell(cell, row, signal) {
  try {
    const answer = await ask("check", { imageDigest: row.digest, tag: row.tag, detail: false }, signal);
    const verdict = Object.values(Object.values(answer[0] ?? {})[0] ?? {})[0]?.[0];
    cell.replaceChildren(verdict ? badge(verdict.status) : "—");
  } catch (error) {
    if (!signal.aborted) cell.replaceChildren(el("span", { title: error.message }, "not judged"));
  }
}
