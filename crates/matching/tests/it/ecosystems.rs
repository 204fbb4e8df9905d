//! Packages of language ecosystems, and software known by CPE only.

use windlass_advisories::FixState;
use windlass_matching::{
    CpeUse, MatchKind, Options, Outcome, SearchKey, match_sbom,
    testing::{MemoryAdvisories, advisory, java, package, sbom, with_cpe},
};
use windlass_sbom::{Metadata, Package, PackageType, Sbom, metadata::GoBinary};

fn outcome(image: &Sbom, database: &MemoryAdvisories) -> Outcome {
    match_sbom(image, database, &Options::default()).unwrap()
}

fn found(package: Package, database: &MemoryAdvisories) -> Vec<String> {
    let outcome = outcome(&sbom("debian:12", [package]), database);
    let mut ids: Vec<String> = outcome.findings.iter().map(|finding| finding.vulnerability.id.clone()).collect();
    ids.sort();
    ids
}

#[test]
fn every_ecosystem_is_searched_by_its_own_name_and_order() {
    for (kind, ecosystem, name, version, constraint, matcher) in [
        (PackageType::Npm, "npm", "lodash", "4.17.20", "< 4.17.21", "javascript-matcher"),
        (PackageType::Python, "python", "jinja2", "3.1.0rc1", "< 3.1.0", "python-matcher"),
        (PackageType::Gem, "gem", "nokogiri", "1.15.0-x86_64-linux", "< 1.15.4", "ruby-gem-matcher"),
        (PackageType::Dotnet, "dotnet", "Newtonsoft.Json", "12.0.3", "< 13.0.1", "dotnet-matcher"),
        (PackageType::RustCrate, "rust-crate", "regex", "1.5.4", "< 1.5.5", "rust-matcher"),
        (PackageType::Hex, "hex", "plug", "1.0.0", "< 1.0.4", "hex-matcher"),
        (PackageType::Otp, "hex", "ssl", "10.0", "< 11.0", "hex-matcher"),
        (PackageType::GoModule, "go-module", "golang.org/x/net", "v0.16.0", "< 0.17.0", "go-module-matcher"),
        (PackageType::Composer, "php-composer", "symfony/http-kernel", "v5.4.0", "< 5.4.20", "stock-matcher"),
        (PackageType::MsrcKb, "msrc-kb", "11926", "4480961", "4480961 || base", "msrc-matcher"),
        (PackageType::Bitnami, "bitnami", "redis", "7.0.0-3", "< 7.0.1", "bitnami-matcher"),
    ] {
        let database =
            MemoryAdvisories::new().with(advisory("X-1", "github").in_ecosystem(ecosystem, name, constraint));
        let outcome = outcome(&sbom("debian:12", [package(kind, name, version)]), &database);
        let [finding] = outcome.findings.as_slice() else { panic!("{kind} {name}: {outcome:?}") };
        assert_eq!(finding.details[0].matcher, matcher);
        assert_eq!(finding.details[0].kind, MatchKind::ExactDirect);
    }
}

#[test]
fn the_namespace_of_a_language_is_its_name() {
    let database = MemoryAdvisories::new().with(advisory("GHSA-1", "github").in_ecosystem("npm", "lodash", ""));
    let outcome = outcome(&sbom("", [package(PackageType::Npm, "lodash", "1.0.0")]), &database);
    assert_eq!(outcome.findings[0].vulnerability.namespace, "github:language:javascript");
    assert_eq!(outcome.findings[0].details[0].searched_by.key, SearchKey::Ecosystem("javascript".into()));
}

#[test]
fn python_names_come_in_several_spellings() {
    let database =
        MemoryAdvisories::new().with(advisory("PYSEC-1", "pypa").in_ecosystem("python", "zope-interface", ""));
    assert_eq!(found(package(PackageType::Python, "Zope.Interface", "5.0"), &database), ["PYSEC-1"]);
}

#[test]
fn java_archives_are_known_by_their_coordinates() {
    let database =
        MemoryAdvisories::new().with(advisory("GHSA-jfh8-c2jp-5v3q", "github").alias("CVE-2021-44228").in_ecosystem(
            "java-archive",
            "org.apache.logging.log4j:log4j-core",
            ">= 2.0-beta9, < 2.15.0",
        ));
    let core = java("org.apache.logging.log4j", "log4j-core", "2.14.1");
    assert_eq!(found(core, &database), ["GHSA-jfh8-c2jp-5v3q"]);
    assert!(found(java("com.example", "log4j-core", "2.14.1"), &database).is_empty());
}

#[test]
fn what_only_shares_the_name_is_ignored_with_the_reason() {
    let database =
        MemoryAdvisories::new().with(advisory("CVE-2008-4318", "github").in_ecosystem("gem", "observer", ""));
    let outcome = outcome(&sbom("", [package(PackageType::Gem, "observer", "0.1.1")]), &database);
    assert!(outcome.findings.is_empty());
    assert_eq!(outcome.ignored[0].reasons[0].reason, "another software of the same name");
}

#[test]
fn withdrawn_records_are_not_findings() {
    let database =
        MemoryAdvisories::new().with(advisory("GHSA-1", "github").rejected().in_ecosystem("npm", "lodash", ""));
    assert!(found(package(PackageType::Npm, "lodash", "1.0.0"), &database).is_empty());
}

#[test]
fn a_source_may_say_that_a_build_is_not_affected() {
    let database = MemoryAdvisories::new()
        .with(advisory("GHSA-1", "github").alias("CVE-1").in_ecosystem("python", "pillow", "< 10"))
        .with(advisory("CGA-1", "chainguard-libraries").alias("CVE-1").not_in_ecosystem(
            "python",
            "pillow",
            "= 9.5.0+cgr.1",
        ));
    let outcome = outcome(&sbom("", [package(PackageType::Python, "pillow", "9.5.0+cgr.1")]), &database);
    assert!(outcome.findings.is_empty());
    assert_eq!(outcome.ignored[0].reasons[0].reason, "UnaffectedPackageEntry");
}

#[test]
fn records_for_rebuilds_clear_rebuilds_only() {
    let database = MemoryAdvisories::new()
        .with(advisory("GHSA-1", "github").in_ecosystem("npm", "lodash", "< 5"))
        .with(advisory("GHSA-1", "rootio").not_in_ecosystem("npm", "lodash", "").for_rootio());
    assert_eq!(found(package(PackageType::Npm, "lodash", "4.0.0"), &database), ["GHSA-1"]);
    assert!(found(package(PackageType::Npm, "@rootio/lodash", "4.0.0"), &database).is_empty());
}

#[test]
fn only_the_fix_of_the_installed_branch_is_offered() {
    let database = MemoryAdvisories::new().with(
        advisory("GHSA-1", "github")
            .in_ecosystem("npm", "ws", ">= 7.0.0, < 7.5.10")
            .fixed("7.5.10")
            .or(">= 8.0.0, < 8.17.1")
            .fixed("8.17.1"),
    );
    let image = sbom("", [package(PackageType::Npm, "ws", "8.1.0")]);
    assert_eq!(outcome(&image, &database).findings[0].fix.versions, ["8.17.1"]);
    let baseline = match_sbom(&image, &database, &Options { like_grype: true, ..Options::default() }).unwrap();
    assert_eq!(baseline.findings[0].fix.versions, ["7.5.10", "8.17.1"]);
    assert_eq!(baseline.findings[0].fix.suggested.as_deref(), Some("8.17.1"));
    assert_eq!(baseline.findings[0].details[0].found.constraint, ">= 7.0.0, < 7.5.10||>= 8.0.0, < 8.17.1");
}

fn go(name: &str, version: &str, main_module: &str) -> Package {
    let binary = GoBinary { main_module: main_module.into(), ..GoBinary::default() };
    Package { metadata: Metadata::GoBinary(Box::new(binary)), ..package(PackageType::GoModule, name, version) }
}

#[test]
fn a_main_module_without_a_version_is_not_compared_and_not_clean() {
    let database =
        MemoryAdvisories::new().with(advisory("GO-1", "govulndb").in_ecosystem("go-module", "example.com/app", ""));
    for version in ["(devel)", "v0.0.0-20240101000000-abcdefabcdef"] {
        let outcome = outcome(&sbom("", [go("example.com/app", version, "example.com/app")]), &database);
        assert!(outcome.findings.is_empty());
        assert!(!outcome.coverage.is_complete(), "{version}");
    }
    assert_eq!(found(go("example.com/app", "v1.0.0", "example.com/app"), &database), ["GO-1"]);
    let pseudo = go("example.com/app", "v0.0.0-20240101000000-abcdefabcdef", "example.com/app");
    let options = Options { allow_main_module_pseudo_versions: true, ..Options::default() };
    assert_eq!(match_sbom(&sbom("", [pseudo]), &database, &options).unwrap().findings.len(), 1);
}

#[test]
fn the_go_standard_library_is_a_module() {
    let database = MemoryAdvisories::new()
        .with(advisory("GO-2023-1", "govulndb").in_ecosystem(
            "go-module",
            "stdlib",
            "< 1.20.10 || >= 1.21.0-0, < 1.21.3",
        ))
        .with(advisory("CVE-9", "nvd").in_product("golang:go", "< 1.21.9"));
    let stdlib = || with_cpe(go("stdlib", "go1.21.2", ""), "golang", "go");
    assert_eq!(found(stdlib(), &database), ["GO-2023-1"]);
    assert!(found(go("stdlib", "go1.21.3", ""), &database).is_empty());
    let cpes = CpeUse { golang_stdlib: true, ..CpeUse::default() };
    let outcome = match_sbom(&sbom("", [stdlib()]), &database, &Options { cpes, ..Options::default() }).unwrap();
    assert_eq!(outcome.findings.len(), 2);
}

#[test]
fn binaries_are_known_by_cpe() {
    let database = MemoryAdvisories::new()
        .with(
            advisory("CVE-1", "nvd")
                .severity("high")
                .in_product("python:python", ">= 3.11.0, < 3.11.4")
                .fixed("3.11.4"),
        )
        .with(advisory("CVE-2", "nvd").rejected().in_product("python:python", ""))
        .with(
            advisory("CVE-3", "nvd")
                .in_product("python:python", "")
                .platform("cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*"),
        );
    let binary = with_cpe(package(PackageType::Binary, "python", "3.11.2"), "python", "python");
    let outcome = outcome(&sbom("debian:12", [binary]), &database);
    let [finding] = outcome.findings.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(finding.vulnerability.namespace, "nvd:cpe");
    assert_eq!(finding.fix.state, FixState::Fixed);
    assert!(finding.details[0].confidence() < 1.0);
    assert_eq!(finding.details[0].found.cpes, ["cpe:2.3:a:python:python:*:*:*:*:*:*:*:*"]);
}

#[test]
fn several_cpes_that_lead_to_one_record_are_one_finding() {
    let database = MemoryAdvisories::new()
        .with(advisory("CVE-1", "nvd").in_product("f5:nginx", "< 1.25").in_product("nginx:nginx", "< 1.25"));
    let binary = with_cpe(with_cpe(package(PackageType::Binary, "nginx", "1.24.0"), "f5", "nginx"), "nginx", "nginx");
    let outcome = outcome(&sbom("", [binary]), &database);
    let [finding] = outcome.findings.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(finding.details[0].found.cpes.len(), 2);
    assert!(matches!(&finding.details[0].searched_by.key, SearchKey::Cpes(cpes) if cpes.len() == 2));
}

#[test]
fn language_packages_are_searched_by_cpe_only_if_wanted() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "nvd").in_product("lodash:lodash:node.js", "< 5"));
    let lodash = with_cpe(package(PackageType::Npm, "lodash", "4.0.0"), "lodash", "lodash");
    assert!(found(lodash.clone(), &database).is_empty());
    let cpes = CpeUse { javascript: true, ..CpeUse::default() };
    let outcome = match_sbom(&sbom("", [lodash]), &database, &Options { cpes, ..Options::default() }).unwrap();
    assert_eq!(outcome.findings.len(), 1);
}

#[test]
fn a_java_runtime_is_compared_as_one() {
    let database = MemoryAdvisories::new().with(advisory("CVE-1", "nvd").in_product("oracle:jdk", "< 1.8.0_303"));
    let runtime = |version| with_cpe(package(PackageType::Binary, "jdk", version), "oracle", "jdk");
    assert_eq!(found(runtime("1.8.0_302-b08"), &database), ["CVE-1"]);
    assert!(found(runtime("1.8.0_312-b08"), &database).is_empty());
}
