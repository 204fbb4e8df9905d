//! A bundle of a hundred rules, and images as large as most: what speed is measured with.

use serde_json::{Value, json};
use windlass_sbom::{
    Distro, Evidence, File, FileKind, ImageSource, Inspection, License, Location, Package, PackageType, Sbom, Source,
};

pub(crate) const PACKAGES: usize = 600;
pub(crate) const FINDINGS: usize = 1_000;
const FILES: usize = 30_000;
/// Items of the allow-list.
const ITEMS: usize = 1_000;

/// The analysis of an image; another number is another image with other folders, and other versions of a tenth of its
/// packages.
pub(crate) fn sbom(image: usize) -> Sbom {
    let package = |number: usize| {
        let kind = if number.is_multiple_of(3) { PackageType::Npm } else { PackageType::Deb };
        let update = if number.is_multiple_of(10) { image } else { 0 };
        let version = if kind == PackageType::Npm {
            format!("1.{number}.{update}")
        } else {
            format!("1.{number}-{}", update + 1)
        };
        let mut package = Package::new(kind, format!("package{number}"), version);
        package.licenses = ["MIT", "GPL-2+ BSD-3-clause"].map(License::declared).into();
        let path = format!("/app/node_modules/package{number}/package.json");
        package.locations.push(Location::new(path, None, Evidence::Primary));
        package.assign_id();
        package
    };
    let file = |number: usize| File {
        location: Location::new(
            format!(
                "/usr/lib/x86_64-linux-gnu/python3/dist-packages/module{:03}/file{number}.py",
                number / 100 + image
            ),
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
        source: Source::Image(Box::new(ImageSource {
            image_id: format!("sha256:{image:064x}"),
            tags: vec![format!("docker.io/library/app:{image}")],
            size: 100 << 20,
            ..ImageSource::default()
        })),
        distro: Some(Distro { id: "debian".into(), version_id: "12".into(), ..Distro::default() }),
        inspection: Inspection { all_files: true, ..Inspection::default() },
        ..Sbom::default()
    };
    sbom.sort();
    sbom
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

/// The bundle, whose only mapping takes every image.
pub(crate) fn bundle() -> Value {
    let items: Vec<Value> = (0..ITEMS)
        .map(|number| json!({"id": number.to_string(), "gate": "vulnerabilities", "trigger_id": format!("CVE-2024-{number:05}+package{number}*")}))
        .collect();
    json!({
        "id": "b", "version": "1_0",
        "policies": [{"id": "p", "version": "1_0", "rules": rules()}],
        "whitelists": [{"id": "w", "version": "1_0", "items": items}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_ids": ["p"], "whitelist_ids": ["w"],
        }],
    })
}
