//! What a large image costs in the database: its files are a document, and its rows are few.

use std::collections::BTreeMap;

use tokio::io::AsyncReadExt as _;
use windlass_matching::testing::advisory;
use windlass_operations::{Tenant, testing::Bench};
use windlass_store::{Store, images::AnalysisStatus, storage_usage::TableUsage, testing::on_every_address};

use crate::{
    house::team,
    registry::{Registry, Sample},
    scene::{publish, work},
    vacuum::vacuum,
};

const FILES: usize = 30_000;
/// Packages of each image, which no other has.
const PACKAGES: usize = 400;
/// How many of them have a vulnerability.
const VULNERABLE: usize = 100;
const LIMIT: u64 = 1 << 20;
const IMAGES: usize = 3;

/// Adds the image, and has everything done that follows from that.
async fn analyse(bench: &Bench, tenant: &Tenant, registry: &Registry, sample: &Sample, tag: usize) {
    let pullstring = format!("{}/team/app:{tag}", registry.address);
    let request = serde_json::json!({"source": {"tag": {"pullstring": pullstring}}});
    tenant.add_image(&serde_json::from_value(request).unwrap(), false, true).await.unwrap();
    work(bench).await;
    let image = bench.service.store().account(tenant.name()).image(&sample.digest).await.unwrap().unwrap();
    assert_eq!(image.analysis_status, AnalysisStatus::Analyzed);
    let mut files = String::new();
    let mut document = tenant.image_content(&sample.digest, "files").await.unwrap();
    document.content.read_to_string(&mut files).await.unwrap();
    assert!(files.matches("\"filename\"").count() >= files_of(tag), "they are told where they are asked for");
}

/// The first image of a database also pays for the first pages of its tables: it is not measured, and small.
fn files_of(image: usize) -> usize {
    if image == 0 { 1 } else { FILES }
}

#[test]
fn an_image_of_30_000_files_takes_less_than_a_mebibyte_of_rows() {
    let Some(registry) = Registry::start() else { return };
    let names: Vec<String> = (0..IMAGES).map(|image| format!("library-{image}")).collect();
    let sample = |(image, name): (usize, &String)| Sample::large(name, PACKAGES, files_of(image));
    let samples: Vec<Sample> = names.iter().enumerate().map(sample).collect();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    for (tag, sample) in samples.iter().enumerate() {
        runtime.block_on(registry.push(sample, &tag.to_string()));
    }
    on_every_address(|address| {
        let (registry, names, samples) = (&registry, &names, &samples);
        async move {
            let bench = Bench::over(Store::open(&address).await.unwrap()).await;
            let store = bench.service.store();
            let engine = if store.is_postgres() { "PostgreSQL" } else { "SQLite" };
            let alpha = team(&bench, "alpha").await;
            let vulnerable =
                names.iter().flat_map(|name| (0..VULNERABLE).map(move |number| format!("{name}-{number}")));
            let known = vulnerable.enumerate().map(|(number, package)| {
                advisory(&format!("CVE-2026-{number}"), "debian")
                    .severity("high")
                    .in_release("debian:12", &package, "< 9")
                    .fixed("9")
            });
            publish(&bench, 1, known).await;

            let mut usage: Vec<BTreeMap<String, TableUsage>> = Vec::new();
            for (tag, sample) in samples.iter().enumerate() {
                analyse(&bench, &alpha, registry, sample, tag).await;
                vacuum(&address).await;
                usage.push(store.table_usage().await.unwrap());
            }
            let (before, after) = (&usage[0], &usage[IMAGES - 1]);
            let rows = |table: &str| (after[table].rows - before[table].rows) as usize / (IMAGES - 1);
            assert_eq!((rows("analysis_packages"), rows("findings")), (PACKAGES, VULNERABLE));
            let each = |table: &String| {
                let grown = after[table].bytes.saturating_sub(before.get(table).map_or(0, |before| before.bytes));
                grown / (IMAGES as u64 - 1)
            };
            let mut grown: Vec<_> =
                after.keys().map(|table| (each(table), table)).filter(|(bytes, _)| *bytes > 0).collect();
            grown.sort_unstable();
            let sum: u64 = grown.iter().map(|(bytes, _)| bytes).sum();
            eprintln!("{engine}: {FILES} files and {PACKAGES} packages take {} KiB of rows: {grown:?}", sum >> 10);
            assert!(sum < LIMIT, "{engine}: {sum} bytes: {grown:?}");
        }
    });
}
