//! How long matching takes, without the time of a real database: an image, ten thousand package versions apart from any,
//! and an image put together from what is known of its packages:
//! `cargo bench -p windlass-matching --bench image`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use windlass_matching::{
    Answer, Inventory, Matcher, Options, PackageInput, Records, Surroundings, compose, match_packages, match_sbom,
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
    let options = Options::default();
    criterion.bench_function("600 packages, read and told apart", |bencher| {
        bencher.iter(|| Inventory::of(black_box(&image), &options));
    });
    let inventory = Inventory::of(&image, &options);
    let outcomes = match_packages(inventory.inputs(), &database, &options).expect("the database answers");
    let answers = Answer::all(outcomes, &inventory, &options);
    let surroundings =
        Surroundings::look_up(inventory.distributions(), &database, &options).expect("the database answers");
    criterion.bench_function("600 packages, composed", |bencher| {
        bencher.iter(|| compose(black_box(&image), &inventory, &answers, &surroundings, &options));
    });
    let mut matcher = Matcher::new(&database, options.clone()).expect("there are no rules");
    criterion.bench_function("600 packages, matched before", |bencher| {
        bencher.iter(|| matcher.match_sbom(black_box(&image)));
    });
    let inputs: Vec<PackageInput> = (0..10_000)
        .map(|number| {
            let version = format!("1.{}.{}", number % 100, number / 100);
            PackageInput::of(&package(PackageType::Npm, &format!("module{}", number % SOURCES), &version), None, false)
        })
        .collect();
    let mut group = criterion.benchmark_group("10,000 package versions");
    group.sample_size(10);
    group.bench_function("matched", |bencher| {
        bencher.iter(|| match_packages(black_box(&inputs), &database, &options));
    });
    let outcomes = match_packages(&inputs, &database, &options).expect("the database answers");
    group.bench_function("stored", |bencher| {
        bencher.iter(|| {
            let mut records = Records::new();
            let store = |(outcome, input): (&windlass_matching::PackageOutcome, &PackageInput)| {
                outcome.store(input, &options, &mut records)
            };
            outcomes.iter().zip(&inputs).map(store).collect::<Vec<_>>()
        });
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
