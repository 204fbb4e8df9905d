//! `cargo bench -p windlass-versions`: one constraint evaluated for one package, per format.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use windlass_versions::{Constraint, Format, Options, Version, satisfies};

/// Package version, its format, constraint and its format: as they meet in a scan.
const MEETINGS: [(&str, Format, &str, Format); 13] = [
    ("3.1.4-r5", Format::Apk, "< 3.1.4-r6", Format::Apk),
    ("2.36-9+deb12u3", Format::Deb, "< 2.36-9+deb12u4", Format::Deb),
    ("1:1.1.1k-9.el8_7", Format::Rpm, "< 1:1.1.1k-12.el8_9", Format::Rpm),
    ("3.1.4-1", Format::Pacman, "< 3.1.4-2", Format::Pacman),
    ("3.1.4_p1-r2", Format::Portage, "< 3.1.4_p2", Format::Portage),
    ("2.31.0", Format::Python, ">= 2.3.0, < 2.31.0", Format::Python),
    ("7.0.4.1", Format::Gem, ">= 7.0.0, < 7.0.4.3", Format::Gem),
    ("2.14.1", Format::Maven, ">= 2.13.0, < 2.15.0", Format::Fuzzy),
    ("v0.0.0-20220722155217-630584e8d5aa", Format::Go, "< 0.7.0", Format::Go),
    ("1.8.0_302-b08", Format::Jvm, "< 1.8.0_311", Format::Jvm),
    ("16.2.0-15", Format::Bitnami, ">= 16.0.0, < 16.4.0", Format::Bitnami),
    ("4.17.20", Format::Fuzzy, ">= 4.0.0, < 4.17.21", Format::Semantic),
    ("1.0.2k", Format::Fuzzy, ">= 1.0.2, < 1.0.2zg || >= 1.1.1, < 1.1.1o", Format::Fuzzy),
];

fn satisfying(criterion: &mut Criterion) {
    let options = Options::default();
    let mut from_text = criterion.benchmark_group("satisfies");
    for (version, format, constraint, constraint_format) in MEETINGS {
        from_text.bench_function(format!("{format}: {version} {constraint}"), |bencher| {
            bencher.iter(|| satisfies(black_box(version), format, black_box(constraint), constraint_format, &options));
        });
    }
    from_text.finish();

    let mut parsed = criterion.benchmark_group("parsed");
    for (version, format, constraint, constraint_format) in MEETINGS {
        let name = format!("{format}: {version} {constraint}");
        let version = Version::parse(version, format).expect("the table holds versions");
        let constraint = Constraint::parse(constraint, constraint_format).expect("the table holds constraints");
        parsed.bench_function(name, |bencher| {
            bencher.iter(|| black_box(&constraint).matches(black_box(&version), &options));
        });
    }
    parsed.finish();
}

criterion_group!(benches, satisfying);
criterion_main!(benches);
