// The service: its parts, its version, and how new its vulnerability data is.

import { ask } from "./api.js";
import { ago, badge, count, el, facts, outside } from "./dom.js";
import { sorted } from "./table.js";

export async function system({ signal }) {
  const [states, feeds, version] = await Promise.all([
    ask("system", {}, signal),
    ask("feeds", {}, signal),
    ask("version", {}, signal),
  ]);
  const software = document.querySelector("meta[name=version]").content;
  const content = el(
    "div",
    null,
    el("h1", { tabindex: "-1" }, "System"),
    facts([
      ["Version", `Windlass ${software}`],
      ["Answers as", `Anchore Engine ${version.service?.version}`],
      ["Database schema", version.db?.schema_version],
    ]),
    el("h2", null, "Services"),
    services(states.service_states ?? []),
    el("h2", null, "Vulnerability data"),
    feeds.length ? feeds.map(feed) : el("p", { class: "faint" }, "There is no vulnerability data."),
  );
  return { title: "System", content };
}

function services(rows) {
  const columns = [
    { title: "Service", text: (row) => row.servicename },
    { title: "Host", text: (row) => row.hostid },
    {
      title: "State",
      tight: true,
      text: (row) => row.status_message,
      cell: (row) => badge(row.status ? row.status_message : "unavailable", row.status_message),
    },
    { title: "Address", text: (row) => row.base_url, cell: (row) => outside(row.base_url, row.base_url) },
  ];
  return sorted({ label: "services", one: "service", columns, rows, none: "No service has told of itself." });
}

function feed(one) {
  const groups = one.groups ?? [];
  const records = groups.reduce((sum, group) => sum + group.record_count, 0);
  const columns = [
    { title: "Group", text: (row) => row.name },
    {
      title: "Records",
      tight: true,
      text: (row) => row.record_count.toLocaleString("en"),
      key: (row) => row.record_count,
    },
    { title: "Synchronised", tight: true, text: (row) => row.last_sync ?? "", cell: (row) => ago(row.last_sync) },
    { title: "Switched", tight: true, text: (row) => (row.enabled ? "on" : "off") },
  ];
  return el(
    "section",
    null,
    facts([
      ["Feed", one.name],
      ["Synchronised", ago(one.last_full_sync)],
      ["Records", count(records, "record")],
      ["Switched", one.enabled ? "on" : "off"],
    ]),
    sorted({ label: "groups of the feed", one: "group", columns, rows: groups, none: "The feed has no groups yet." }),
  );
}
