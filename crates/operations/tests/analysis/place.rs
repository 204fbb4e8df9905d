//! A service with accounts that add images, and workers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{EntityTrait as _, QueryOrder as _};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt as _, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use windlass_operations::{Result, Service, Settings, Tenant, analysis::StoredDocument, testing::Bench};
use windlass_store::{
    Moment, Store, events,
    images::{self, AnalysisStatus},
};

use crate::registry::{Registry, Sample};

pub(crate) struct Place {
    bench: Bench,
    pub(crate) alpha: Tenant,
    pub(crate) beta: Tenant,
}

impl Place {
    pub(crate) async fn new(store: Store) -> Self {
        Self::with(store, Settings::default()).await
    }

    pub(crate) async fn with(store: Store, settings: Settings) -> Self {
        let bench = Bench::with(store, settings).await;
        let (alpha, beta) = (bench.account("alpha").await, bench.account("beta").await);
        Self { bench, alpha, beta }
    }

    /// The first account has asked for an image that a registry has as `team/app:1`, and nobody has done anything yet. Nothing
    /// where there can be no registry.
    pub(crate) async fn asked_for_one(store: Store) -> Option<(Self, Registry, Sample)> {
        let sample = Sample::new("bash");
        let registry = registry_with(&sample).await?;
        let place = Self::new(store).await;
        add(&place.alpha, &registry.address, "1").await;
        Some((place, registry, sample))
    }

    pub(crate) fn store(&self) -> &Store {
        self.bench.service.store()
    }

    pub(crate) fn service(&self) -> &Service {
        &self.bench.service
    }

    pub(crate) fn now(&self) -> Moment {
        self.bench.now()
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.bench.pass(seconds);
    }

    /// Does the next job, if there is one.
    pub(crate) async fn work(&self) -> bool {
        self.bench.service.work_once("w", &CancellationToken::new()).await.unwrap()
    }

    /// A worker that begins, in a task of its own.
    pub(crate) fn worker(&self, stop: &CancellationToken) -> JoinHandle<Result<bool>> {
        let (service, stop) = (Arc::clone(&self.bench.service), stop.clone());
        tokio::spawn(async move { service.work_once("w", &stop).await })
    }

    /// Workers that work until `stop`.
    pub(crate) fn workers(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (service, stop) = (Arc::clone(&self.bench.service), stop.clone());
        tokio::spawn(async move { service.run_workers(&stop).await })
    }

    /// Claims the next job for a worker that is never heard of again; how often the job was claimed.
    pub(crate) async fn claim(&self) -> Option<i64> {
        let claim = self.store().claim_job(&["analyse"], "other", self.now().plus_seconds(60), self.now()).await;
        claim.unwrap().map(|claim| claim.job.attempts)
    }

    /// Removes what imports leave behind.
    pub(crate) async fn collect(&self) {
        self.bench.service.collect_imports().await.unwrap();
        self.bench.collect_objects().await;
    }

    /// Forgets layers that were of no use for long; how many.
    pub(crate) async fn collect_layers(&self) -> usize {
        self.bench.service.collect_layers().await.unwrap()
    }

    /// How many files there are in object storage.
    pub(crate) fn objects(&self) -> usize {
        let mut folders = vec![self.bench.folder.path().join("objects")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files += 1 }
            }
        }
        files
    }

    /// Puts a file where the folder of objects was: nothing can be read or written there.
    pub(crate) fn lose_objects(&self) {
        let objects = self.bench.folder.path().join("objects");
        std::fs::rename(&objects, self.bench.folder.path().join("gone")).unwrap();
        std::fs::write(&objects, "").unwrap();
    }

    pub(crate) async fn image(&self, tenant: &Tenant, digest: &str) -> images::Model {
        self.store().account(tenant.name()).image(digest).await.unwrap().unwrap()
    }

    pub(crate) async fn status(&self, tenant: &Tenant, digest: &str) -> AnalysisStatus {
        self.image(tenant, digest).await.analysis_status
    }

    /// Waits until the analysis is so far.
    pub(crate) async fn until(&self, status: AnalysisStatus, tenant: &Tenant, digest: &str) {
        let started = Instant::now();
        while self.status(tenant, digest).await != status {
            assert!(started.elapsed() < Duration::from_secs(20), "no worker came so far");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Type, resource and details of what workers told, by type and resource.
    pub(crate) async fn events(&self) -> Vec<(String, String, Value)> {
        let tx = self.store().begin_read().await.unwrap();
        let query = events::Entity::find().order_by_asc(events::Column::Kind).order_by_asc(events::Column::ResourceId);
        let events = query.all(&tx).await.unwrap().into_iter();
        let told = |event: events::Model| {
            (event.kind, event.resource_id.unwrap_or_default(), serde_json::from_str(&event.details).unwrap())
        };
        events.filter(|event| event.source_service.as_deref() == Some("analyzer")).map(told).collect()
    }
}

/// Adds `team/app:TAG` of a registry.
pub(crate) async fn add(tenant: &Tenant, registry: &str, tag: &str) {
    add_with(tenant, registry, json!({ "pullstring": format!("{registry}/team/app:{tag}") }), false).await;
}

pub(crate) async fn add_with(tenant: &Tenant, registry: &str, mut source: Value, force: bool) {
    if source.get("pullstring").is_none() {
        source["pullstring"] = format!("{registry}/team/app:1").into();
    }
    let request = json!({"source": {"tag": source}, "annotations": {"team": "a"}});
    tenant.add_image(&serde_json::from_value(request).unwrap(), force, false).await.unwrap();
}

/// The bytes of a document, as many as it says.
pub(crate) async fn bytes(mut document: StoredDocument) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.content.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes.len() as u64, document.length);
    bytes
}

pub(crate) async fn json_of(document: StoredDocument) -> Value {
    serde_json::from_slice(&bytes(document).await).unwrap()
}

/// A registry that has the image as `team/app:1`.
pub(crate) async fn registry_with(sample: &Sample) -> Option<Registry> {
    let registry = Registry::start()?;
    registry.push(sample, "1").await;
    Some(registry)
}
