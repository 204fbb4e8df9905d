//! The sources over real data: every publisher's records come out in the numbers that the data holds, and what does not
//! come out is of a known kind.
//!
//! Needs a folder with `vulndata/`, given by `WINDLASS_SHARED` or lying beside the repository as `shared`.

#![expect(clippy::print_stderr, reason = "the time each source takes is part of what this test tells")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use windlass_advisories::{Record, Standing};
use windlass_feeds::{Summary, read, source};

fn data(part: &str) -> Option<PathBuf> {
    let given = std::env::var_os("WINDLASS_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = given.unwrap_or(beside).join("vulndata").join(part);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no vulnerability data at {}; set WINDLASS_SHARED", folder.display());
    None
}

/// What came out, counted: records by provider, statements by ecosystem and release.
#[derive(Default)]
struct Count {
    records: BTreeMap<String, u64>,
    statements: BTreeMap<String, u64>,
    ranges: u64,
}

fn count(name: &str, paths: &[&Path]) -> (Count, Summary) {
    let mut count = Count::default();
    let started = Instant::now();
    let summary = read(source(name).expect("a source of the list"), paths, &mut |provider, record| {
        *count.records.entry(provider.to_string()).or_default() += 1;
        if let Record::Advisory(advisory) = record {
            assert!(!advisory.name.is_empty() && !advisory.blob.references.is_empty(), "{advisory:?}");
            for package in &advisory.packages {
                let release = package.operating_system.as_ref().map_or("", |system| &system.name);
                let unaffected = if package.standing == Standing::Unaffected { " unaffected" } else { "" };
                let kind = format!("{} {release}{unaffected}", package.ecosystem);
                *count.statements.entry(kind.replace("  ", " ").trim_end().to_owned()).or_default() += 1;
                assert!(!package.blob.ranges.is_empty(), "{advisory:?}");
                count.ranges += package.blob.ranges.len() as u64;
            }
            if !advisory.cpes.is_empty() {
                *count.statements.entry("cpe".into()).or_default() += advisory.cpes.len() as u64;
            }
            count.ranges += advisory.cpes.iter().map(|cpe| cpe.blob.ranges.len() as u64).sum::<u64>();
        }
        Ok(())
    })
    .expect("data that can be read to its end");
    eprintln!("{name}: {} records in {:?}", summary.records, started.elapsed());
    assert_eq!(count.records.values().sum::<u64>(), summary.records);
    assert!(summary.providers.iter().map(|provider| &provider.id).eq(count.records.keys()));
    (count, summary)
}

fn account(count: &Count, summary: &Summary) -> String {
    let ranges = BTreeMap::from([("ranges".to_owned(), count.ranges)]);
    let parts = [
        ("records by provider", table(&count.records)),
        ("statements by package type and distribution", table(&count.statements)),
        ("ranges", table(&ranges)),
        ("skipped", table(&summary.skipped)),
    ];
    parts.iter().fold(String::new(), |text, (title, table)| text + title + "\n" + table)
}

fn table<'a>(rows: impl IntoIterator<Item = (&'a String, &'a u64)>) -> String {
    rows.into_iter().fold(String::new(), |text, (name, count)| text + &format!("{count:>7} {name}\n"))
}

#[test]
fn osv_archives_of_seventeen_ecosystems() {
    let Some(folder) = data("osv") else { return };
    let (count, summary) = count("osv", &[&folder]);
    insta::assert_snapshot!(account(&count, &summary));
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    // Two records of 2024 and 2025 say that they were last changed in 2027.
    let newest = summary.providers.iter().filter_map(|provider| provider.date_captured.as_deref()).max();
    assert!(newest.is_some_and(|newest| newest.starts_with("2026-08-21")), "{newest:?}");
    assert!(summary.providers.iter().all(|provider| provider.date_captured.is_some()));
}

#[test]
fn debians_tracker() {
    let Some(folder) = data("debian") else { return };
    let (count, summary) = count("debian", &[&folder]);
    insta::assert_snapshot!(account(&count, &summary));
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    assert_eq!(summary.providers[0].date_captured.as_deref(), Some("2023-07-14T00:00:00Z"));
}

#[test]
fn alpines_security_databases() {
    let Some(folder) = data("alpine") else { return };
    let (count, summary) = count("alpine", &[&folder]);
    insta::assert_snapshot!(account(&count, &summary));
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
}

#[test]
fn three_years_of_the_nvd_with_overrides() {
    let Some(folder) = data("nvd") else { return };
    let paths = [folder.join("anchore-nvd-data-overrides.tar.zst"), folder.join("api-2.0-by-year")];
    let (count, summary) = count("nvd", &[&paths[0], &paths[1]]);
    insta::assert_snapshot!(account(&count, &summary));
    assert!(summary.problems.is_empty(), "{:?}", summary.problems);
}

#[test]
fn exploited_vulnerabilities_scores_and_release_dates() {
    for (name, file, records) in [
        ("kev", "kev/known_exploited_vulnerabilities.json", 1662),
        ("epss", "epss", 360_142),
        ("eol", "eol/endoflife-products.json.zst", 207),
    ] {
        let Some(path) = data(file) else { return };
        let (_, summary) = count(name, &[&path]);
        assert_eq!(summary.records, records, "{name}");
        assert!(summary.problems.is_empty(), "{:?}", summary.problems);
    }
}
