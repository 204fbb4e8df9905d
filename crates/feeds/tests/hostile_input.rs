//! Whatever bytes a source is given, it answers: with records, with named problems, or with an error. It never panics, and
//! what it hands out is well-formed.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_advisories::Record;
use windlass_feeds::{FeedError, Summary, osv_document, read, sources};

/// Reads one file with every source.
fn read_with_all(name: &str, bytes: &[u8]) -> Vec<Result<(Vec<Record>, Summary), FeedError>> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    let paths: [&Path; 1] = [&path];
    let outcome = |kind| {
        let mut records = Vec::new();
        let summary = read(kind, &paths, &mut |_, record| {
            records.push(record);
            Ok(())
        })?;
        Ok((records, summary))
    };
    sources().iter().map(outcome).collect()
}

fn check(record: &Record) {
    let Record::Advisory(advisory) = record else { return };
    assert!(!advisory.name.is_empty());
    for package in &advisory.packages {
        assert!(!package.name.is_empty() && !package.ecosystem.is_empty());
        assert!(!package.blob.ranges.is_empty());
    }
    for reference in &advisory.blob.references {
        assert!(!reference.url.is_empty());
    }
    for time in [&advisory.published, &advisory.modified, &advisory.withdrawn].into_iter().flatten() {
        assert!(time.ends_with('Z') && time.as_bytes()[4] == b'-', "{time}");
    }
}

/// Texts that mean something to one source or another, and some that mean nothing.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "0",
            "1.0",
            "2.0.0-rc1",
            "1:1.2-3.module_el8",
            "*",
            "-",
            "",
            " ",
            ">= 1",
            "CVE-2024-1",
            "GHSA-aaaa-bbbb-cccc",
            "DEBIAN-CVE-2024-1",
            "UBUNTU-CVE-",
            "ALSA-2024:1",
            "LSN-1",
            "MAL-1",
            "npm",
            "PyPI",
            "Go",
            "Debian:12",
            "Debian:",
            "Ubuntu:Pro:22.04:LTS",
            "Ubuntu:22.04:LTS",
            "AlmaLinux:8",
            "Alpine:v3.19",
            "DHI",
            "SEMVER",
            "ECOSYSTEM",
            "GIT",
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05.678",
            "2024-01-02",
            "AND",
            "OR",
            "Primary",
            "en",
            "cpe:2.3:a:quux:quux:1.0:*:*:*:*:*:*:*",
            "cpe:2.3:o:quux:quux:-:*:*:*:*:*:*:*",
            "cpe:2.3:a",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "CVSS_V3",
            "Ubuntu",
            "high",
            "bookworm",
            "sid",
            "resolved",
            "No subscription required",
            "Important: nodejs:16 update",
            "edge",
            "v3.19",
            "https://packages.wolfi.dev",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ]
}

/// Keys that some source reads.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "id",
            "summary",
            "details",
            "modified",
            "published",
            "withdrawn",
            "aliases",
            "related",
            "upstream",
            "severity",
            "affected",
            "references",
            "database_specific",
            "ecosystem_specific",
            "package",
            "ecosystem",
            "name",
            "purl",
            "ranges",
            "versions",
            "type",
            "score",
            "events",
            "introduced",
            "fixed",
            "last_affected",
            "limit",
            "imports",
            "path",
            "symbols",
            "custom_ranges",
            "urgency",
            "releases",
            "status",
            "fixed_version",
            "nodsa",
            "bookworm",
            "CVE-2024-1",
            "vulnerabilities",
            "cve",
            "cveID",
            "dateAdded",
            "configurations",
            "nodes",
            "operator",
            "cpeMatch",
            "vulnerable",
            "criteria",
            "versionEndExcluding",
            "metrics",
            "weaknesses",
            "description",
            "packages",
            "pkg",
            "secfixes",
            "distroversion",
            "result",
            "ubuntu",
            "releaseCycle",
            "eol",
            "cves_map",
            "cves",
            "anchore",
            "fixes",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..8).prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

/// Replaces one part of a good document, found by the numbers, by another value.
fn replace(place: &mut Value, steps: &[usize], value: Value) {
    let size = match &*place {
        Value::Array(list) => list.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    let part = steps.first().filter(|_| size > 0).and_then(|step| match place {
        Value::Array(list) => list.get_mut(step % size),
        Value::Object(members) => members.values_mut().nth(step % size),
        _ => None,
    });
    match part {
        Some(part) => replace(part, &steps[1..], value),
        None => *place = value,
    }
}

fn good_osv() -> Value {
    json!({
        "id": "UBUNTU-CVE-2024-1", "published": "2024-01-02T03:04:05Z", "modified": "2024-01-02T03:04:05Z",
        "aliases": ["CVE-2024-2"], "upstream": ["CVE-2024-1"], "related": ["USN-1"],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "references": [{"type": "ADVISORY", "url": "https://example.org"}],
        "database_specific": {"severity": "HIGH"},
        "affected": [
            {"package": {"ecosystem": "Ubuntu:Pro:22.04:LTS", "name": "quux", "purl": "pkg:deb/ubuntu/quux?arch=source"},
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1-1"}, {"introduced": "2"}, {"limit": "3"}]}],
             "ecosystem_specific": {"availability": "none", "imports": [{"path": "a/b", "symbols": ["C"]}]}},
            {"package": {"ecosystem": "Go", "name": "quux"}, "versions": ["1.0.0"],
             "ranges": [{"type": "SEMVER", "events": [{"fixed": "9.0.0"}, {"introduced": "1.0.0"}, {"last_affected": "2.0.0"}]}]},
        ],
    })
}

fn good_nvd() -> Value {
    json!({"timestamp": "2024-01-02T03:04:05.678", "vulnerabilities": [{"cve": {
        "id": "CVE-2024-1", "published": "2024-01-02T03:04:05.678", "lastModified": "2024-01-02T03:04:05.678",
        "vulnStatus": "Analyzed", "descriptions": [{"lang": "en", "value": "Quux crashes."}],
        "metrics": {"cvssMetricV31": [{"source": "x", "type": "Primary", "cvssData": {"vectorString": "CVSS:3.1/AV:N"}}]},
        "weaknesses": [{"source": "x", "type": "Primary", "description": [{"lang": "en", "value": "CWE-1"}]}],
        "configurations": [{"operator": "AND", "nodes": [
            {"operator": "OR", "cpeMatch": [{"vulnerable": true, "criteria": "cpe:2.3:a:q:q:1:*:*:*:*:*:*:*", "versionEndExcluding": "2"}]},
            {"operator": "OR", "cpeMatch": [{"vulnerable": false, "criteria": "cpe:2.3:o:q:q:1:*:*:*:*:*:*:*"}]},
        ]}],
        "references": [{"url": "https://example.org", "tags": ["Patch"]}],
    }}]})
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_json_is_survived_by_every_source(document in document()) {
        for (records, summary) in read_with_all("any.json", document.to_string().as_bytes()).into_iter().flatten() {
            records.iter().for_each(check);
            prop_assert_eq!(summary.records, records.len() as u64);
        }
    }

    #[test]
    fn arbitrary_bytes_are_survived_by_every_source(bytes in prop::collection::vec(any::<u8>(), 0..600), magic in 0..5usize) {
        let magic: &[u8] = [&b""[..], b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"{\"vulnerabilities\": ["][magic];
        let bytes = [magic, &bytes].concat();
        for (records, _) in read_with_all("any.json", &bytes).into_iter().flatten() {
            records.iter().for_each(check);
        }
    }

    #[test]
    fn a_changed_osv_document_gives_a_record_or_a_reason(steps in prop::collection::vec(0..12usize, 1..8), value in document()) {
        let mut document = good_osv();
        replace(&mut document, &steps, value);
        match osv_document(document.to_string().as_bytes()) {
            Ok(Some((_, record))) => check(&record),
            Ok(None) => {}
            Err(reason) => prop_assert!(!reason.is_empty()),
        }
    }

    #[test]
    fn a_changed_nvd_document_costs_no_more_than_itself(steps in prop::collection::vec(0..12usize, 3..10), value in document()) {
        let mut list = good_nvd();
        let mut changed = list["vulnerabilities"][0].take();
        replace(&mut changed, &steps, value);
        list["vulnerabilities"] = json!([changed, {"cve": {"id": "CVE-2024-9"}}]);
        let outcome = read_with_all("nvd.json", list.to_string().as_bytes()).remove(0);
        let (records, _) = outcome.expect("a list that is whole");
        records.iter().for_each(check);
        let last = records.last().map(|record| matches!(record, Record::Advisory(last) if last.name == "CVE-2024-9"));
        prop_assert_eq!(last, Some(true));
    }

    #[test]
    fn the_order_of_reading_is_the_inputs(document in document()) {
        let document = document.to_string();
        let (first, again) = (osv_document(document.as_bytes()), osv_document(document.as_bytes()));
        prop_assert_eq!(first, again);
    }
}
