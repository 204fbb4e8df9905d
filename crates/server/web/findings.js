// What is in an image: its vulnerabilities, and its packages and files by kind.

import { ask } from "./api.js";
import { badge, bytes, el, outside, tabs } from "./dom.js";
import { choice, sorted } from "./table.js";

const SEVERITIES = ["Critical", "High", "Medium", "Low", "Negligible", "Unknown"];

/** Kinds of content that the service has without listing them. */
export const MORE_KINDS = [
  "nuget",
  "composer",
  "rust-crate",
  "swift",
  "pod",
  "dart-pub",
  "hex",
  "conan",
  "conda",
  "lua-rocks",
  "R-package",
  "nix",
  "github-action",
];

const known = (text) =>
  text === undefined || text === null || text === "None" || text === "NA" || text === "N/A" ? "" : String(text);

export async function vulnerabilities({ record, route }) {
  const asked = { imageDigest: record.imageDigest, vtype: "all", vendor_only: false };
  const { vulnerabilities: rows } = await ask("vulnerabilities", asked, route.signal);
  const columns = [
    { title: "Vulnerability", text: (row) => row.vuln, cell: (row) => outside(row.url, row.vuln) },
    { title: "Severity", tight: true, text: (row) => row.severity, key: rank, cell: (row) => badge(row.severity) },
    { title: "Package", text: (row) => row.package_name },
    { title: "Version", text: (row) => known(row.package_version) },
    { title: "Fixed in", text: fix, key: fix },
    { title: "Score", tight: true, text: (row) => score(row)?.toFixed(1) ?? "", key: (row) => score(row) ?? -1 },
    { title: "Kind", text: (row) => known(row.package_type) },
    { title: "Where", text: (row) => (row.package_path === "pkgdb" ? "" : known(row.package_path)) },
    { title: "Source", text: (row) => known(row.feed_group) },
  ];
  return sorted({
    label: "vulnerabilities",
    one: "vulnerability",
    many: "vulnerabilities",
    columns,
    rows,
    order: 1,
    filters: [bySeverity(rows), byFix()],
    none: "No vulnerabilities are known in this image.",
  });
}

function rank({ severity }) {
  const place = SEVERITIES.indexOf(severity);
  return place < 0 ? SEVERITIES.length : place;
}

function fix(row) {
  return known(row.fix) || (row.will_not_fix ? "will not be fixed" : "");
}

/** The vendor's base score where there is one, else the NVD's; scores below zero stand for none. */
function score({ vendor_data: vendor, nvd_data: nvd }) {
  for (const source of [vendor, nvd]) {
    const scores = (source ?? []).flatMap((one) =>
      [one.cvss_v3?.base_score, one.cvss_v2?.base_score].filter((base) => base >= 0).slice(0, 1),
    );
    if (scores.length) return Math.max(...scores);
  }
  return undefined;
}

function bySeverity(rows) {
  const chosen = new Set();
  const boxes = SEVERITIES.map((severity) => [severity, rows.filter((row) => row.severity === severity).length])
    .filter(([, number]) => number > 0)
    .map(([severity, number]) => {
      const change = (event) => (event.target.checked ? chosen.add(severity) : chosen.delete(severity));
      return el(
        "label",
        null,
        el("input", { type: "checkbox", input: change }),
        badge(severity, `${severity} ${number.toLocaleString("en")}`),
      );
    });
  return {
    control: el("fieldset", { class: "chips", "aria-label": "Severities; all where none is chosen" }, boxes),
    keeps: (row) => chosen.size === 0 || chosen.has(row.severity),
  };
}

function byFix() {
  const options = [
    ["", "Fixed or not"],
    ["fixed", "Has a fix"],
    ["open", "Has no fix"],
    ["never", "Will not be fixed"],
  ];
  const control = choice("Fix", options, "");
  const tests = {
    "": () => true,
    fixed: (row) => known(row.fix) !== "",
    open: (row) => known(row.fix) === "",
    never: (row) => row.will_not_fix === true,
  };
  return { control, keeps: (row) => tests[control.value](row) };
}

export async function packages({ record, tag, kind = "os", route }) {
  const { imageDigest } = record;
  const [listed, answer] = await Promise.all([
    ask("kinds", { imageDigest }, route.signal),
    ask("content", { imageDigest, ctype: kind }, route.signal),
  ]);
  const kinds = [...listed, ...MORE_KINDS.filter((one) => !listed.includes(one))];
  const links = kinds.map((one) => ({
    parts: ["images", imageDigest, "packages", one],
    query: { tag },
    text: one,
    here: one === kind,
  }));
  const rows = Array.isArray(answer.content) ? answer.content : [];
  return el("section", null, tabs("Kinds of content", links, true), contents(kind, rows));
}

function contents(kind, rows) {
  const none = `Of the kind ${kind} there is nothing in this image.`;
  if (kind === "files") return sorted({ label: "files", one: "file", columns: FILES, rows, none });
  if (kind === "malware") {
    const found = rows.flatMap(({ scanner, findings }) => (findings ?? []).map((finding) => ({ ...finding, scanner })));
    const clean = rows.length ? "The scanner found nothing." : "This image was not scanned for malware.";
    return sorted({ label: "malware", one: "finding", columns: MALWARE, rows: found, none: clean });
  }
  return sorted({ label: "packages", one: "package", columns: PACKAGES, rows, none });
}

const PACKAGES = [
  { title: "Package", text: (row) => known(row.package) },
  { title: "Version", text: (row) => known(row.version) },
  { title: "Kind", text: (row) => known(row.type) },
  { title: "Licences", text: (row) => known(row.license ?? (row.licenses ?? []).join(" ")) },
  { title: "Where", text: (row) => known(row.location) },
  { title: "Origin", text: (row) => known(row.origin) },
];

const FILES = [
  { title: "File", text: (row) => String(row.filename) },
  { title: "Size", tight: true, text: (row) => bytes(row.size), key: (row) => row.size ?? 0 },
  { title: "Mode", tight: true, text: (row) => known(row.mode) },
  { title: "Kind", tight: true, text: (row) => known(row.type) },
  { title: "Owner", tight: true, text: (row) => `${row.uid}:${row.gid}` },
  { title: "Leads to", text: (row) => known(row.linkdest) },
];

const MALWARE = [
  { title: "File", text: (row) => known(row.path) },
  { title: "Signature", text: (row) => known(row.signature) },
  { title: "Scanner", text: (row) => known(row.scanner) },
];
