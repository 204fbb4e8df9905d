//! How long matching an image takes, without the time of a real database:
//! `cargo bench -p windlass-matching --bench image`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use windlass_matching::{
    Options, match_sbom,
    testing::{MemoryAdvisories, advisory, deb_from, package, sbom, with_cpe},
};
use windlass_sbom::{PackageType, Sbom};

/// Sources, each with a hundred records of which the package fails one: what a Debian release looks like.
const SOURCES: usize = 200;
const RECORDS: usize = 100;

fn database() -> MemoryAdvisories {
    let mut database = MemoryAdvisories::new();
    for source in 0..SOURCES {
        for record in 0..RECORDS {
            let cve = format!("CVE-{source:04}-{record:04}");
            let fixed = format!("1.{record}-1");
            let about = advisory(&cve, "debian").severity("medium");
            database
                .insert(about.in_release("debian:12", &format!("source{source}"), &format!("< {fixed}")).fixed(&fixed));
            let product = format!("vendor:product{source}");
            database.insert(advisory(&cve, "nvd").severity("high").in_product(&product, &format!("< 1.{record}")));
        }
        let module = format!("module{source}");
        for record in 0..10 {
            let ghsa = format!("GHSA-{source:04}-{record:04}");
            database.insert(advisory(&ghsa, "github").in_ecosystem("npm", &module, &format!("< 1.{record}.0")));
        }
    }
    database
}

/// 600 packages: half from a distribution, some binaries, the rest from npm.
fn image() -> Sbom {
    let debs =
        (0..300).map(|number| deb_from(&format!("source{}", number % SOURCES), "", &format!("deb{number}"), "1.98-1"));
    let npms = (0..250).map(|number| package(PackageType::Npm, &format!("module{}", number % SOURCES), "1.8.0"));
    let binaries = (0..50).map(|number| {
        with_cpe(
            package(PackageType::Binary, &format!("binary{number}"), "1.98"),
            "vendor",
            &format!("product{number}"),
        )
    });
    sbom("debian:12", debs.chain(npms).chain(binaries).collect::<Vec<_>>())
}

fn bench(criterion: &mut Criterion) {
    let (database, image) = (database(), image());
    for threads in [1, 0] {
        let options = Options { threads, ..Options::default() };
        let name = if threads == 1 { "600 packages, one thread" } else { "600 packages" };
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| match_sbom(black_box(&image), &database, &options));
        });
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
