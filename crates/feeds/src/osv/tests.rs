//! What publishers' rules make of small documents.

#![expect(clippy::needless_pass_by_value, reason = "builders take `json!` values as they come")]

use serde_json::{Value, json};

use super::*;
use crate::testing::{advisory_lines, lines, read_files, read_text};

fn notes(document: &Value) -> String {
    let mut summary = Summary::default();
    match advisory(document.to_string().as_bytes(), &mut summary) {
        Ok(Some((provider, advisory))) => advisory_lines(provider, &advisory),
        Ok(None) => summary
            .skipped
            .iter()
            .fold(String::new(), |text, (kind, count)| text + &format!("skipped {kind}: {count}\n")),
        Err(reason) => format!("problem {reason}\n"),
    }
}

fn document(id: &str, members: Value) -> Value {
    let mut document = json!({
        "schema_version": "1.7.3",
        "id": id,
        "published": "2024-01-02T03:04:05Z",
        "modified": "2024-02-03T04:05:06Z",
        "details": "Quux crashes.",
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document
}

fn affected(ecosystem: &str, name: &str, events: Value) -> Value {
    json!({"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]})
}

fn until(version: &str) -> Value {
    json!([{"introduced": "0"}, {"fixed": version}])
}

#[test]
fn an_advisory_of_several_ecosystems_is_one_record() {
    let record = document(
        "GHSA-aaaa-bbbb-cccc",
        json!({
            "summary": "Quux runs code",
            "aliases": ["CVE-2024-1", "CVE-2024-1"],
            "related": ["CVE-2020-9"],
            "severity": [
                {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
                {"type": "CVSS_V4", "score": "not a vector"},
            ],
            "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-94"]},
            "references": [{"type": "WEB", "url": "https://example.org/quux"}],
            "affected": [
                affected("npm", "@quux/core", until("1.2.0")),
                affected("PyPI", "Quux_Core", json!([{"introduced": "1.0"}, {"last_affected": "1.4"}])),
                affected("Maven", "org.quux:core", until("2")),
                affected("PyPI", "quux-core", json!([{"introduced": "2.0"}, {"fixed": "2.1"}])),
                affected("Linux", "Kernel", until("6")),
            ],
        }),
    );
    insta::assert_snapshot!(notes(&record), @r#"
    github GHSA-aaaa-bbbb-cccc active [medium, 3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H #2] Quux runs code
      aliases CVE-2024-1
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected npm @quux/core < 1.2.0 (semver) fixed 1.2.0 on 2024-01-02 by advisory
      affected python quux-core >= 1.0, <= 1.4 (python) not-fixed || >= 2.0, < 2.1 (python) fixed 2.1 on 2024-01-02 by advisory
      affected java-archive org.quux:core < 2 (maven) fixed 2 on 2024-01-02 by advisory
      https://github.com/advisories/GHSA-aaaa-bbbb-cccc
      https://example.org/quux ["web"]
    "#);
}

#[test]
fn a_withdrawn_advisory_is_rejected_and_dated() {
    let record = document(
        "PYSEC-2024-1",
        json!({"withdrawn": "2024-03-01T00:00:00Z", "affected": [affected("PyPI", "quux", until("1"))]}),
    );
    insta::assert_snapshot!(notes(&record), @r"
    pypa PYSEC-2024-1 rejected [] Quux crashes.
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      withdrawn 2024-03-01T00:00:00Z
      affected python quux < 1 (python) fixed 1 on 2024-01-02 by advisory
      https://osv.dev/vulnerability/PYSEC-2024-1
    ");
}

#[test]
fn go_records_name_the_packages_and_symbols_that_matter() {
    let mut module = affected("Go", "stdlib", json!([{"introduced": "1.16.0-0"}, {"fixed": "1.16.1"}]));
    module["ecosystem_specific"] = json!({"imports": [{"path": "archive/zip", "symbols": ["toValidName"]}, {"path": "cmd/go", "goos": ["linux"]}]});
    insta::assert_snapshot!(notes(&document("GO-2024-1", json!({"affected": [module]}))), @r#"
    govulndb GO-2024-1 active [] Quux crashes.
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected go-module stdlib >= 1.16.0-0, < 1.16.1 (go) fixed 1.16.1 on 2024-01-02 by advisory if {"go_imports":[{"path":"archive/zip","symbols":["toValidName"]},{"path":"cmd/go"}]}
      https://pkg.go.dev/vuln/GO-2024-1
    "#);
}

#[test]
fn an_almalinux_update_says_what_is_not_affected() {
    let record = document(
        "ALSA-2024:1",
        json!({
            "summary": "Important: nodejs:16 security update",
            "related": ["CVE-2024-1", "CVE-2024-2", "RHSA-2024:1"],
            "references": [
                {"type": "REPORT", "url": "https://bugzilla.example.org/1"},
                {"type": "ADVISORY", "url": "https://errata.almalinux.org/8/ALSA-2024-1.html"},
            ],
            "affected": [
                affected("AlmaLinux:8", "nodejs", until("1:16.1-1.module_el8.6.0+1+a")),
                affected("AlmaLinux:8", "nodejs", until("1:16.2-1.module_el8.7.0+1+a")),
                affected("AlmaLinux:8", "plain", until("0:2-1.el8")),
            ],
        }),
    );
    insta::assert_snapshot!(notes(&record), @r#"
    alma ALSA-2024:1 active [high] Important: nodejs:16 security update
      aliases CVE-2024-1 CVE-2024-2
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      unaffected rpm nodejs almalinux/8 >= 1:16.1-1.module_el8.6.0+1+a (rpm) fixed 1:16.1-1.module_el8.6.0+1+a on 2024-01-02 by advisory || >= 1:16.2-1.module_el8.7.0+1+a (rpm) fixed 1:16.2-1.module_el8.7.0+1+a on 2024-01-02 by advisory if {"rpm_modularity":"nodejs:16"}
      unaffected rpm plain almalinux/8 >= 0:2-1.el8 (rpm) fixed 0:2-1.el8 on 2024-01-02 by advisory if {"rpm_modularity":""}
      https://errata.almalinux.org/8/ALSA-2024-1.html (ALSA-2024:1) ["advisory"]
      https://bugzilla.example.org/1 ["report"]
    "#);
}

#[test]
fn a_rocky_update_says_what_is_affected() {
    let record = document(
        "RLSA-2024:1",
        json!({
            "summary": "Moderate: quux security update",
            "upstream": ["CVE-2024-1"],
            "affected": [affected("Rocky Linux:9", "quux", until("0:2-1.el9_1"))],
        }),
    );
    insta::assert_snapshot!(notes(&record), @r#"
    rocky RLSA-2024:1 active [medium] Moderate: quux security update
      aliases CVE-2024-1
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected rpm quux rockylinux/9 < 0:2-1.el9_1 (rpm) fixed 0:2-1.el9_1 on 2024-01-02 by advisory if {"rpm_modularity":""}
      https://osv.dev/vulnerability/RLSA-2024:1
    "#);
}

#[test]
fn a_distributions_record_of_a_cve_bears_the_cves_name() {
    let mut package = affected("Debian:12", "quux", until("1.2-3"));
    package["ecosystem_specific"] = json!({"urgency": "low"});
    let mut other = affected("Debian:11", "quux", json!([{"introduced": "0"}]));
    other["ecosystem_specific"] = json!({"urgency": "unimportant"});
    let record = document("DEBIAN-CVE-2024-1", json!({"upstream": ["CVE-2024-1"], "affected": [package, other]}));
    insta::assert_snapshot!(notes(&record), @r"
    debian CVE-2024-1 active [low] Quux crashes.
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected deb quux debian/12 < 1.2-3 (dpkg) fixed 1.2-3
      affected deb quux debian/11 all versions (dpkg) not-fixed
      https://security-tracker.debian.org/tracker/CVE-2024-1
    ");
    let alpine =
        document("ALPINE-CVE-2024-1", json!({"affected": [affected("Alpine:v3.19", "quux", until("1.2-r3"))]}));
    insta::assert_snapshot!(notes(&alpine), @r"
    alpine CVE-2024-1 active [] Quux crashes.
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected apk quux alpine/3.19 < 1.2-r3 (apk) fixed 1.2-r3
      https://security.alpinelinux.org/vuln/CVE-2024-1
    ");
}

#[test]
fn ubuntu_pro_has_fixes_and_leaves_the_plain_release_without() {
    let pro = |ecosystem: &str, name: &str, events: Value, availability: &str| {
        let mut package = affected(ecosystem, name, events);
        package["ecosystem_specific"] = json!({"availability": availability});
        package
    };
    let unfixed = json!([{"introduced": "0"}]);
    let record = document(
        "UBUNTU-CVE-2024-1",
        json!({
            "upstream": ["CVE-2024-1"],
            "severity": [{"type": "Ubuntu", "score": "low"}],
            "affected": [
                pro("Ubuntu:Pro:16.04:LTS", "quux", until("1-0ubuntu1+esm1"), "Available with Ubuntu Pro"),
                pro("Ubuntu:Pro:18.04:LTS", "quux", unfixed.clone(), ""),
                pro("Ubuntu:Pro:22.04:LTS", "quux", until("3-0ubuntu1+esm1"), "Available with Ubuntu Pro"),
                pro("Ubuntu:Pro:14.04:LTS", "quux", until("0.5-1"), "No subscription required"),
                affected("Ubuntu:22.04:LTS", "quux", unfixed),
                affected("Ubuntu:Pro:FIPS:16.04:LTS", "quux", until("1-0ubuntu1+fips1")),
            ],
        }),
    );
    insta::assert_snapshot!(notes(&record), @r"
    ubuntu CVE-2024-1 active [low] Quux crashes.
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected deb quux ubuntu/22.4 all versions (dpkg) not-fixed
      affected deb quux ubuntu/16.4 all versions (dpkg) wont-fix
      affected deb quux ubuntu/16.4+esm < 1-0ubuntu1+esm1 (dpkg) fixed 1-0ubuntu1+esm1
      affected deb quux ubuntu/18.4 all versions (dpkg) not-fixed
      affected deb quux ubuntu/22.4+esm < 3-0ubuntu1+esm1 (dpkg) fixed 3-0ubuntu1+esm1
      affected deb quux ubuntu/14.4 < 0.5-1 (dpkg) fixed 0.5-1
      affected deb quux ubuntu/14.4+esm < 0.5-1 (dpkg) fixed 0.5-1
      https://ubuntu.com/security/CVE-2024-1
    ");
}

#[test]
fn an_ubuntu_notice_tells_which_vulnerabilities_concern_which_package() {
    let mut package = affected("Ubuntu:22.04:LTS", "quux", until("1-0ubuntu1"));
    package["database_specific"] =
        json!({"cves_map": {"ecosystem": "Ubuntu:22.04:LTS", "cves": [{"id": "CVE-2024-1"}]}});
    let record = document(
        "USN-1-1",
        json!({"upstream": ["UBUNTU-CVE-2024-1", "CVE-2024-2", "CVE-2024-1"], "affected": [package]}),
    );
    insta::assert_snapshot!(notes(&record), @r"
    ubuntu USN-1-1 active [] Quux crashes.
      aliases CVE-2024-1 CVE-2024-2
      published 2024-01-02T03:04:05Z
      modified 2024-02-03T04:05:06Z
      affected deb quux ubuntu/22.4 < 1-0ubuntu1 (dpkg) fixed 1-0ubuntu1 on 2024-01-02 by advisory of CVE-2024-1
      https://ubuntu.com/security/notices/USN-1-1
    ");
}

#[test]
fn what_nobody_can_match_is_counted() {
    let package = |ecosystem: &str| json!({"affected": [affected(ecosystem, "quux", until("1"))]});
    for (record, expected) in [
        (document("LSN-1-1", package("Ubuntu:22.04:LTS")), "skipped patch of a running kernel: 1\n"),
        (
            document(
                "USN-1-1",
                json!({"withdrawn": "2024-03-01T00:00:00Z", "affected": package("Ubuntu:22.04:LTS")["affected"]}),
            ),
            "skipped record withdrawn by a distribution: 1\n",
        ),
        (
            document("OSV-2024-1", package("OSS-Fuzz")),
            "skipped ecosystem that images have no packages of: OSS-Fuzz: 1\n\
             skipped record without a package that can be matched: 1\n",
        ),
        (
            document("EEF-1", json!({"affected": [{"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}]})),
            "skipped affected entry without a package: 1\n\
             skipped record without a package that can be matched: 1\n",
        ),
        (
            document(
                "GHSA-x",
                json!({"affected": [{"package": {"ecosystem": "npm", "name": "quux"}, "ranges": null}]}),
            ),
            "skipped affected entry that names no versions: 1\n\
             skipped record without a package that can be matched: 1\n",
        ),
    ] {
        assert_eq!(notes(&record), expected);
    }
}

#[test]
fn severities_that_only_some_publishers_know() {
    let first = |id: &str, members: Value| {
        let line = notes(&document(id, members)).lines().next().unwrap_or_default().to_owned();
        line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(list, _)| list.to_owned()).unwrap_or(line)
    };
    let mut crate_entry = affected("crates.io", "quux", until("1"));
    crate_entry["database_specific"] = json!({"informational": "unmaintained", "cvss": null});
    assert_eq!(first("RUSTSEC-2024-1", json!({"affected": [crate_entry]})), "negligible");
    assert_eq!(
        first("MAL-2024-1", json!({"affected": [affected("npm", "quux", json!([{"introduced": "0"}]))]})),
        "critical"
    );
    let mut image = affected("DHI", "quux", until("1"));
    image["database_specific"] = json!({"severity": "high"});
    assert_eq!(first("CVE-2024-1", json!({"affected": [image, affected("DHI", "quux", until("2"))]})), "high");
    let mut bitnami = affected("Bitnami", "quux", until("1"));
    bitnami["severity"] = json!([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]);
    assert_eq!(
        first("BIT-quux-2024-1", json!({"database_specific": {"severity": {"odd": true}}, "affected": [bitnami]})),
        "3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H #1"
    );
}

#[test]
fn bad_documents_say_what_is_wrong() {
    for (record, expected) in [
        (json!({}), "it has no id"),
        (json!({"id": "GHSA-x", "affected": 7}), "invalid type"),
        (json!([]), "it has no id"),
        (json!("text"), "invalid type"),
        (
            document("GHSA-x", json!({"modified": "soon", "affected": [affected("npm", "quux", until("1"))]})),
            r#""soon" is not a time"#,
        ),
    ] {
        let said = notes(&record);
        assert!(said.starts_with("problem is not an OSV document") && said.contains(expected), "{said}");
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let ignored = document("GHSA-x", json!({"affected": [affected("npm", "quux", until("1"))]})).to_string();
    let ignored = ignored.replace("\"schema_version\"", &format!("\"credits\":{deep},\"schema_version\""));
    assert!(matches!(advisory(ignored.as_bytes(), &mut Summary::default()), Ok(Some(_))));
    let read = format!(r#"{{"id": "GHSA-x", "database_specific": {{"severity": {deep}}}}}"#);
    assert!(advisory(read.as_bytes(), &mut Summary::default()).is_err());
}

#[test]
fn a_record_in_the_archives_of_two_ecosystems_is_read_once() {
    let record = document(
        "GHSA-aaaa-bbbb-cccc",
        json!({"affected": [affected("npm", "quux", until("1")), affected("PyPI", "quux", until("1"))]}),
    );
    let mut newer = record.clone();
    newer["modified"] = json!("2025-01-01T00:00:00Z");
    let (record, newer) = (record.to_string(), newer.to_string());
    let (records, summary) =
        read_files(&SOURCE, &[("npm/a.json", &record), ("PyPI/a.json", &record), ("Go/a.json", &newer)]).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(summary.skipped["copy of a record already read"], 1);
    assert_eq!(summary.problems.first()[0].record, "GHSA-aaaa-bbbb-cccc");
    assert_eq!(summary.providers[0].date_captured.as_deref(), Some("2024-02-03T04:05:06Z"));
}

#[test]
fn a_bad_document_costs_itself_only() {
    let good = document("GHSA-aaaa-bbbb-cccc", json!({"affected": [affected("npm", "quux", until("1"))]})).to_string();
    let (records, summary) = read_files(&SOURCE, &[("a.json", "{\"id\":"), ("b.json", &good), ("c.json", "")]).unwrap();
    assert_eq!(lines(&records).lines().count(), 5);
    let files: Vec<_> = summary.problems.first().iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["a.json", "c.json"]);
    assert_eq!(summary.problems.count(), 2);
    let (records, _) = read_text(&SOURCE, "single.json", &good);
    assert_eq!(records.len(), 1);
}
