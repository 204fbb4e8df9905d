// The API: where everything is, who asks, and what comes of it.

/** Every path that these pages ask for, as the API's description has it, and behind `?` what they may send with it. */
export const PATHS = {
  token: "/oauth/token",
  user: "/user",
  account: "/account",
  version: "/version",
  system: "/system",
  feeds: "/system/feeds",
  events: "/events{?level,page,limit}",
  images: "/images{?analysis_status,limit,after}",
  tags: "/summaries/imagetags{?page,limit}",
  image: "/images/{imageDigest}",
  check: "/images/{imageDigest}/check{?tag,detail}",
  vulnerabilities: "/images/{imageDigest}/vuln/{vtype}{?vendor_only}",
  kinds: "/images/{imageDigest}/content",
  content: "/images/{imageDigest}/content/{ctype}",
  changes: "/images/{imageDigest}/changes{?page,limit}",
  cyclonedx: "/images/{imageDigest}/sboms/cyclonedx-json",
  spdx: "/images/{imageDigest}/sboms/spdx-json",
};

// Beside this page, so that a proxy may put it wherever it likes.
const BASE = "v1";
const STORED = "windlass";
/** The name under which API keys log in. They get no token. */
const API_KEY = "_api_key";
const WRONG = "User and password do not fit.";

/** A request that was not answered as it was meant to be. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let session = restored();
/** Called with the reason when nobody is logged in any more. */
let ended = () => {};

export function whenEnded(listener) {
  ended = listener;
}

/** `{user, account}` of whoever is logged in. */
export function who() {
  return session;
}

export function logOut(reason = "") {
  session = undefined;
  keep(undefined);
  ended(reason);
}

/**
 * Logs in, with a token where the service gives any. A token is kept until it expires or the window is closed; a
 * password is kept nowhere, so that it has to be given again when the page is loaded again.
 */
export async function logIn(user, password, account) {
  const token = user === API_KEY ? undefined : await tokenFor(user, password);
  const candidate = token
    ? { user, account, header: `Bearer ${token.access_token}`, until: Date.now() + token.expires_in * 1000 }
    : { user, account, header: `Basic ${base64(`${user}:${password}`)}` };
  try {
    await send(candidate, locate("user"));
    if (account) await send(candidate, locate("account"));
  } catch (error) {
    throw error.status === 401 ? new Refused(401, WRONG) : error;
  }
  session = candidate;
  if (token) keep(candidate);
}

/** The answer to a request, read as JSON. */
export async function ask(name, parameters, signal) {
  const response = await asked(name, parameters, signal);
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The answer of the service broke off.");
  }
}

/** The answer to a request, as a file to keep. */
export async function download(name, parameters, signal) {
  return (await asked(name, parameters, signal)).blob();
}

async function asked(name, parameters, signal) {
  if (!session) throw new Refused(401, "Nobody is logged in.");
  const asking = session;
  if (asking.until && Date.now() >= asking.until) {
    logOut("The session has ended. Log in again.");
    throw new Refused(401, "The session has ended.");
  }
  try {
    return await send(asking, locate(name, parameters), { signal });
  } catch (error) {
    // An answer to who was logged in before says nothing of who is now.
    if (error.status === 401 && session === asking) logOut("The service does not accept these credentials any more.");
    throw error;
  }
}

async function tokenFor(user, password) {
  const body = new URLSearchParams({ grant_type: "password", client_id: "anonymous", username: user, password });
  try {
    return await (await send(undefined, locate("token"), { method: "POST", body })).json();
  } catch (error) {
    // Tokens are switched off.
    if (error.status === 403) return undefined;
    throw error.status === 400 ? new Refused(401, WRONG) : error;
  }
}

/** Where that is, its parameters filled in. One that the path does not have is a mistake of ours. */
function locate(name, parameters = {}) {
  const [path, query = ""] = PATHS[name].split("{?");
  const allowed = query.replace("}", "").split(",");
  const rest = { ...parameters };
  const filled = path.replace(/\{(\w+)\}/g, (_, parameter) => {
    const value = rest[parameter];
    delete rest[parameter];
    return encodeURIComponent(value);
  });
  const given = new URLSearchParams();
  for (const [parameter, value] of Object.entries(rest)) {
    if (!allowed.includes(parameter)) throw new Error(`${PATHS[name]} takes no ${parameter}`);
    if (value !== undefined && value !== null && value !== "") given.set(parameter, String(value));
  }
  const text = given.toString();
  return `${BASE}${filled}${text ? `?${text}` : ""}`;
}

async function send(asking, target, options = {}) {
  const headers = new Headers();
  if (asking) headers.set("Authorization", asking.header);
  if (asking?.account) headers.set("x-anchore-account", asking.account);
  let response;
  try {
    // Without credentials of the browser's own: it would ask for a password itself when one is refused.
    response = await fetch(target, { ...options, headers, credentials: "omit", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The service cannot be reached.");
  }
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

async function reason(response) {
  const fallback = `The service answered ${response.status} ${response.statusText}`.trim();
  try {
    const body = JSON.parse(await response.text());
    const text = body.message ?? body.detail;
    return typeof text === "string" && text ? text : fallback;
  } catch {
    return fallback;
  }
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function keep(value) {
  try {
    if (value) sessionStorage.setItem(STORED, JSON.stringify(value));
    else sessionStorage.removeItem(STORED);
  } catch {
    // A browser may keep nothing: the log-in lasts until the page is loaded again.
  }
}

function restored() {
  try {
    const value = JSON.parse(sessionStorage.getItem(STORED));
    return value && value.until > Date.now() ? value : undefined;
  } catch {
    return undefined;
  }
}
