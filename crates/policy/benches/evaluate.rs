//! How long a verdict takes: `cargo bench -p windlass-policy`.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use windlass_advisories::FixState;
use windlass_matching::{Finding, Fix, Outcome, Severity, Vulnerability};
use windlass_policy::{Bundle, CompiledBundle, Image, Knowledge, Profile, Request};
use windlass_sbom::{Evidence, File, FileKind, License, Location, Package, PackageType, Sbom};

const PACKAGES: usize = 600;
const FINDINGS: usize = 1_000;
const FILES: usize = 30_000;
/// Items of the allow-list.
const ITEMS: usize = 1_000;

fn sbom() -> Sbom {
    let package = |number: usize| {
        let kind = if number.is_multiple_of(3) { PackageType::Npm } else { PackageType::Deb };
        let mut package = Package::new(kind, format!("package{number}"), format!("1.{number}-1"));
        package.licenses = ["MIT", "GPL-2+ BSD-3-clause"].map(License::declared).into();
        let path = format!("/app/node_modules/package{number}/package.json");
        package.locations.push(Location::new(path, None, Evidence::Primary));
        package.assign_id();
        package
    };
    let file = |number: usize| File {
        location: Location::new(
            format!("/usr/lib/x86_64-linux-gnu/python3/dist-packages/module{:03}/file{number}.py", number / 100),
            None,
            Evidence::Primary,
        ),
        kind: FileKind::RegularFile,
        mode: if number.is_multiple_of(1_000) { 0o4755 } else { 0o644 },
        uid: 0,
        gid: 0,
        size: 100,
        link_target: String::new(),
        digests: Vec::new(),
    };
    let mut sbom = Sbom {
        packages: (0..PACKAGES).map(package).collect(),
        files: (0..FILES).map(file).collect(),
        ..Sbom::default()
    };
    sbom.sort();
    sbom
}

fn outcome() -> Outcome {
    let finding = |number: usize| {
        let fixed = number.is_multiple_of(2);
        let versions = if fixed { vec!["2.0-1".to_owned()] } else { Vec::new() };
        let vulnerability = Vulnerability {
            id: format!("CVE-2024-{number:05}"),
            namespace: "debian:distro:debian:12".into(),
            data_source: "https://security-tracker.debian.org/tracker".into(),
            severity: Severity::ALL[number % Severity::ALL.len()],
            ..Vulnerability::default()
        };
        Finding {
            vulnerability: Arc::new(vulnerability),
            related: Vec::new(),
            package: number % PACKAGES,
            fix: Fix {
                state: if fixed { FixState::Fixed } else { FixState::NotFixed },
                suggested: versions.first().cloned(),
                versions,
                ..Fix::default()
            },
            details: Vec::new(),
            risk: 0.0,
        }
    };
    Outcome { findings: (0..FINDINGS).map(finding).collect(), ..Outcome::default() }
}

fn rule(gate: &str, trigger: &str, params: &[(&str, &str)]) -> Value {
    let params: Vec<Value> = params.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({"gate": gate, "trigger": trigger, "action": "STOP", "params": params})
}

/// A hundred rules; ten of them look at every path.
fn rules() -> Vec<Value> {
    let mut rules = Vec::new();
    let severities = ["low", "medium", "high", "critical"];
    for number in 0..10 {
        let name = format!("package{number}");
        let severity = severities[number % 4];
        rules.extend([
            rule(
                "vulnerabilities",
                "package",
                &[
                    ("package_type", "all"),
                    ("severity", severity),
                    ("severity_comparison", "="),
                    ("max_days_since_creation", "7"),
                ],
            ),
            rule(
                "vulnerabilities",
                "package",
                &[
                    ("package_type", "os"),
                    ("severity", severity),
                    ("severity_comparison", ">"),
                    ("fix_available", "true"),
                ],
            ),
            rule(
                "vulnerabilities",
                "package",
                &[("package_type", "non-os"), ("severity", severity), ("package_path_exclude", ".*test.*")],
            ),
            rule("vulnerabilities", "blacklist", &[("vulnerability_ids", "CVE-2024-00001,CVE-2024-99999")]),
            rule("packages", "blacklist", &[("name", &name)]),
            rule("packages", "required_package", &[("name", &name)]),
            rule("licenses", "blacklist_partial_match", &[("licenses", "AGPL,SSPL")]),
            rule(
                "files",
                "attribute_match",
                &[("filename", "/etc/passwd"), ("mode", "0644"), ("skip_missing", "false")],
            ),
            rule("metadata", "attribute", &[("attribute", "size"), ("check", ">"), ("value", "1gb")]),
            [
                rule("files", "name_match", &[("regex", r".*\.pem$")]),
                rule("files", "name_match", &[("regex", r".*/id_(rsa|dsa|ed25519)$")]),
                rule("files", "name_match", &[("regex", r".*/\.(bash|zsh)_history")]),
                rule("files", "name_match", &[("regex", "/root/.*")]),
                rule("files", "name_match", &[("regex", r".*\.(key|p12|pfx|jks)$")]),
                rule("files", "name_match", &[("regex", r"(?i).*\.ENV")]),
                rule("files", "name_match", &[("regex", r"/(etc|var)/.*secret.*")]),
                rule("files", "name_match", &[("regex", r".*/[0-9a-f]{32}$")]),
                rule("files", "name_match", &[("regex", r"/usr/(?!lib).*\.py")]),
                rule("files", "suid_or_guid_set", &[]),
            ][number]
                .clone(),
        ]);
    }
    rules
}

fn bundle() -> CompiledBundle {
    let items: Vec<Value> = (0..ITEMS)
        .map(|number| json!({"id": number.to_string(), "gate": "vulnerabilities", "trigger_id": format!("CVE-2024-{number:05}+package{number}*")}))
        .collect();
    let document = json!({
        "id": "b", "version": "1_0",
        "policies": [{"id": "p", "version": "1_0", "rules": rules()}],
        "whitelists": [{"id": "w", "version": "1_0", "items": items}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_ids": ["p"], "whitelist_ids": ["w"],
        }],
    });
    let bundle = Bundle::from_value(document).expect("the shape of a bundle");
    assert_eq!(bundle.validate(), []);
    CompiledBundle::new(Arc::new(bundle), Profile::Compat)
}

/// How many rows there are.
fn judge<'i>(compiled: &CompiledBundle, image: &'i Image<'i>) -> usize {
    let now = "2024-06-01T00:00:00Z".parse().expect("a time");
    let evaluation = compiled.evaluate(&Request::new(image, "docker.io/library/app:1", now));
    assert_eq!(evaluation.problems, []);
    evaluation.rows().count()
}

fn evaluate(criterion: &mut Criterion) {
    let (sbom, outcome, compiled) = (sbom(), outcome(), bundle());
    assert_eq!(compiled.policies()[0].rules.len(), 100);
    let warm = Image::new(&sbom, &outcome, Knowledge::default());
    eprintln!("{} rows", judge(&compiled, &warm));
    criterion.bench_function("evaluate/warm", |bencher| bencher.iter(|| black_box(judge(&compiled, &warm))));
    criterion.bench_function("evaluate/first", |bencher| {
        bencher.iter(|| {
            let image = Image::new(&sbom, &outcome, Knowledge::default());
            black_box(judge(&compiled, &image))
        });
    });
    criterion.bench_function("compile", |bencher| bencher.iter(|| black_box(bundle())));
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
