//! Equal inputs give equal outcomes, whatever the order of packages or the number of threads.

use proptest::prelude::*;
use windlass_matching::{
    Distribution, Finding, Options, Outcome, SortBy, VexDocument, match_sbom,
    testing::{MemoryAdvisories, advisory, deb_from, package},
};
use windlass_sbom::{Distro, Package, PackageType, Sbom};

fn database() -> MemoryAdvisories {
    let mut database = MemoryAdvisories::new();
    for number in 0..40 {
        let name = format!("source{}", number % 7);
        let cve = format!("CVE-2024-{number:04}");
        let severity = ["low", "medium", "high", "critical"][number % 4];
        database.insert(advisory(&cve, "debian").severity(severity).in_release(
            "debian:12",
            &name,
            &format!("< {}", number % 5),
        ));
        let module = format!("module{}", number % 5);
        database.insert(advisory(&format!("GHSA-{number}"), "github").alias(&cve).severity(severity).in_ecosystem(
            "npm",
            &module,
            &format!("< {}.0.0", number % 6),
        ));
        database.insert(advisory(&format!("OTHER-{number}"), "osv").alias(&cve).in_ecosystem("npm", &module, ""));
    }
    database
}

fn packages() -> Vec<Package> {
    let mut packages = Vec::new();
    for number in 0..150 {
        let source = format!("source{}", number % 9);
        packages.push(deb_from(&source, "", &format!("package{number}"), &format!("{}.1", number % 4)));
        packages.push(package(
            PackageType::Npm,
            &format!("module{}", number % 7),
            &format!("{}.0.{number}", number % 5),
        ));
    }
    for package in &mut packages {
        package.assign_id();
    }
    packages
}

fn image(packages: Vec<Package>) -> Sbom {
    let distro = Distro { id: "debian".into(), version_id: "12".into(), ..Distro::default() };
    Sbom { distro: Some(distro), packages, ..Sbom::default() }
}

/// What a reader sees, with packages named rather than numbered.
fn shown(image: &Sbom, outcome: &Outcome) -> String {
    let line = |finding: &Finding| {
        let package = &image.packages[finding.package];
        format!(
            "{} {} {} {:?} {:?} {:?} {:.4}\n",
            finding.vulnerability.id,
            package.name,
            package.version,
            finding.related.iter().map(|record| &record.id).collect::<Vec<_>>(),
            finding.fix,
            finding.details,
            finding.risk
        )
    };
    let text: Vec<String> = outcome.findings.iter().map(line).collect();
    format!("{}{:?}", text.concat(), outcome.coverage)
}

proptest! {
    #[test]
    fn no_bytes_make_a_vex_document_panic(
        start in proptest::sample::select(vec!["", r#"{"@context":"#, r#"{"document":"#, r#"{"bomFormat":"x","vulnerabilities":["#]),
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes: Vec<u8> = start.bytes().chain(rest).collect();
        if let Ok(document) = VexDocument::parse("any", &bytes) {
            prop_assert!(!document.id.is_empty());
        }
    }

    #[test]
    fn no_text_makes_reading_a_distribution_panic(text in ".{0,40}") {
        if let Ok(distribution) = Distribution::parse(&text) {
            prop_assert!(!distribution.kind.is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn neither_order_nor_threads_matter(
        shuffled in Just(packages()).prop_shuffle(),
        threads in 1_usize..6,
        sort in proptest::sample::select(SortBy::ALL.to_vec()),
        like_grype in any::<bool>(),
    ) {
        let database = database();
        let options = |threads| Options { threads, sort: sort.1, like_grype, ..Options::default() };
        let (sorted, shuffled) = (image(packages()), image(shuffled));
        let expected = match_sbom(&sorted, &database, &options(1)).unwrap();
        let outcome = match_sbom(&shuffled, &database, &options(threads)).unwrap();
        prop_assert!(!expected.findings.is_empty());
        prop_assert_eq!(shown(&sorted, &expected), shown(&shuffled, &outcome));
    }
}
