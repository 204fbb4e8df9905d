//! An account with analysed images.

use std::path::Path;

use sea_orm::EntityTrait as _;
use serde_json::{Value, json};
use windlass_matching::testing::{deb, sbom};
use windlass_operations::{
    Error, Tenant,
    identity::{Caller, Presented},
    testing::Bench,
};
use windlass_sbom::{
    Sbom,
    formats::{self, Document, Format},
};
use windlass_store::{
    AccountName,
    analyses::{self, DockerfileMode, NewAnalysis, NewDocument, progress},
    events,
    image_tags::{self, TagName},
    images::{self, NewImage},
};
use windlass_v1::{
    accounts::{AccountRequest, UserRequest},
    error::ErrorEnvelope,
    images::ImageRecord,
};

pub(crate) const PASSWORD: &str = "foobar";

/// An account as an administrator makes it: with a policy, and a user `NAME-user`.
pub(crate) async fn team(bench: &Bench, name: &str) -> Tenant {
    let request = AccountRequest { name: name.into(), email: None, kind: None };
    bench.service.create_account(&request).await.unwrap();
    let tenant = bench.service.tenant(&AccountName::parse(name).unwrap());
    let user = UserRequest { username: format!("{name}-user"), password: PASSWORD.into() };
    tenant.create_user(&user).await.unwrap();
    tenant
}

pub(crate) async fn caller(bench: &Bench, username: &str) -> Caller {
    let presented = Presented::Password { username, password: PASSWORD };
    bench.service.authenticate(presented, None).await.unwrap().unwrap()
}

pub(crate) fn packages() -> Sbom {
    sbom("debian:12", [deb("bash", "5.0"), deb("apt", "1.0")])
}

/// The digest of the image of that name.
pub(crate) fn digest(name: &str) -> String {
    format!("sha256:{name:0>64}")
}

/// An image that was analysed now, with tags `registry/repository:tag`, which came to it now.
pub(crate) async fn seed(bench: &Bench, tenant: &Tenant, name: &str, tags: &[&str]) -> String {
    let digest = digest(name);
    let now = bench.now();
    let new = NewImage {
        digest: digest.clone(),
        parent_digest: format!("{digest}-index"),
        image_id: format!("id-{name}"),
        manifest: bench.objects().put(format!("the manifest of {name}")).await.unwrap().to_string(),
        parent_manifest: Some(bench.objects().put(format!("the index of {name}")).await.unwrap().to_string()),
        annotations: r#"{"team":"a"}"#.into(),
        dockerfile: Some("RlJPTSBzY3JhdGNoCg==".into()),
        created_at: now,
    };
    let tx = bench.service.store().begin().await.unwrap();
    let (image, _) = images::ensure(&tx, tenant.name(), new, now).await.unwrap();
    for tag in tags {
        let (repository, tag) = tag.rsplit_once(':').unwrap();
        let (registry, repository) = repository.split_once('/').unwrap();
        image_tags::insert(&tx, tenant.name(), image.id, TagName { registry, repository, tag }, now, now)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    analyse(bench, tenant, name, "first").await;
    digest
}

/// Gives an image an analysis that was completed now.
pub(crate) async fn analyse(bench: &Bench, tenant: &Tenant, name: &str, key: &str) {
    let sbom = packages();
    let known = bench.service.know_packages(&sbom).await.unwrap();
    let mut bytes = Vec::new();
    let document = Document { created: None, tool_version: "1".into() };
    formats::write(&sbom, Format::Json, &document, &mut bytes).unwrap();
    let mut documents = Vec::new();
    for (kind, bytes) in [("sbom", bytes), ("content/os", format!(r#"[{{"analysis": "{key}"}}]"#).into_bytes())] {
        let size = bytes.len() as u64;
        let object = bench.objects().put(bytes).await.unwrap().to_string();
        documents.push(NewDocument { kind: kind.into(), object, size });
    }
    let analysis = NewAnalysis {
        key: format!("{name} {key}"),
        digest: digest(name),
        arch: Some("amd64".into()),
        distro: Some("debian".into()),
        distro_version: Some("12".into()),
        dockerfile_mode: DockerfileMode::Guessed,
        dockerfile: None,
        image_size: 51_200,
        layer_count: 2,
        chains: Vec::new(),
        documents,
    };
    let tx = bench.service.store().begin().await.unwrap();
    let image = images::lock(&tx, tenant.name(), &digest(name)).await.unwrap().unwrap();
    let analysis = analyses::insert(&tx, analysis, bench.now()).await.unwrap();
    known.record(&bench.service, &tx, analysis).await.unwrap();
    progress::finish(&tx, image.id, analysis, bench.now()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Archives one image; status and detail of what became of it.
pub(crate) async fn archive(tenant: &Tenant, digest: &str) -> (String, String) {
    let result = tenant.archive_images(&[digest.to_owned()]).await.unwrap().pop().unwrap();
    assert_eq!(result.digest, digest);
    (result.status.as_str().to_owned(), result.detail)
}

/// Deletes an image, and all that is left of it in the working set.
pub(crate) async fn forget(bench: &Bench, tenant: &Tenant, digest: &str) {
    tenant.delete_image(digest, true).await.unwrap();
    bench.service.collect_images().await.unwrap();
    bench.service.collect_analyses().await.unwrap();
    bench.collect_objects().await;
    assert!(tenant.image(digest).await.is_err());
}

pub(crate) async fn restore(tenant: &Tenant, digest: &str) -> Result<ImageRecord, Error> {
    let request = json!({"source": {"archive": {"digest": digest}}});
    let added = tenant.add_image(&serde_json::from_value(request).unwrap(), false, false).await;
    added.map(|mut images| images.swap_remove(0))
}

pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorEnvelope {
    match result {
        Err(Error::Refused(envelope)) => *envelope,
        other => panic!("{other:?}"),
    }
}

/// Type, resource and details of what was told of the archive, in order.
pub(crate) async fn told(bench: &Bench) -> Vec<(String, String, Value)> {
    let tx = bench.service.store().begin_read().await.unwrap();
    let mut rows = events::Entity::find().all(&tx).await.unwrap();
    rows.sort_by_key(|row| row.occurred_at);
    rows.into_iter()
        .filter(|row| row.kind.contains("archive"))
        .map(|row| (row.kind, row.resource_id.unwrap_or_default(), serde_json::from_str(&row.details).unwrap()))
        .collect()
}

/// Files in a folder and those in it.
pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
