//! Databases and images to tell stories with.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use windlass_advisories::{KnownExploited, Record};
use windlass_matching::{Options, Outcome, match_sbom, testing::AdvisoryBuilder};
use windlass_operations::{Tenant, testing::Bench};
use windlass_sbom::{
    Sbom,
    formats::{self, Document, Format},
};
use windlass_store::{
    analyses::{self, DockerfileMode, NewAnalysis, NewDocument, progress},
    image_tags::{self, TagName},
    images::{self, NewImage},
};
use windlass_vulnerabilities::{Builder, Database, Finish};

/// Writes a database of these records that says it was built on that day of 2026.
pub(crate) fn database(folder: &Path, day: i8, records: impl IntoIterator<Item = AdvisoryBuilder>) -> PathBuf {
    database_with(folder, day, records, &[])
}

/// The same, in which these CVEs are known to be exploited.
pub(crate) fn database_with(
    folder: &Path,
    day: i8,
    records: impl IntoIterator<Item = AdvisoryBuilder>,
    exploited: &[&str],
) -> PathBuf {
    let entry = |cve: &&str| KnownExploited { cve: (*cve).to_owned(), ..KnownExploited::default() };
    let entries = exploited.iter().map(|cve| ("kev", Record::KnownExploited(entry(cve))));
    decorated(folder, day, records, entries)
}

/// The same, with these records of exploitation and its likelihood.
pub(crate) fn decorated(
    folder: &Path,
    day: i8,
    records: impl IntoIterator<Item = AdvisoryBuilder>,
    decorations: impl IntoIterator<Item = (&'static str, Record)>,
) -> PathBuf {
    let path = folder.join(format!("day-{day}.db"));
    let built: Timestamp = format!("2026-01-{day:02}T00:00:00Z").parse().unwrap();
    let mut all: Vec<_> = records.into_iter().map(AdvisoryBuilder::record).collect();
    all.sort_by(|(one, _), (other, _)| Builder::order(one).cmp(&Builder::order(other)));
    let mut builder = Builder::create(&path, built).unwrap();
    for (provider, record) in all {
        builder.add(&provider, record).unwrap();
    }
    for (provider, record) in decorations {
        builder.add(provider, record).unwrap();
    }
    builder.finish(Finish::Ready, &mut |_| ()).unwrap();
    path
}

/// Publishes a database and lets workers do what follows.
pub(crate) async fn publish(bench: &Bench, day: i8, records: impl IntoIterator<Item = AdvisoryBuilder>) -> i64 {
    let path = database(bench.folder.path(), day, records);
    assert!(bench.service.publish_vulnerability_data(&path).await.unwrap());
    work(bench).await;
    in_force(bench).await
}

pub(crate) async fn in_force(bench: &Bench) -> i64 {
    bench.service.store().vulnerability_data_in_force().await.unwrap().unwrap().id
}

/// Does all jobs.
pub(crate) async fn work(bench: &Bench) {
    while bench.service.work_once("w", &CancellationToken::new()).await.unwrap() {}
}

/// An analysed image of an account, under the tag `localhost/team/NAME:1`.
pub(crate) async fn image(bench: &Bench, tenant: &Tenant, name: &str, sbom: &Sbom) -> String {
    image_as(bench, tenant, name, name, sbom).await
}

/// An analysed image, under the tag `localhost/team/REPOSITORY:1`.
pub(crate) async fn image_as(bench: &Bench, tenant: &Tenant, repository: &str, name: &str, sbom: &Sbom) -> String {
    let digest = format!("sha256:{name:0>64}");
    let known = bench.service.know_packages(sbom).await.unwrap();
    let mut bytes = Vec::new();
    let document = Document { created: None, tool_version: "1".into() };
    formats::write(sbom, Format::Json, &document, &mut bytes).unwrap();
    let size = bytes.len() as u64;
    let object = bench.objects().put(bytes).await.unwrap().to_string();
    let now = bench.now();
    let new = NewImage {
        digest: digest.clone(),
        parent_digest: digest.clone(),
        image_id: format!("id-{name}"),
        manifest: "sha256:ef".into(),
        parent_manifest: None,
        annotations: "{}".into(),
        dockerfile: None,
        created_at: now,
    };
    let analysis = NewAnalysis {
        key: digest.clone(),
        digest: digest.clone(),
        arch: None,
        distro: None,
        distro_version: None,
        dockerfile_mode: DockerfileMode::Guessed,
        dockerfile: None,
        image_size: 1,
        layer_count: 1,
        chains: Vec::new(),
        documents: vec![NewDocument { kind: "sbom".into(), object, size }],
    };
    let tx = bench.service.store().begin().await.unwrap();
    let (image, _) = images::ensure(&tx, tenant.name(), new, now).await.unwrap();
    let tag = TagName { registry: "localhost", repository: &format!("team/{repository}"), tag: "1" };
    image_tags::insert(&tx, tenant.name(), image.id, tag, now, now).await.unwrap();
    let analysis = analyses::insert(&tx, analysis, now).await.unwrap();
    known.record(&bench.service, &tx, analysis).await.unwrap();
    progress::finish(&tx, image.id, analysis, now).await.unwrap();
    tx.commit().await.unwrap();
    digest
}

/// What the service composes of what it has stored.
pub(crate) async fn stored(tenant: &Tenant, sbom: &Sbom) -> Outcome {
    tenant.outcome(&Arc::new(sbom.clone())).await.unwrap().unwrap().outcome
}

/// What matching everything anew gives.
pub(crate) fn anew(database: &Path, sbom: &Sbom) -> Outcome {
    let options = Options { today: Some("2026-01-01".into()), ..Options::default() };
    match_sbom(sbom, &Database::open(database).unwrap(), &options).unwrap()
}
