//! What the NVD's rules make of small documents.

#![expect(clippy::needless_pass_by_value, reason = "builders take `json!` values as they come")]

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::testing::{lines, read_text};

fn cve(id: &str, members: Value) -> Value {
    let mut cve = json!({
        "id": id,
        "sourceIdentifier": "security@example.org",
        "published": "2024-01-02T03:04:05.678",
        "lastModified": "2024-02-03T04:05:06.000",
        "vulnStatus": "Analyzed",
        "descriptions": [{"lang": "es", "value": "Quux se cae."}, {"lang": "en", "value": "Quux crashes."}],
    });
    cve.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    cve
}

fn notes(cves: &[Value]) -> String {
    let items: Vec<_> = cves.iter().map(|cve| json!({"cve": cve})).collect();
    let document =
        json!({"resultsPerPage": items.len(), "timestamp": "2024-03-04T05:06:07.000", "vulnerabilities": items});
    let (records, summary) = read_text(&SOURCE, "nvd.json", &document.to_string());
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    lines(&records)
}

fn criterion(vulnerable: bool, criteria: &str, bounds: Value) -> Value {
    let mut criterion = json!({"vulnerable": vulnerable, "criteria": criteria, "matchCriteriaId": "0"});
    criterion.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
    criterion
}

#[test]
fn a_cve_is_described_judged_and_classed() {
    let record = cve(
        "CVE-2024-1",
        json!({
            "metrics": {
                "cvssMetricV2": [{"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"vectorString": "AV:N/AC:L/Au:N/C:N/I:N/A:P"}}],
                "cvssMetricV31": [
                    {"source": "cna@example.org", "type": "Secondary", "cvssData": {"vectorString": "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}},
                    {"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}},
                ],
            },
            "weaknesses": [
                {"source": "nvd@nist.gov", "type": "Primary", "description": [
                    {"lang": "en", "value": "CWE-787"}, {"lang": "en", "value": "NVD-CWE-noinfo"}, {"lang": "en", "value": "NVD-CWE-Other"},
                ]},
            ],
            "references": [
                {"url": "https://example.org/quux", "tags": ["Vendor Advisory", "Patch"]},
                {"url": "https://example.org/quux", "tags": []},
            ],
        }),
    );
    insta::assert_snapshot!(notes(&[record]), @r#"
    nvd CVE-2024-1 active [3.1 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H nvd@nist.gov#1, 2.0 AV:N/AC:L/Au:N/C:N/I:N/A:P nvd@nist.gov#1, 3.1 CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H cna@example.org#2] Quux crashes.
      cwes CWE-787 (nvd@nist.gov Primary) NVD-CWE-Other (nvd@nist.gov Primary)
      published 2024-01-02T03:04:05.678Z
      modified 2024-02-03T04:05:06Z
      https://nvd.nist.gov/vuln/detail/CVE-2024-1
      https://example.org/quux ["patch", "vendor-advisory"]
    "#);
}

#[test]
fn intervals_exact_versions_and_wildcards_become_ranges_of_their_product() {
    let configurations = json!([{"nodes": [{"operator": "OR", "negate": false, "cpeMatch": [
        criterion(true, "cpe:2.3:a:quux:server:*:*:*:*:*:*:*:*", json!({"versionStartIncluding": "1.0", "versionEndExcluding": "1.4"})),
        criterion(true, "cpe:2.3:a:quux:server:*:*:*:*:*:*:*:*", json!({"versionStartExcluding": "2.0", "versionEndIncluding": "2.3"})),
        criterion(true, "cpe:2.3:a:quux:server:3.0:rc1:*:*:*:*:*:*", json!({})),
        criterion(true, "cpe:2.3:a:quux:server:3\\.1\\+b:-:*:*:*:*:*:*", json!({})),
        criterion(true, "cpe:2.3:a:quux:client:*:*:*:*:*:python:*:*", json!({"versionStartIncluding": "5", "versionEndExcluding": "5"})),
        criterion(true, "cpe:2.3:h:quux:box:-:*:*:*:*:*:*:*", json!({})),
        criterion(true, "cpe:2.3:a:oracle:jdk:1.8.0:update302:*:*:*:*:*:*", json!({})),
        criterion(false, "cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*", json!({})),
    ]}]}]);
    insta::assert_snapshot!(notes(&[cve("CVE-2024-2", json!({"configurations": configurations}))]), @r"
    nvd CVE-2024-2 active [] Quux crashes.
      published 2024-01-02T03:04:05.678Z
      modified 2024-02-03T04:05:06Z
      affected a:oracle:jdk = 1.8.0-update302 (jvm)
      affected a:quux:client:::::python >= 5, < 5 (python)
      affected a:quux:server = 3.0-rc1 () || = 3.1+b () || > 2.0, <= 2.3 () || >= 1.0, < 1.4 () fixed 1.4
      affected h:quux:box all versions ()
      https://nvd.nist.gov/vuln/detail/CVE-2024-2
    ");
}

#[test]
fn products_that_only_run_the_vulnerable_one_are_its_platforms() {
    let application = criterion(true, "cpe:2.3:a:quux:server:1.0:*:*:*:*:*:*:*", json!({}));
    let everywhere = criterion(true, "cpe:2.3:a:quux:server:2.0:*:*:*:*:*:*:*", json!({}));
    let windows = criterion(false, "cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*", json!({}));
    let debian = criterion(false, "cpe:2.3:o:debian:debian_linux:12.0:*:*:*:*:*:*:*", json!({}));
    let fixed_server = criterion(false, "cpe:2.3:a:quux:server:9.0:*:*:*:*:*:*:*", json!({}));
    let node = |criteria: &[&Value]| json!({"operator": "OR", "cpeMatch": criteria});
    let configurations = json!([
        {"operator": "AND", "nodes": [node(&[&application, &fixed_server]), node(&[&windows, &debian])]},
        {"operator": "AND", "nodes": [node(&[&windows]), {"operator": "AND", "cpeMatch": [application]}]},
        {"nodes": [node(&[&everywhere])]},
    ]);
    let record = cve("CVE-2024-3", json!({"configurations": configurations}));
    let document = json!({"CVE-2024-3": record});
    let (records, summary) = read_text(&SOURCE, "cves-2024.json", &document.to_string());
    insta::assert_snapshot!(lines(&records), @r#"
    nvd CVE-2024-3 active [] Quux crashes.
      published 2024-01-02T03:04:05.678Z
      modified 2024-02-03T04:05:06Z
      affected a:quux:server = 2.0 ()
      affected a:quux:server = 1.0 () if {"platform_cpes":["cpe:2.3:o:debian:debian_linux:12.0:*:*:*:*:*:*:*","cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"]}
      https://nvd.nist.gov/vuln/detail/CVE-2024-3
    "#);
    assert_eq!(summary.skipped["configuration of several products at once"], 1);
}

#[test]
fn a_bad_cve_and_a_bad_product_cost_themselves_only() {
    let good = cve("CVE-2024-1", json!({"vulnStatus": "Rejected"}));
    let product = json!([{"nodes": [{"operator": "OR", "cpeMatch": [criterion(true, "cpe:/a:quux", json!({}))]}]}]);
    let document = json!({"vulnerabilities": [
        {"cve": good}, {"cve": good}, {"cve": {"id": "CVE-2024-2", "published": "once"}}, {"cve": {"id": 7}}, {"cve": {}},
        {"cve": cve("CVE-2024-3", json!({"configurations": product}))},
    ]});
    let (records, summary) = read_text(&SOURCE, "nvd.json", &document.to_string());
    let names: Vec<_> = lines(&records).lines().filter(|line| line.starts_with("nvd")).map(str::to_owned).collect();
    assert_eq!(names, ["nvd CVE-2024-1 rejected [] Quux crashes.", "nvd CVE-2024-3 active [] Quux crashes."]);
    assert_eq!(summary.skipped["copy of a record already read"], 1);
    let reasons: Vec<_> = summary.problems.first().iter().map(|problem| problem.reason.as_str()).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(reasons[3].contains("is not a CPE"), "{reasons:?}");
}

#[test]
fn overrides_replace_products_and_stand_in_for_missing_cves() {
    let configurations = |version: &str| {
        let fix = json!({"versionEndExcluding": version, "fix": {"version": version, "date": "2024-05-06", "kind": "release"}});
        json!([{"nodes": [{"operator": "OR", "cpeMatch": [criterion(true, "cpe:2.3:a:quux:server:*:*:*:*:*:*:*:*", fix)]}]}])
    };
    let known = |id: &str, configurations: Option<Value>| {
        let annotation =
            json!({"cve_id": id, "description": "Quux said so.", "references": ["https://example.org/said"]});
        let cve = configurations.map_or(json!({}), |list| json!({"configurations": list}));
        json!({"_annotation": annotation, "cve": cve}).to_string()
    };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("nvd");
    fs::create_dir(&root).unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in [
        ("README.md", "words".to_owned()),
        ("data/2024/CVE-2024-1.json", known("CVE-2024-1", Some(configurations("1.1")))),
        ("data/2024/CVE-2024-2.json", known("CVE-2024-2", Some(configurations("2.2")))),
        ("data/2024/CVE-2024-3.json", known("CVE-2024-3", None)),
        ("data/2024/CVE-2024-4.json", "{}".to_owned()),
        ("data/2024/CVE-2024-5.json", json!({"dataType": "CVE_RECORD", "containers": {}}).to_string()),
    ] {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        archive.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    fs::write(root.join("zz-overrides.tar.zst"), zstd::encode_all(&archive.into_inner().unwrap()[..], 1).unwrap())
        .unwrap();
    let own = cve("CVE-2024-1", json!({"configurations": configurations("9.9")}));
    fs::write(root.join("cves.json"), json!({"vulnerabilities": [{"cve": own}]}).to_string()).unwrap();

    let mut records = Vec::new();
    let summary = crate::read(&SOURCE, &[&root], &mut |provider, record| {
        records.push((provider, record));
        Ok(())
    })
    .unwrap();
    insta::assert_snapshot!(lines(&records), @r"
    nvd CVE-2024-1 active [] Quux crashes.
      published 2024-01-02T03:04:05.678Z
      modified 2024-02-03T04:05:06Z
      affected a:quux:server < 1.1 () fixed 1.1 on 2024-05-06 by release
      https://nvd.nist.gov/vuln/detail/CVE-2024-1
      https://example.org/said
    nvd CVE-2024-2 active [] Quux said so.
      affected a:quux:server < 2.2 () fixed 2.2 on 2024-05-06 by release
      https://nvd.nist.gov/vuln/detail/CVE-2024-2
      https://example.org/said
    ");
    assert_eq!(summary.problems.first()[0].file, "nvd/zz-overrides.tar.zst/data/2024/CVE-2024-4.json");
    assert_eq!(summary.problems.count(), 1);
    assert_eq!(summary.skipped.values().sum::<u64>(), 3, "{:?}", summary.skipped);
}
