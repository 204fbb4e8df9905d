// The frame: which page the address means, who is logged in, and what is shown while a page is fetched.

import { logOut, who, whenEnded } from "./api.js";
import { address, el, trouble } from "./dom.js";
import { events } from "./events.js";
import { image } from "./image.js";
import { images } from "./images.js";
import { login } from "./login.js";
import { system } from "./system.js";

/** By the first part of the address: from `{parts, query, signal, again}` to a promise of `{title, content}`. */
const PAGES = { images, events, system };

const main = document.getElementById("main");
const nav = document.getElementById("pages");
const whose = document.getElementById("who");

let current = new AbortController();
/** What is on show: while it is the same, focus and what is scrolled to stay. */
let place;

function read(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  try {
    const parts = path.split("/").filter(Boolean).map(decodeURIComponent);
    return { parts: parts.length ? parts : ["images"], query: new URLSearchParams(query) };
  } catch {
    return { parts: ["?"], query: new URLSearchParams() };
  }
}

async function show() {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  if (!who()) return welcome("");
  const route = { ...read(location.hash), signal, again: show };
  frame(route);
  main.setAttribute("aria-busy", "true");
  if (!main.firstElementChild || main.querySelector("noscript, .login")) put(el("p", { class: "faint" }, "Loading…"));
  try {
    const { title, content } = await pageOf(route)(route);
    if (signal.aborted) return;
    document.title = `${title} – Windlass`;
    arrive(route.parts.slice(0, 2).join("/"), content);
  } catch (error) {
    if (signal.aborted || !who()) return;
    arrive("", el("div", null, el("h1", { tabindex: "-1" }, "This did not work"), trouble(error, show)));
  } finally {
    if (!signal.aborted) main.setAttribute("aria-busy", "false");
  }
}

/** Shows it, with focus on what it was on if that is still there, else at the beginning. */
function arrive(here, content) {
  const key = (element) => element.getAttribute("href") ?? element.getAttribute("aria-label");
  const before = main.contains(document.activeElement) ? document.activeElement : undefined;
  const held = before && key(before);
  put(content);
  const same = held && [...main.querySelectorAll("a, select, input")].find((element) => key(element) === held);
  if (here === place && (same || !before)) {
    same?.focus({ preventScroll: true });
  } else {
    window.scrollTo(0, 0);
    main.querySelector("h1")?.focus();
  }
  place = here;
}

function pageOf({ parts }) {
  if (parts[0] === "images" && parts.length > 1) return image;
  return Object.hasOwn(PAGES, parts[0]) && parts.length === 1 ? PAGES[parts[0]] : nowhere;
}

async function nowhere() {
  const content = el(
    "div",
    null,
    el("h1", { tabindex: "-1" }, "There is no such page"),
    el("p", null, el("a", { href: address(["images"]) }, "Images")),
  );
  return { title: "No such page", content };
}

function put(content) {
  main.replaceChildren(content);
}

function frame({ parts }) {
  const { user, account } = who();
  nav.hidden = whose.hidden = false;
  for (const link of nav.querySelectorAll("a")) {
    if (link.getAttribute("href") === address(parts.slice(0, 1))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  whose.replaceChildren(
    el("span", { class: "faint" }, account ? `${user} in ${account}` : user),
    el("button", { type: "button", click: () => logOut() }, "Log out"),
  );
}

function welcome(reason) {
  current.abort();
  place = undefined;
  nav.hidden = whose.hidden = true;
  document.title = "Log in – Windlass";
  put(login(reason, show));
  main.setAttribute("aria-busy", "false");
  main.querySelector("input").focus();
}

whenEnded(welcome);
window.addEventListener("hashchange", show);
show();
