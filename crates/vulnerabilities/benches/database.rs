//! How long it takes to build a database of 300,000 package rows and 100,000 product rows, to ask it what a scan of
//! 600 packages asks, and to see what differs from it in one with 500 other records. Run it with
//! `cargo bench -p windlass-vulnerabilities`; it prints one line for each step. With two files,
//! `cargo bench -p windlass-vulnerabilities -- OLD NEW`, it only says what differs between those.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use windlass_advisories::{
    Advisories, Advisory, CpeAttributes, CpeStatement, Fix, FixState, OperatingSystem, PackageBlob, PackageStatement,
    Range, Record, Severity, SeverityValue, Standing, VersionConstraint, VulnerabilityBlob,
};
use windlass_vulnerabilities::{Builder, Database, Finish, changes};

const ADVISORIES: usize = 100_000;
const PACKAGES: usize = 20_000;
const RELEASES: [&str; 3] = ["11", "12", "13"];
const SCANNED: usize = 600;
/// One of so many records is altered for the comparison.
const ALTERED: usize = 400;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [old, new] = given.as_slice() {
        return compare(Path::new(old), Path::new(new));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vulnerability.db");
    let (summary, time) = timed(|| build(&path, usize::MAX));
    println!("build: {time:?} for {} package and {} product rows, {} bytes", summary.0, summary.1, summary.2);
    for round in 1..=3 {
        let ((rows, opened), time) = timed(|| scan(&path));
        println!("scan {round}: {time:?} for {SCANNED} packages and {rows} rows, of which {opened:?} to open");
    }
    let other = folder.path().join("other.db");
    build(&other, ALTERED);
    compare(&path, &other);
}

fn compare(old: &Path, new: &Path) {
    let (old, new) = (Database::open(old).unwrap(), Database::open(new).unwrap());
    let (touched, time) = timed(|| changes(&old, &new).unwrap());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    println!(
        "changes: {time:?} for {} records and {} predictions that differ, {} keys; peak of the process {peak}",
        touched.records,
        touched.predictions.len(),
        touched.keys.len()
    );
}

/// One record of `altered` says something else.
fn build(path: &Path, altered: usize) -> (u64, u64, u64) {
    let mut builder = Builder::create(path, Timestamp::UNIX_EPOCH).unwrap();
    for number in 0..ADVISORIES {
        let mut record = product_advisory(number);
        if number % altered == 1 {
            record.blob.description.push_str("More is known since.");
        }
        builder.add("nvd", Record::Advisory(Box::new(record))).unwrap();
    }
    for number in 0..ADVISORIES {
        let mut record = package_advisory(number);
        if number % altered == 1 {
            record.packages.pop();
        }
        builder.add("debian", Record::Advisory(Box::new(record))).unwrap();
    }
    let summary = builder.finish(Finish::Ready, &mut |_| ()).unwrap();
    (summary.packages, summary.cpes, summary.bytes)
}

/// What a scan asks: its packages by name in one release, products by four guessed vendors, and the records found.
fn scan(path: &Path) -> (usize, Duration) {
    let (database, opened) = timed(|| Database::open(path).unwrap());
    let releases = database.operating_systems("debian").unwrap();
    let release = [releases[0].0];
    let mut rows = 0;
    for number in (0..PACKAGES).step_by(PACKAGES / SCANNED).take(SCANNED) {
        let name = package(number);
        for found in database.by_distribution(&name, &release, Standing::Affected).unwrap() {
            database.vulnerability(found.vulnerability).unwrap();
            rows += 1;
        }
        for vendor in ["vendor", "gnu", "debian", "apache"] {
            rows += database.by_cpe(&product(vendor, number)).unwrap().len();
        }
    }
    (rows, opened)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work();
    (value, start.elapsed())
}

fn package(number: usize) -> String {
    format!("package-{number}")
}

fn product(vendor: &str, number: usize) -> CpeAttributes {
    CpeAttributes { part: "a".into(), vendor: vendor.into(), product: package(number), ..CpeAttributes::default() }
}

fn advisory(number: usize) -> Advisory {
    let name = format!("CVE-2026-{number}");
    let severity =
        Severity { scheme: "CHMLN".into(), value: SeverityValue::Word("high".into()), source: String::new(), rank: 1 };
    let blob = VulnerabilityBlob {
        id: name.clone(),
        description: "A flaw of average length, described in the words that such descriptions have. ".repeat(3),
        severities: vec![severity],
        ..VulnerabilityBlob::default()
    };
    Advisory { name, published: Some("2026-01-02T03:04:05Z".into()), blob, ..Advisory::default() }
}

/// Few products have many advisories, as it is: the square leans towards low numbers.
fn subject(number: usize) -> usize {
    let spread = number % 1_000;
    (spread * spread / 1_000 * (PACKAGES / 1_000) + number / 1_000 % (PACKAGES / 1_000)) % PACKAGES
}

fn product_advisory(number: usize) -> Advisory {
    let cpe = CpeStatement {
        standing: Standing::Affected,
        cpe: product("vendor", subject(number)),
        blob: below("", number, 0),
    };
    Advisory { cpes: vec![cpe], ..advisory(number) }
}

fn package_advisory(number: usize) -> Advisory {
    let statement = |(at, major): (usize, &&str)| PackageStatement {
        standing: Standing::Affected,
        ecosystem: "deb".into(),
        name: package(subject(number)),
        operating_system: Some(OperatingSystem {
            name: "debian".into(),
            release_id: "debian".into(),
            major_version: (*major).into(),
            ..OperatingSystem::default()
        }),
        blob: below("dpkg", number, at),
    };
    Advisory { packages: RELEASES.iter().enumerate().map(statement).collect(), ..advisory(number) }
}

fn below(format: &str, number: usize, release: usize) -> PackageBlob {
    let version = format!("{}.{}.{release}-1", number % 40, number % 13);
    let range = Range {
        version: VersionConstraint { format: format.into(), constraint: format!("< {version}") },
        fix: Some(Fix { version, state: FixState::Fixed, detail: None }),
    };
    PackageBlob { cves: vec![format!("CVE-2026-{number}")], ranges: vec![range], ..PackageBlob::default() }
}
