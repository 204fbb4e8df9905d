//! What an answer is worth.

use windlass_matching::{
    AlertKind, Fit, Gap, GroupStanding, Options, Outcome, State, match_sbom,
    testing::{MemoryAdvisories, advisory, apk, deb, package, rpm, sbom, with_cpe},
};
use windlass_sbom::{PackageType, Sbom, Unknown};

fn database() -> MemoryAdvisories {
    MemoryAdvisories::new()
        .with_provider("debian", "2026-01-01T00:00:00Z")
        .with_provider("github", "2026-01-02T00:00:00Z")
        .with_provider("nvd", "2026-01-03T00:00:00Z")
        .with_release("debian:12", "")
}

fn scan(image: &Sbom) -> Outcome {
    match_sbom(image, &database(), &Options::default()).unwrap()
}

fn gap(image: &Sbom) -> Gap {
    let outcome = scan(image);
    assert_eq!(outcome.state(), State::Unknown, "{outcome:?}");
    let mut gaps = outcome.coverage.groups.iter().filter_map(|group| match &group.standing {
        GroupStanding::Unknown(gap) => Some(gap.clone()),
        _ => None,
    });
    gaps.next().unwrap()
}

#[test]
fn an_artifact_that_was_compared_and_has_no_findings_is_clean() {
    let image = sbom("debian:12", [deb("bash", "5.2"), deb("apt", "2.6"), package(PackageType::Npm, "ws", "8.0.0")]);
    let outcome = scan(&image);
    assert_eq!(outcome.state(), State::Clean, "{outcome:?}");
    let [debs, npms] = outcome.coverage.groups.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((debs.kind, debs.packages, debs.examples.join(" ")), (PackageType::Deb, 2, "apt bash".into()));
    let GroupStanding::Matched(sources) = &debs.standing else { panic!("{debs:?}") };
    assert_eq!(sources[0].provider, "debian");
    assert_eq!(sources[0].captured.as_deref(), Some("2026-01-01T00:00:00Z"));
    let GroupStanding::Matched(sources) = &npms.standing else { panic!("{npms:?}") };
    assert_eq!(sources[0].provider, "github");
}

#[test]
fn whatever_was_not_compared_is_named_with_the_reason() {
    let text = String::from;
    for (image, expected) in [
        (sbom("", [deb("bash", "5.2")]), Gap::DistributionUnknown),
        (sbom("slackware:15", [rpm("bash", "5.2")]), Gap::NoDataForDistribution(text("slackware 15"))),
        (sbom("debian:9", [deb("bash", "5.2")]), Gap::NoDataForDistribution(text("debian 9"))),
        (sbom("debian:12", [deb("bash", "")]), Gap::NoVersion),
        (sbom("", [package(PackageType::Npm, "ws", "UNKNOWN")]), Gap::NoVersion),
        (sbom("", [package(PackageType::LuaRocks, "lpeg", "1.0")]), Gap::NoCpe),
        (sbom("", [package(PackageType::Cran, "shiny", "1.0")]), Gap::NoProvider(text("R-package"))),
        (sbom("", [package(PackageType::Binary, "curl", "8.0")]), Gap::NoCpe),
        (sbom("", [package(PackageType::JavaArchive, "app", "1.0")]), Gap::NoCoordinates),
    ] {
        assert_eq!(gap(&image), expected);
    }
}

#[test]
fn a_binary_with_a_cpe_is_compared_with_the_nvd() {
    let image = sbom("", [with_cpe(package(PackageType::Binary, "curl", "8.0"), "haxx", "curl")]);
    assert_eq!(scan(&image).state(), State::Clean);
}

#[test]
fn one_package_that_was_not_compared_is_enough_to_be_unknown() {
    let image = sbom("debian:12", [deb("bash", "5.2"), package(PackageType::Binary, "mystery", "1.0")]);
    let outcome = scan(&image);
    assert_eq!(outcome.state(), State::Unknown);
    assert_eq!(outcome.coverage.unmatched_packages(), 1);
}

#[test]
fn an_artifact_without_packages_is_not_clean() {
    assert_eq!(scan(&sbom("debian:12", [])).state(), State::Unknown);
}

#[test]
fn an_unreadable_package_database_is_not_clean() {
    let mut image = sbom("debian:12", [deb("bash", "5.2")]);
    image.unknowns.push(Unknown {
        path: "/var/lib/rpm/Packages".into(),
        found_by: "rpm-db-cataloger".into(),
        reason: "the file is cut short".into(),
    });
    let outcome = scan(&image);
    assert_eq!(outcome.state(), State::Unknown);
    assert_eq!(outcome.coverage.unreadable.len(), 1);
}

#[test]
fn a_record_that_cannot_be_compared_is_counted_by_name() {
    let database = database().with(advisory("CVE-1", "debian").in_release("debian:12", "bash", "< > 5"));
    let outcome = match_sbom(&sbom("debian:12", [deb("bash", "5.2")]), &database, &Options::default()).unwrap();
    assert!(outcome.findings.is_empty());
    assert_eq!(outcome.state(), State::Unknown);
    let [error] = outcome.coverage.incomparable.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((error.vulnerability.as_str(), error.provider.as_str(), error.package), ("CVE-1", "debian", 0));
}

#[test]
fn a_range_that_cannot_be_read_does_not_hide_one_that_can() {
    let database = database().with(advisory("CVE-1", "debian").in_release("debian:12", "bash", "< > 5").or("< 6"));
    let outcome = match_sbom(&sbom("debian:12", [deb("bash", "5.2")]), &database, &Options::default()).unwrap();
    assert_eq!(outcome.findings.len(), 1);
}

#[test]
fn a_space_between_two_bounds_means_both() {
    let database = database().with(advisory("CVE-1", "debian").in_release("debian:12", "bash", ">= 5.0 < 5.3"));
    let scan = |version: &str| {
        match_sbom(&sbom("debian:12", [deb("bash", version)]), &database, &Options::default()).unwrap().findings.len()
    };
    assert_eq!((scan("5.2"), scan("5.3")), (1, 0));
}

#[test]
fn a_distribution_past_its_end_of_life_is_not_clean() {
    let database =
        MemoryAdvisories::new().with_provider("debian", "2026-01-01T00:00:00Z").with_release("debian:10", "2024-06-30");
    let image = sbom("debian:10.13", [deb("bash", "5.0")]);
    let on = |today: &str| {
        let options = Options { today: Some(today.into()), ..Options::default() };
        match_sbom(&image, &database, &options).unwrap()
    };
    assert_eq!(on("2024-06-30").state(), State::Clean);
    let late = on("2024-07-01");
    assert_eq!(late.state(), State::Unknown);
    let distribution = late.coverage.distribution.unwrap();
    assert!(distribution.is_past_end_of_life);
    assert_eq!((distribution.eol_date.as_str(), distribution.fit), ("2024-06-30", Fit::Major));
    assert_eq!(late.alerts[0].kind, AlertKind::DistroEndOfLife);
    assert_eq!(late.alerts[0].message, "debian 10.13 gets no security updates since 2024-06-30");
}

#[test]
fn packages_of_an_unknown_distribution_raise_an_alert() {
    let outcome = scan(&sbom("slackware:15", [rpm("bash", "5.2")]));
    assert_eq!(outcome.alerts[0].kind, AlertKind::DistroUnknown);
}

#[test]
fn alpine_names_both_of_its_sources() {
    let database = database().with_provider("alpine", "2026-01-01T00:00:00Z").with_release("alpine:3.19", "");
    let outcome =
        match_sbom(&sbom("alpine:3.19.1", [apk("", "zlib", "1-r0")]), &database, &Options::default()).unwrap();
    let GroupStanding::Matched(sources) = &outcome.coverage.groups[0].standing else { panic!("{outcome:?}") };
    let ids: Vec<&str> = sources.iter().map(|source| source.provider.as_str()).collect();
    assert_eq!(ids, ["alpine", "nvd"]);
}

#[test]
fn a_database_that_cannot_answer_is_an_error_not_a_clean_result() {
    let database = database().with_broken("bash");
    let error = match_sbom(&sbom("debian:12", [deb("bash", "5.2")]), &database, &Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the vulnerability database could not answer for records of bash: database disk image is malformed"
    );
}

#[test]
fn a_defect_in_matching_one_package_does_not_take_the_others_along() {
    let database =
        database().with_panicking("bash").with(advisory("CVE-1", "debian").in_release("debian:12", "apt", ""));
    let image = sbom("debian:12", [deb("apt", "2.6"), deb("bash", "5.2")]);
    let outcome = match_sbom(&image, &database, &Options::default()).unwrap();
    assert_eq!(outcome.findings.len(), 1);
    let [failure] = outcome.coverage.failures.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((failure.package, failure.reason.as_str()), (1, "a defect in matching bash"));
    assert!(!outcome.coverage.is_complete());
}
