// One image: what it is, the verdict on it, and what is in it.

import { ask, download } from "./api.js";
import { address, analysis, badge, bytes, count, el, facts, tabs, trouble, when } from "./dom.js";
import { packages, vulnerabilities } from "./findings.js";
import { choice, sorted } from "./table.js";

/** Milliseconds between two looks at an image that is not analysed yet. */
const PATIENCE = 5000;

const PANELS = {
  verdict: { text: "Verdict", panel: verdict },
  vulnerabilities: { text: "Vulnerabilities", panel: vulnerabilities },
  packages: { text: "Packages", panel: packages },
  history: { text: "History", panel: changes },
};

export async function image(route) {
  const { parts, query, signal } = route;
  const [, imageDigest, chosen = "verdict", kind] = parts;
  const [record] = await ask("image", { imageDigest }, signal);
  const tags = (record.image_detail ?? []).map(({ fulltag }) => fulltag);
  // A link may hold any tag; only the image's own say something of it.
  const tag = tags.includes(query.get("tag")) ? query.get("tag") : tags[0];
  const isAnalysed = record.analysis_status === "analyzed";
  const name = Object.hasOwn(PANELS, chosen) ? chosen : "verdict";
  let content;
  if (isAnalysed) {
    try {
      content = await PANELS[name].panel({ record, tag, tags, kind, route });
    } catch (error) {
      if (signal.aborted || error.status === 401) throw error;
      content = trouble(error, route.again);
    }
  } else {
    content = unfinished(record, route);
  }
  const links = Object.entries(PANELS).map(([key, { text }]) => ({
    parts: ["images", imageDigest, key],
    query: { tag },
    text,
    here: key === name,
  }));
  const page = el(
    "div",
    null,
    el("h1", { tabindex: "-1" }, tag ?? imageDigest),
    about(record, tags),
    isAnalysed && bills(imageDigest),
    isAnalysed && tabs("About this image", links),
    content,
  );
  return { title: tag ?? imageDigest, content: page };
}

function about(record, tags) {
  const facet = record.image_content?.metadata ?? {};
  const annotations = Object.entries(record.annotations ?? {}).map(([key, value]) => `${key}: ${value}`);
  const id = record.image_detail?.[0]?.imageId;
  const isPart = record.parentDigest && record.parentDigest !== record.imageDigest;
  const wide = window.matchMedia("(min-width: 45rem)").matches;
  const short = facts([
    ["Analysis", analysis(record.analysis_status)],
    ["Analysed", when(record.analyzed_at)],
    ["Distribution", [facet.distro, facet.distro_version].filter(Boolean).join(" ")],
    ["Platform", facet.arch],
    [
      "Size",
      typeof facet.image_size === "number" && `${bytes(facet.image_size)} in ${count(facet.layer_count ?? 0, "layer")}`,
    ],
    ["Added", when(record.created_at)],
  ]);
  const long = facts(
    [
      ["Tags", tags.map((tag) => el("div", null, tag))],
      ["Digest", el("span", { class: "mono" }, record.imageDigest)],
      ["Index", isPart && el("span", { class: "mono" }, record.parentDigest)],
      ["Image id", id && el("span", { class: "mono" }, id)],
      ["Annotations", annotations.map((annotation) => el("div", null, annotation))],
    ],
    true,
  );
  return el("div", null, short, el("details", { open: wide }, el("summary", null, "Tags and digests"), long));
}

/** Asks again until the image is analysed, or somebody leaves. */
function unfinished(record, { signal, again }) {
  if (record.analysis_status === "analysis_failed") {
    const { code, reason } = record.analysis_failure ?? {};
    return el("div", { class: "notice bad", role: "status" }, "The analysis failed. ", reason, code && ` (${code})`);
  }
  setTimeout(() => !signal.aborted && again(), PATIENCE);
  const text =
    record.analysis_status === "analyzing" ? "The image is being analysed." : "The image waits for its analysis.";
  return el("p", { class: "notice", role: "status" }, text);
}

function bills(imageDigest) {
  const told = el("span", { role: "status" });
  const button = (name, text, suffix) => el("button", { type: "button", click: () => save(name, suffix) }, text);

  async function save(name, suffix) {
    told.textContent = "Fetching…";
    try {
      const url = URL.createObjectURL(await download(name, { imageDigest }));
      el("a", { href: url, download: `${imageDigest.replace(":", "-")}${suffix}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      told.textContent = "";
    } catch (error) {
      told.textContent = error.message;
    }
  }

  return el(
    "div",
    { class: "controls" },
    el("span", null, "Bill of materials:"),
    button("cyclonedx", "CycloneDX", ".cdx.json"),
    button("spdx", "SPDX", ".spdx.json"),
    told,
  );
}

async function verdict({ record, tag, tags, route }) {
  if (!tag) return el("p", { class: "faint" }, "An image is judged under a tag, and this one has none.");
  const answer = await ask("check", { imageDigest: record.imageDigest, tag, detail: true }, route.signal);
  const evaluation = Object.values(Object.values(answer[0] ?? {})[0] ?? {})[0]?.[0];
  if (!evaluation) return el("p", { class: "faint" }, "There is no verdict.");
  const { policy, result } = evaluation.detail ?? {};
  const table = Object.values(result?.result ?? {})
    .map((one) => one?.result)
    .find((one) => Array.isArray(one?.rows));
  const problems = (result?.evaluation_problems ?? []).map((problem) => problem.details ?? problem.severity ?? "");
  const to = (name) => {
    location.hash = address(["images", record.imageDigest, "verdict"], { tag: name });
  };
  return el(
    "section",
    null,
    tags.length > 1 &&
      el(
        "p",
        { class: "controls" },
        "Judged as ",
        choice(
          "Judged as",
          tags.map((name) => [name, name]),
          tag,
          (event) => to(event.target.value),
        ),
      ),
    facts([
      ["Verdict", badge(result?.final_action ?? evaluation.status)],
      ["Because of", String(result?.final_action_reason ?? "").replaceAll("_", " ")],
      ["Policy", policy?.name ?? evaluation.policyId],
      ["Judged", when(evaluation.last_evaluation)],
    ]),
    problems.map((problem) => el("p", { class: "notice bad" }, problem)),
    rules(table),
  );
}

/** What stops the image or warns of it. What is allowed does neither. */
function rules(table) {
  const cells = (row) => Object.fromEntries((table?.header ?? []).map((name, index) => [name, row[index]]));
  const rows = (table?.rows ?? [])
    .map(cells)
    .filter(({ Gate_Action: action }) => action === "stop" || action === "warn");
  const columns = [
    { title: "Action", tight: true, text: (row) => row.Gate_Action, cell: (row) => badge(row.Gate_Action) },
    { title: "Gate", text: (row) => String(row.Gate) },
    { title: "Trigger", text: (row) => String(row.Trigger) },
    { title: "What was found", text: (row) => String(row.Check_Output) },
  ];
  return sorted({
    label: "findings of the policy",
    one: "finding",
    columns,
    rows,
    none: "No rule stops this image or warns of it.",
  });
}

async function changes({ record, route }) {
  const { signal } = route;
  const list = el("div");
  const more = el("button", { type: "button", click: () => load() }, "Older");
  const told = el("p", { class: "faint", role: "status" });
  let page;

  async function load() {
    more.disabled = true;
    try {
      const answer = await ask("changes", { imageDigest: record.imageDigest, page, limit: 50 }, signal);
      page = answer.next_page;
      list.append(...answer.changes.map(change));
      told.textContent = list.childElementCount ? "" : "Nothing has changed since the image was analysed.";
      more.hidden = !page;
    } catch (error) {
      if (signal.aborted) return;
      told.textContent = error.message;
    }
    more.disabled = false;
  }

  await load();
  return el("section", null, told, list, el("div", { class: "more" }, more));
}

function change(one) {
  const at = el("span", { class: "faint" }, when(one.changed_at), " ");
  if (one.kind === "vulnerability") {
    const { CVE_ID: name, Severity: severity, Vulnerable_Package: where } = one.vulnerability;
    const altered = Object.entries(one.changed ?? {}).map(([key, value]) => `${key}: ${value.old} → ${value.new}`);
    const why = (one.records ?? []).map(({ provider, id }) => `${provider} ${id}`).join(", ");
    return el(
      "p",
      null,
      at,
      badge(severity),
      ` ${name} in ${where} was ${one.change}.`,
      altered.length > 0 && el("div", null, altered.join("; ")),
      el("div", { class: "faint" }, why, one.by_owner && " (by the distribution's package)"),
    );
  }
  if (one.kind === "verdict") {
    return el(
      "p",
      null,
      at,
      badge(one.from),
      " → ",
      badge(one.to),
      ` ${one.tag}, because of ${String(one.reason).replaceAll("_", " ")}.`,
      (one.rules ?? []).map((rule) => el("div", null, rule)),
    );
  }
  if (one.kind === "policy") return el("p", null, at, `Policy ${one.policyId} was ${one.change}.`);
  return el("p", null, at, one.kind);
}
