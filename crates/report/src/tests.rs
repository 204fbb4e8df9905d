//! One small scan in every format.

use windlass_matching::{
    Coverage, Gap, GroupCoverage, GroupStanding, Options, Outcome, PackageFailure, RecordError, Severity, match_sbom,
    testing::{MemoryAdvisories, advisory, deb, package, sbom},
};
use windlass_sbom::{Evidence, Location, PackageType, Sbom, Unknown, formats::Document};

use super::*;

fn image() -> Sbom {
    let mut lodash = package(PackageType::Npm, "lodash", "4.17.15");
    lodash.purl = Some("pkg:npm/lodash@4.17.15".into());
    lodash.locations = vec![Location::new("/app/node_modules/lodash/package.json", None, Evidence::Primary)];
    let evil = package(PackageType::Npm, "evil\u{1b}[31m|<b>", "1.0.0");
    let mut image =
        sbom("debian:12", [lodash, evil, deb("openssl", "3.0.11-1"), package(PackageType::Opam, "dune", "3")]);
    for package in &mut image.packages {
        package.assign_id();
    }
    image.sort();
    image
}

fn advisories() -> MemoryAdvisories {
    MemoryAdvisories::new()
        .with_provider("github", "2026-08-01T00:00:00Z")
        .with_provider("debian", "2026-08-01T00:00:00Z")
        .with(
            advisory("GHSA-35jh-r3h4-6jhm", "github")
                .alias("CVE-2021-23337")
                .severity("high")
                .in_ecosystem("npm", "lodash", "< 4.17.21")
                .fixed("4.17.21"),
        )
        .with(advisory("GHSA-evil-evil-evil", "github").severity("low").in_ecosystem("npm", "evil\u{1b}[31m|<b>", ""))
        .with(
            advisory("CVE-2024-0727", "debian")
                .severity("medium")
                .in_release("debian:12", "openssl", "< 3.0.13-1~deb12u1")
                .fixed("3.0.13-1~deb12u1"),
        )
        .with_epss("CVE-2021-23337", 0.25, 0.9)
        .with_known_exploited("CVE-2021-23337", false)
}

fn written(image: &Sbom, format: Format, fail_on: Option<Severity>) -> String {
    write_out(image, &matched(image), format, fail_on)
}

fn matched(image: &Sbom) -> Outcome {
    match_sbom(image, &advisories(), &Options::default()).expect("a database in memory answers")
}

fn write_out(image: &Sbom, outcome: &Outcome, format: Format, fail_on: Option<Severity>) -> String {
    let database = DatabaseDescription {
        schema: "6.1.9".into(),
        built: "2026-08-02T00:00:00Z".into(),
        path: "vulnerability.db".into(),
        providers: Vec::new(),
    };
    let document = Document { created: None, tool_version: "0.1.0".into() };
    let report = Report { sbom: image, outcome, database: &database, fail_on, policy: None, document: &document };
    let mut out = Vec::new();
    write(&report, format, &mut out).expect("memory can be written");
    String::from_utf8(out).expect("reports are UTF-8")
}

#[test]
fn the_table_shows_findings_upgrades_coverage_and_the_verdict() {
    insta::assert_snapshot!(written(&image(), Format::Table, Some(Severity::High)));
}

#[test]
fn the_markdown_cannot_be_broken_by_a_package_name() {
    insta::assert_snapshot!(written(&image(), Format::Markdown, Some(Severity::Critical)));
}

#[test]
fn the_json_documents_are_stable() {
    for (name, format) in [("json", Format::Json), ("grype-json", Format::GrypeJson), ("sarif", Format::Sarif)] {
        insta::assert_snapshot!(name, written(&image(), format, Some(Severity::High)));
    }
}

#[test]
fn junit_counts_only_what_fails_the_gate_as_failed() {
    let document = written(&image(), Format::Junit, Some(Severity::High));
    assert!(document.contains("tests=\"4\""), "{document}");
    assert!(document.contains("failures=\"1\""), "{document}");
    assert!(!document.contains('\u{1b}'), "no control character of a name gets through");
}

#[test]
fn every_format_is_the_same_on_every_run_and_says_that_the_answer_is_incomplete() {
    let mut image = image();
    image.unknowns.push(Unknown { path: "/opt/broken.jar".into(), found_by: "java".into(), reason: "damaged".into() });
    for (name, format) in Format::ALL {
        let first = written(&image, *format, None);
        assert_eq!(first, written(&image, *format, None), "{name}");
        assert!(first.contains("broken.jar"), "{name} does not name what could not be read");
        assert!(!first.contains('\u{1b}'), "{name} lets a control character through");
    }
}

#[test]
fn whatever_keeps_an_answer_from_being_complete_is_told_in_every_format_for_people() {
    type Spoil<'a> = &'a dyn Fn(&mut Coverage);
    let image = sbom("debian:12", [deb("openssl", "3.0.13-1~deb12u1")]);
    let complete = matched(&image);
    assert!(complete.coverage.is_complete());
    let reason = || "it is no version".to_owned();
    let unknown = GroupCoverage {
        kind: PackageType::Opam,
        standing: GroupStanding::Unknown(Gap::NoProvider("opam".into())),
        packages: 7,
        examples: vec!["dune".into()],
    };
    let broken = Unknown { path: "/opt/broken.jar".into(), found_by: "java".into(), reason: "damaged".into() };
    let record =
        RecordError { vulnerability: "CVE-2024-1".into(), provider: "debian".into(), package: 0, reason: reason() };
    let causes: [(&str, Spoil<'_>); 6] = [
        ("no package was found", &|coverage| coverage.groups.clear()),
        ("debian 12 gets no security updates since 2020-01-01", &|coverage| {
            let own = coverage.distribution.get_or_insert_default();
            (own.name, own.eol_date, own.is_past_end_of_life) = ("debian 12".into(), "2020-01-01".into(), true);
        }),
        ("7 opam packages not compared", &|coverage| coverage.groups.push(unknown.clone())),
        ("/opt/broken.jar could not be read: damaged", &|coverage| coverage.unreadable.push(broken.clone())),
        ("CVE-2024-1 (debian) could not be compared: it is no version", &|coverage| {
            coverage.incomparable.push(record.clone());
        }),
        ("openssl could not be matched: it is no version", &|coverage| {
            coverage.failures.push(PackageFailure { package: 0, reason: reason() });
        }),
    ];
    let formats = [Format::Table, Format::Sarif, Format::Junit, Format::Markdown, Format::CycloneDxJson];
    for (sentence, spoil) in causes {
        let mut outcome = complete.clone();
        spoil(&mut outcome.coverage);
        assert!(!outcome.coverage.is_complete(), "{sentence}");
        for format in formats {
            let told = write_out(&image, &outcome, format, None);
            assert!(told.contains(sentence), "{format:?} does not tell that {sentence}: {told}");
            let clean = write_out(&image, &complete, format, None);
            assert!(!clean.contains(sentence), "{format:?} tells of a complete answer that {sentence}: {clean}");
        }
        let table = write_out(&image, &outcome, Format::Table, None);
        assert!(!table.contains("every package was compared"), "{table}");
        assert!(write_out(&image, &outcome, Format::GrypeJson, None).contains("\"complete\": false"));
    }
}

#[test]
fn an_image_that_could_not_be_compared_is_unknown_and_never_clean() {
    let nothing_known = sbom("debian:12", [package(PackageType::Opam, "dune", "3")]);
    let table = written(&nothing_known, Format::Table, Some(Severity::Low));
    assert!(table.contains("UNKNOWN: nothing found, but not everything could be compared"), "{table}");
    let clean = sbom("debian:12", [deb("openssl", "3.0.13-1~deb12u1")]);
    let table = written(&clean, Format::Table, Some(Severity::Low));
    assert!(table.contains("CLEAN: nothing found, every package was compared"), "{table}");
}

#[test]
fn an_unknown_format_is_answered_with_the_nearest() {
    let error = Format::parse("serif").expect_err("no format");
    assert!(error.contains("did you mean \"sarif\""), "{error}");
}
