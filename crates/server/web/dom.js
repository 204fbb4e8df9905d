// Elements and words. What the service tells may be anybody's text: it becomes text nodes here, and never markup.

/** An element. Attributes are ours, functions among them listeners; children that are no nodes become text. */
export function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== undefined && value !== null && value !== false) {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  const present = children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
  element.append(...present.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** A link to another page of these. Parts of the path are escaped. */
export function inside(parts, query, ...children) {
  return el("a", { href: address(parts, query) }, ...children);
}

export function address(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  // Digests are easier to read, and no less safe, with their colon.
  const path = parts.map((part) => encodeURIComponent(part).replaceAll("%3A", ":")).join("/");
  return `#/${path}${text ? `?${text}` : ""}`;
}

/** A link to elsewhere if it leads to the web, else the text alone. */
export function outside(target, text) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return document.createTextNode(text);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return document.createTextNode(text);
  return el("a", { href: url.href, rel: "noopener noreferrer", target: "_blank" }, text);
}

const TONES = {
  pass: "good",
  go: "good",
  analyzed: "good",
  available: "good",
  warn: "warn",
  analyzing: "warn",
  not_analyzed: "warn",
  registered: "warn",
  Medium: "warn",
  fail: "bad",
  stop: "bad",
  analysis_failed: "bad",
  unavailable: "bad",
  orphaned: "bad",
  error: "bad",
  High: "bad",
  Critical: "worst",
};

/** A word with its colour. */
export function badge(word, text = word) {
  const tone = Object.hasOwn(TONES, word) ? TONES[word] : "";
  return el("span", { class: `badge ${tone}` }, String(text).replaceAll("_", " "));
}

const STATES = {
  analyzed: "analysed",
  analyzing: "being analysed",
  not_analyzed: "waiting",
  analysis_failed: "failed",
};

/** How far an analysis is. */
export function analysis(state) {
  return badge(state, Object.hasOwn(STATES, state) ? STATES[state] : state);
}

/** The moment that a text, or a number of seconds since 1970, stands for; undefined where none does. */
function moment(value) {
  if (value === null || value === undefined || value === "") return undefined;
  const date = new Date(typeof value === "number" ? value * 1000 : value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

export function when(value) {
  const date = moment(value);
  if (!date) return "—";
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, DAY.format(date));
}

/** How long ago: "3 hours ago". */
export function ago(value, now = Date.now()) {
  const date = moment(value);
  if (!date) return "never";
  const seconds = (date.getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS[3];
  const text = RELATIVE.format(Math.round(seconds / size), unit);
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, text);
}

export function bytes(count) {
  if (typeof count !== "number") return "—";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** Digests are long: enough of one to tell it from others, the whole where it is pointed at. */
export function digest(text) {
  return el("span", { class: "mono", title: text }, String(text).replace("sha256:", "").slice(0, 12));
}

/** Pairs of a name and what it is; pairs without a value are left out. Long ones get a line each. */
export function facts(pairs, long = false) {
  const isEmpty = (value) =>
    value === undefined || value === null || value === "" || value === false || value.length === 0;
  return el(
    "dl",
    { class: long ? "facts long" : "facts" },
    pairs
      .filter(([, value]) => !isEmpty(value))
      .map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))),
  );
}

/** What went wrong, in the words of whoever refused it. */
export function trouble(error, again) {
  return el(
    "div",
    { class: "notice bad", role: "alert" },
    el("p", null, error.message),
    again && el("button", { type: "button", click: again }, "Try again"),
  );
}

/** A row of links, of which one leads to where we are. */
export function tabs(label, links, small = false) {
  return el(
    "nav",
    { class: small ? "tabs small" : "tabs", "aria-label": label },
    links.map(({ parts, query, text, here }) =>
      el("a", { href: address(parts, query), "aria-current": here ? "page" : null }, text),
    ),
  );
}
