//! How long a verdict takes: `cargo bench -p windlass-policy`.

mod scenario;

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use scenario::{FINDINGS, PACKAGES};
use windlass_advisories::FixState;
use windlass_matching::{Finding, Fix, Flaw, Outcome, Severity, Vulnerability};
use windlass_policy::{Bundle, CompiledBundle, Image, Knowledge, Profile, Request};

fn outcome() -> Outcome {
    let finding = |number: usize| {
        let fixed = number.is_multiple_of(2);
        let versions = if fixed { vec!["2.0-1".to_owned()] } else { Vec::new() };
        let vulnerability = Vulnerability {
            id: format!("CVE-2024-{number:05}"),
            namespace: "debian:distro:debian:12".into(),
            data_source: "https://security-tracker.debian.org/tracker".into(),
            severity: Severity::ALL[number % Severity::ALL.len()],
            ..Vulnerability::default()
        };
        Finding::new(
            number % PACKAGES,
            Flaw {
                vulnerability: Arc::new(vulnerability),
                fix: Fix {
                    state: if fixed { FixState::Fixed } else { FixState::NotFixed },
                    suggested: versions.first().cloned(),
                    versions,
                    ..Fix::default()
                },
                ..Flaw::default()
            },
        )
    };
    Outcome { findings: (0..FINDINGS).map(finding).collect(), ..Outcome::default() }
}

fn bundle() -> CompiledBundle {
    let bundle = Bundle::from_value(scenario::bundle()).expect("the shape of a bundle");
    assert_eq!(bundle.validate(), []);
    CompiledBundle::new(Arc::new(bundle), Profile::Compat)
}

/// How many rows there are.
fn judge<'i>(compiled: &CompiledBundle, image: &'i Image<'i>) -> usize {
    let now = "2024-06-01T00:00:00Z".parse().expect("a time");
    let evaluation = compiled.evaluate(&Request::new(image, "docker.io/library/app:1", now));
    assert_eq!(evaluation.problems, []);
    evaluation.rows().count()
}

fn evaluate(criterion: &mut Criterion) {
    let (sbom, outcome, compiled) = (scenario::sbom(0), outcome(), bundle());
    assert_eq!(compiled.policies()[0].rules.len(), 100);
    let warm = Image::new(&sbom, &outcome, Knowledge::default());
    eprintln!("{} rows", judge(&compiled, &warm));
    criterion.bench_function("evaluate/warm", |bencher| bencher.iter(|| black_box(judge(&compiled, &warm))));
    criterion.bench_function("evaluate/first", |bencher| {
        bencher.iter(|| {
            let image = Image::new(&sbom, &outcome, Knowledge::default());
            black_box(judge(&compiled, &image))
        });
    });
    criterion.bench_function("compile", |bencher| bencher.iter(|| black_box(bundle())));
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
