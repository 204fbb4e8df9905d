//! What judging an analysis that was saved takes, step by step, in processor time of one thread; on Linux.
//!
//! `cargo run --release -p windlass-policy --example saved -- ANALYSES FORMAT`

#[path = "../benches/scenario/mod.rs"]
mod scenario;

use std::{env, error::Error, fs, sync::Arc};

use scenario::{FINDINGS, PACKAGES};
use windlass_matching::{
    Matcher, Options,
    testing::{MemoryAdvisories, advisory},
};
use windlass_policy::{Bundle, CompiledBundle, Image, Knowledge, Profile, Request};
use windlass_sbom::formats::{self, Document, Format, Saved};

/// Images that are made; further analyses are the same again.
const IMAGES: usize = 10;
/// Analyses before time is taken.
const WARM_UP: usize = 2 * IMAGES;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [analyses, format] = arguments.as_slice() else { return Err("usage: saved ANALYSES FORMAT".into()) };
    let (analyses, format) = (analyses.parse::<usize>()?, Format::parse(format)?);
    let mut documents = Vec::new();
    for image in 0..IMAGES {
        let mut document = Vec::new();
        formats::write(&scenario::sbom(image), format, &Document::default(), &mut document)?;
        documents.push(document);
    }
    let database = advisories();
    let options = Options { threads: 1, today: Some("2024-06-01".into()), ..Options::default() };
    let mut matcher = Matcher::new(&database, options)?;
    let bundle = CompiledBundle::new(Arc::new(Bundle::from_value(scenario::bundle())?), Profile::Compat);
    let (now, mut rows, mut spent) = ("2024-06-01T00:00:00Z".parse()?, 0, [0.0; 4]);
    for number in 0..WARM_UP + analyses {
        let begun = processor_time()?;
        let [read, matched, judged] = {
            let Saved { sbom, files } = formats::read_saved(&documents[number % IMAGES], bundle.wanted())?;
            let read = processor_time()?;
            let outcome = matcher.match_sbom(&sbom)?;
            let matched = processor_time()?;
            let image = Image::new(&sbom, &outcome, Knowledge::default()).with_files(&files);
            rows = bundle.evaluate(&Request::new(&image, "docker.io/library/app:1", now)).rows().count();
            [read, matched, processor_time()?]
        };
        let steps = [read - begun, matched - read, judged - matched, processor_time()? - judged];
        if number >= WARM_UP {
            spent.iter_mut().zip(steps).for_each(|(sum, step)| *sum += step);
        }
    }
    let [read, matched, judged, cleaned] = spent.map(|sum| sum / analyses as f64);
    eprintln!("{} bytes, {rows} rows; milliseconds an analysis:", documents[0].len());
    eprintln!("read {read:.3}, match {matched:.3}, judge {judged:.3}, clean up {cleaned:.3}");
    Ok(())
}

/// Milliseconds that this thread has had of a processor.
fn processor_time() -> Result<f64, Box<dyn Error>> {
    let told = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = told.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e6)
}

/// One for each finding.
fn advisories() -> MemoryAdvisories {
    let mut database = MemoryAdvisories::new();
    for number in 0..FINDINGS {
        let package = number % PACKAGES;
        let (id, name) = (format!("CVE-2024-{number:05}"), format!("package{package}"));
        let word = ["low", "medium", "high", "critical"][number % 4];
        let (about, fixed) = if package.is_multiple_of(3) {
            (advisory(&id, "github").severity(word).in_ecosystem("npm", &name, "< 2.0.0"), "2.0.0")
        } else {
            (advisory(&id, "debian").severity(word).in_release("debian:12", &name, "< 2.0-1"), "2.0-1")
        };
        database.insert(if number.is_multiple_of(2) { about.fixed(fixed) } else { about });
    }
    database
}
