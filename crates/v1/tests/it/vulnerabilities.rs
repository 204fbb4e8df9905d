//! Vulnerabilities of the recorded images, made again of findings that say the same.

use std::sync::Arc;

use serde_json::{Value, json};
use windlass_advisories::FixState;
use windlass_matching::{Finding, Fix, Flaw, Outcome, Severity, Vulnerability as Record};
use windlass_sbom::{Evidence, Location, Metadata, Package, PackageType, Sbom, metadata::PythonPackage};
use windlass_v1::vulnerabilities::{Vulnerability, VulnerabilityType};

use crate::support::body;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn package(told: &Value) -> Package {
    let kind = match text(&told["package_type"]) {
        "dpkg" => PackageType::Deb,
        "npm" => PackageType::Npm,
        "python" => PackageType::Python,
        other => panic!("vulnerabilities of packages of type {other} were not recorded"),
    };
    let mut package = Package::new(kind, text(&told["package_name"]), text(&told["package_version"]));
    let path = text(&told["package_path"]);
    package.locations = vec![Location::new(path, None, Evidence::Primary)];
    if kind == PackageType::Python {
        let (root, module) = path.rsplit_once('/').unwrap();
        package.metadata = Metadata::Python(Box::new(PythonPackage {
            site_packages_root_path: root.into(),
            top_level_packages: vec![module.into()],
            ..PythonPackage::default()
        }));
    }
    package
}

/// As our databases name the group.
fn namespace(group: &str) -> String {
    match group.split_once(':').unwrap() {
        ("github", "npm") => "github:language:javascript".into(),
        ("github", language) => format!("github:language:{language}"),
        (family, version) => format!("{family}:distro:{family}:{version}"),
    }
}

fn finding(told: &Value, package: usize) -> Finding {
    let fix = Some(text(&told["fix"])).filter(|fix| *fix != "None");
    let state = match fix {
        _ if told["will_not_fix"] == true => FixState::WontFix,
        Some(_) => FixState::Fixed,
        None => FixState::NotFixed,
    };
    Finding::new(
        package,
        Flaw {
            vulnerability: Arc::new(Record {
                id: text(&told["vuln"]).into(),
                namespace: namespace(text(&told["feed_group"])),
                data_source: text(&told["url"]).into(),
                severity: Severity::parse(text(&told["severity"])).unwrap(),
                ..Record::default()
            }),
            fix: Fix { state, versions: fix.map(str::to_owned).into_iter().collect(), ..Fix::default() },
            ..Flaw::default()
        },
    )
}

#[test]
fn recorded_vulnerabilities_are_told_as_they_were() {
    let (Some(all), Some(non_os)) = (body("086_big_vuln_all"), body("085_big_vuln_non-os")) else { return };
    let all = all["vulnerabilities"].as_array().unwrap();
    let packages: Vec<Package> = all.iter().map(package).collect();
    let sbom = Sbom { packages, ..Sbom::default() };
    let findings = all.iter().enumerate().map(|(index, told)| finding(told, index)).collect();
    let ours = Vulnerability::all(&sbom, &Outcome { findings, ..Outcome::default() });
    assert_eq!(json!(ours), json!(all));
    let selected: Vec<&Vulnerability> =
        ours.iter().filter(|one| one.is_selected(VulnerabilityType::NonOs, true)).collect();
    assert_eq!(json!(selected), non_os["vulnerabilities"]);
}
