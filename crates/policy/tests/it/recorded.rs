//! Answers recorded from the original service, reproduced: what it said of bundles, and its evaluations of real images
//! given the same packages, files and findings.
//!
//! The original's order of packages and findings is not stable, so rows are compared as sets; in the messages of the gate
//! `licenses`, which list packages, the mentions are. Rows that rest on what was not recorded are left out: the package
//! manifests (`packages/verify`), all but the first sixty files, and of the larger image the npm packages and retrieved
//! files.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use windlass_advisories::FixState;
use windlass_matching::{Coverage, DistributionCoverage, Finding, Fix, Flaw, Outcome, Severity, Vulnerability};
use windlass_policy::{Bundle, Knowledge, Profile};
use windlass_sbom::{
    Distro, Evidence, File, FileKind, FileMatches, ImageSource, LayerDescription, License, Location, Metadata, Package,
    PackageType, Sbom, Source, metadata::PythonPackage,
};
use windlass_v1::evaluations::{EvaluationResult, Subject};

use crate::support::{Judged, bundle_of, compile, shared, shared_json};

fn body(name: &str) -> Option<Value> {
    Some(shared_json(&format!("recorded/{name}.json"))?["response"]["body"].take())
}

/// Problems as the service told them: without our hints.
fn told(bundle: &Value) -> Vec<Value> {
    let problems = Bundle::unchecked(bundle.clone()).validate();
    problems
        .iter()
        .map(|problem| {
            let mut problem = serde_json::to_value(problem).unwrap();
            problem.as_object_mut().unwrap().remove("hint");
            problem
        })
        .collect()
}

#[test]
fn bundles_that_were_refused_are_refused_with_the_same_answer() {
    for name in [
        "139_policy_add_invalid_empty",
        "141_policy_add_invalid_gate",
        "142_policy_add_invalid_trigger",
        "143_policy_add_invalid_param",
        "145_policy_add_invalid_version",
    ] {
        let Some(exchange) = shared_json(&format!("recorded/{name}.json")) else { return };
        let (given, answer) = (&exchange["request"]["body"], &exchange["response"]["body"]);
        match Bundle::from_value(given.clone()) {
            Err(violation) => assert_eq!(answer["detail"], json!(violation.to_string()), "{name}"),
            Ok(_) => assert_eq!(answer["detail"]["validation_details"], json!(told(given)), "{name}"),
        }
    }
}

#[test]
fn rules_that_were_refused_are_refused_with_the_same_answer() {
    let Some(rejected) = shared_json("recorded/policy_rules_rejected.json") else { return };
    let rejected = rejected.as_array().unwrap();
    assert!(!rejected.is_empty());
    for exchange in rejected {
        let told = told(&bundle_of(&[exchange["rule"].clone()]));
        assert_eq!(json!(told), exchange["resp"]["detail"]["validation_details"], "{}", exchange["rule"]);
    }
}

/// An image of which enough was recorded to evaluate it again.
struct Recorded {
    image: &'static str,
    packages: &'static [&'static str],
    files: &'static str,
    vulnerabilities: &'static str,
    secrets: &'static str,
    retrieved: Option<&'static str>,
    /// Whether the service held the Dockerfile for given: it had guessed it when the image was added, and took its own
    /// guess for the author's when the image was added again during its analysis.
    has_dockerfile: bool,
}

const BIG: Recorded = Recorded {
    image: "059_big_image_get",
    packages: &["066_big_content_os", "067_big_content_python", "070_big_content_java"],
    files: "075_big_content_files",
    vulnerabilities: "086_big_vuln_all",
    secrets: "102_big_artifacts_secret_search",
    retrieved: None,
    has_dockerfile: false,
};

const SMALL: Recorded = Recorded {
    image: "238_small_image_get",
    packages: &["245_small_content_os"],
    files: "254_small_content_files",
    vulnerabilities: "265_small_vuln_all",
    secrets: "281_small_artifacts_secret_search",
    retrieved: Some("279_small_artifacts_retrieved_files"),
    has_dockerfile: true,
};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn decoded(base64: &Value) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text(base64).bytes().filter_map(|byte| alphabet.iter().position(|&digit| digit == byte));
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for digit in digits {
        (bits, held) = (bits << 6 | digit as u32, held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

fn package(entry: &Value) -> Package {
    let kind = match text(entry.get("package_type").unwrap_or(&entry["type"])) {
        "dpkg" => PackageType::Deb,
        "PYTHON" | "python" => PackageType::Python,
        "JAVA-JAR" => PackageType::JavaArchive,
        "npm" => PackageType::Npm,
        other => panic!("packages of type {other} were not recorded"),
    };
    let name = text(entry.get("package_name").unwrap_or(&entry["package"]));
    let version = text(entry.get("package_version").unwrap_or(&entry["version"]));
    let mut package = Package::new(kind, name, version);
    let licenses = entry["licenses"].as_array().into_iter().flatten();
    package.licenses = licenses.map(|license| License::declared(text(license))).collect();
    if let Some(path) = entry.get("location").or_else(|| entry.get("package_path")).and_then(Value::as_str) {
        package.locations.push(Location::new(path, None, Evidence::Primary));
        if kind == PackageType::Python {
            let (root, top_level) = path.rsplit_once('/').unwrap();
            package.metadata = Metadata::Python(Box::new(PythonPackage {
                site_packages_root_path: root.into(),
                top_level_packages: vec![top_level.into()],
                ..PythonPackage::default()
            }));
        }
    }
    package.assign_id();
    package
}

fn file(entry: &Value) -> File {
    let kind = match text(&entry["type"]) {
        "file" => FileKind::RegularFile,
        "dir" => FileKind::Directory,
        "slink" => FileKind::SymbolicLink,
        "dev" => FileKind::CharacterDevice,
        other => panic!("files of type {other} were not recorded"),
    };
    File {
        location: Location::new(text(&entry["filename"]), None, Evidence::Primary),
        kind,
        mode: u32::from_str_radix(text(&entry["mode"]), 8).unwrap(),
        uid: 0,
        gid: 0,
        size: entry["size"].as_u64().unwrap(),
        link_target: String::new(),
        digests: Vec::new(),
    }
}

impl Recorded {
    /// The image and its findings, as far as they were recorded.
    fn judged(&self) -> Option<(Sbom, Outcome)> {
        let described = body(self.image)?;
        let (detail, about) = (&described[0]["image_detail"][0], &described[0]["image_content"]["metadata"]);
        let dockerfile = String::from_utf8(decoded(&detail["dockerfile"])).unwrap();
        // The history from which the Dockerfile was guessed.
        let steps = dockerfile.lines().skip(1).map(|line| json!({"created_by": format!("/bin/sh -c #(nop) {line}")}));
        let config = json!({"history": steps.collect::<Vec<_>>(), "os": "linux", "architecture": about["arch"]});
        let layers = about["layer_count"].as_u64().unwrap() as usize;
        let source = ImageSource {
            image_id: format!("sha256:{}", text(&detail["imageId"])),
            repo_digests: vec![text(&detail["fulldigest"]).into()],
            size: about["image_size"].as_u64().unwrap(),
            layers: vec![LayerDescription::default(); layers],
            config: config.to_string().into_bytes(),
            os: "linux".into(),
            architecture: text(&about["arch"]).into(),
            ..ImageSource::default()
        };
        let distro = Distro {
            id: text(&about["distro"]).into(),
            name: text(&about["distro"]).into(),
            version_id: text(&about["distro_version"]).into(),
            ..Distro::default()
        };
        let mut sbom = Sbom { source: Source::Image(Box::new(source)), distro: Some(distro), ..Sbom::default() };
        for name in self.packages {
            sbom.packages.extend(body(name)?["content"].as_array().unwrap().iter().map(package));
        }
        sbom.files = body(self.files)?["content"].as_array().unwrap().iter().map(file).collect();
        sbom.inspection.dockerfile = Some(dockerfile).filter(|_| self.has_dockerfile);
        sbom.inspection.content_matches = Some(Vec::new());
        let secrets = body(self.secrets)?;
        sbom.inspection.secret_matches = Some(
            secrets
                .as_array()
                .unwrap()
                .iter()
                .map(|found| FileMatches {
                    path: text(&found["path"]).into(),
                    matches: serde_json::from_value(found["matches"].clone()).unwrap(),
                })
                .collect(),
        );
        if let Some(name) = self.retrieved {
            let files = body(name)?;
            let content = |file: &Value| (text(&file["path"]).to_owned(), decoded(&file["b64_content"]));
            sbom.inspection.retrieved_files = Some(files.as_array().unwrap().iter().map(content).collect());
        }
        // Packages that are only known from their findings.
        let vulnerabilities = body(self.vulnerabilities)?["vulnerabilities"].take();
        let vulnerabilities = vulnerabilities.as_array().unwrap();
        let index = |sbom: &Sbom, found: &Value| {
            let same = |package: &Package| {
                package.name == found["package_name"] && package.version == found["package_version"]
            };
            sbom.packages.iter().position(same)
        };
        for found in vulnerabilities {
            if index(&sbom, found).is_none() {
                sbom.packages.push(package(found));
            }
        }
        sbom.sort();
        let findings = vulnerabilities.iter().map(|found| finding(found, index(&sbom, found).unwrap())).collect();
        let distribution = DistributionCoverage {
            name: format!("{} {}", text(&about["distro"]), text(&about["distro_version"])),
            read_as: vec!["debian 12".into()],
            ..DistributionCoverage::default()
        };
        let coverage = Coverage { distribution: Some(distribution), ..Coverage::default() };
        Some((sbom, Outcome { findings, coverage, ..Outcome::default() }))
    }
}

fn finding(found: &Value, package: usize) -> Finding {
    let fix = Some(text(&found["fix"])).filter(|fix| *fix != "None");
    let state = match fix {
        _ if found["will_not_fix"] == true => FixState::WontFix,
        Some(_) => FixState::Fixed,
        None => FixState::NotFixed,
    };
    let vulnerability = Vulnerability {
        id: text(&found["vuln"]).into(),
        namespace: text(&found["feed_group"]).into(),
        data_source: text(&found["url"]).into(),
        severity: Severity::parse(text(&found["severity"])).unwrap(),
        ..Vulnerability::default()
    };
    Finding::new(
        package,
        Flaw {
            vulnerability: Arc::new(vulnerability),
            fix: Fix { state, versions: fix.map(str::to_owned).into_iter().collect(), ..Fix::default() },
            ..Flaw::default()
        },
    )
}

/// The rows of a result table by gate and trigger, in a form in which order does not matter.
fn rows(result: &Value) -> BTreeMap<String, Vec<String>> {
    let table = result["result"].as_object().unwrap().values().find(|value| value.get("result").is_some()).unwrap();
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in table["result"]["rows"].as_array().unwrap() {
        let trigger = format!("{}/{}", text(&row[3]), text(&row[4]));
        let mut row = row.clone();
        if row[3] == "licenses" {
            let (start, mentions) = text(&row[5]).split_once(": ").unwrap();
            let mut mentions: Vec<&str> = mentions.split(", ").collect();
            mentions.sort_unstable();
            row[5] = json!(format!("{start}: {}", mentions.join(", ")));
            row[2] = json!("an id made of the message");
        }
        row[7].sort_all_objects();
        rows.entry(trigger).or_default().push(row.to_string());
    }
    for rows in rows.values_mut() {
        rows.sort_unstable();
    }
    rows
}

/// Evaluates the image again and compares everything but the rows of `missing` triggers.
fn reproduce(check: &str, recorded: &Recorded, missing: &[&str]) {
    let Some(answer) = body(check) else { return };
    let by_tag = answer[0].as_object().unwrap().values().next().unwrap().as_object().unwrap();
    let (tag, evaluations) = by_tag.iter().next().unwrap();
    let expected = &evaluations[0]["detail"]["result"];
    let (sbom, outcome) = recorded.judged().unwrap();
    let created_at = jiff::Timestamp::from_second(expected["created_at"].as_i64().unwrap()).unwrap();
    let knowledge =
        Knowledge { database_built: Some(created_at - jiff::SignedDuration::from_hours(1)), ..Knowledge::default() };
    let now = created_at.to_string();
    let judged = Judged { sbom, outcome, knowledge, tag, now: &now, profile: Profile::Compat };
    let document = &expected["bundle"];
    let compiled = compile(document, Profile::Compat);
    let image_id = text(&expected["image_id"]);
    let image_digest = text(&expected["image_digest"]);
    let subject = Subject { user_id: "admin", image_id, image_digest, tag, created_at };
    let given = judged.with(
        document,
        |_| (),
        |evaluation, _| json!(EvaluationResult::new(evaluation, compiled.bundle(), &subject)),
    );

    let (mut expected_rows, mut given_rows) = (rows(expected), rows(&given));
    for trigger in missing {
        expected_rows.remove(*trigger);
        given_rows.remove(*trigger);
    }
    // Of the files only the first were recorded.
    let last_file = judged.sbom.files.last().unwrap().location.path.as_str();
    if let Some(rows) = expected_rows.get_mut("files/suid_or_guid_set") {
        rows.retain(|row| judged.sbom.files.iter().any(|file| row.contains(&format!(" {}.", file.location.path))));
        println!("{check}: files up to {last_file}");
    }
    expected_rows.retain(|_, rows| !rows.is_empty());
    for (trigger, rows) in &expected_rows {
        assert_eq!(given_rows.get(trigger), Some(rows), "{check} {trigger}");
    }
    assert_eq!(given_rows.keys().collect::<Vec<_>>(), expected_rows.keys().collect::<Vec<_>>(), "{check}");
    println!("{check}: {} rows equal", expected_rows.values().map(Vec::len).sum::<usize>());
    for member in [
        "user_id",
        "image_id",
        "image_digest",
        "tag",
        "bundle",
        "matched_mapping_rule",
        "matched_whitelisted_images_rule",
        "matched_blacklisted_images_rule",
        "final_action",
        "final_action_reason",
        "status",
        "created_at",
        "last_modified",
        "evaluation_problems",
    ] {
        assert_eq!(given[member], expected[member], "{check} {member}");
    }
    let inner = |result: &Value| result["result"][image_id]["result"]["final_action"].clone();
    assert_eq!(inner(&given), inner(expected), "{check}");
}

#[test]
fn the_default_bundle_judges_the_recorded_images_as_the_original_did() {
    if shared("recorded").is_none() {
        return;
    }
    reproduce("091_big_check_detail", &BIG, &[]);
    reproduce("093_big_check_interactive", &BIG, &[]);
    reproduce("270_small_check_detail", &SMALL, &[]);
}

#[test]
fn a_bundle_of_every_gate_judges_the_recorded_images_as_the_original_did() {
    if shared("recorded").is_none() {
        return;
    }
    reproduce("294_check_wide_small", &SMALL, &["packages/verify"]);
    reproduce(
        "293_check_wide_big",
        &BIG,
        &[
            "packages/verify",
            "files/name_match",
            "licenses/blacklist_exact_match",
            "licenses/blacklist_partial_match",
            "npms/blacklisted_name_version",
            "passwd_file/blacklist_full_entry",
            "passwd_file/blacklist_groupids",
            "passwd_file/blacklist_shells",
            "passwd_file/blacklist_userids",
            "passwd_file/blacklist_usernames",
            "passwd_file/content_not_available",
            "retrieved_files/content_not_available",
            "retrieved_files/content_regex",
        ],
    );
}

#[test]
fn accepted_findings_image_lists_and_unmapped_images_are_judged_as_the_original_did() {
    if shared("recorded").is_none() {
        return;
    }
    reproduce("298_check_bl_small", &SMALL, &[]);
    reproduce("302_check_nomap_small", &SMALL, &[]);
}
