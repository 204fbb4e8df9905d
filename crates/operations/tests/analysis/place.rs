//! A service over an empty store and a folder of objects, with a clock that is set by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sea_orm::{EntityTrait as _, QueryOrder as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{io::AsyncReadExt as _, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use windlass_objects::{Location, Objects};
use windlass_operations::{Cipher, Clock, Result, Service, Settings, Tenant, analysis::StoredDocument};
use windlass_store::{
    AccountName, Moment, Store, accounts, events,
    image_tags::{self, TagName},
    images::{self, AnalysisStatus, NewImage},
    jobs::{self, NewJob},
};

use crate::registry::{Registry, Sample};

pub(crate) struct Place {
    pub(crate) service: Arc<Service>,
    seconds: Arc<AtomicI64>,
    _folder: TempDir,
}

/// How an image is added.
#[derive(Default)]
pub(crate) struct Wish {
    pub(crate) force: bool,
    pub(crate) dockerfile: Option<&'static str>,
}

impl Place {
    pub(crate) async fn new(store: Store) -> Self {
        Self::with(store, |_| {}).await
    }

    pub(crate) async fn with(store: Store, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let location = Location::folder(folder.path()).unwrap();
        let objects = Objects::open(&location, windlass_objects::Options::default()).await.unwrap();
        let seconds = Arc::new(AtomicI64::new(1_700_000_000));
        let clock = Clock::new({
            let seconds = Arc::clone(&seconds);
            move || Timestamp::from_second(seconds.load(Ordering::Relaxed)).unwrap()
        });
        let mut settings = Settings::default();
        change(&mut settings);
        let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
        Self { service: Service::new(store, objects, cipher, clock, settings), seconds, _folder: folder }
    }

    pub(crate) fn store(&self) -> &Store {
        self.service.store()
    }

    pub(crate) fn now(&self) -> Moment {
        self.service.clock().moment()
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        let name = AccountName::parse(name).unwrap();
        if self.store().find_account(name.as_str()).await.unwrap().is_none() {
            let tx = self.store().begin().await.unwrap();
            accounts::insert(&tx, &name, accounts::Kind::User, None, self.now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        self.service.tenant(&name)
    }

    /// Adds an image, or adds it again, under these tags of `team/app`.
    pub(crate) async fn add(&self, tenant: &Tenant, registry: &str, sample: &Sample, tags: &[&str], wish: Wish) {
        let now = self.now();
        let new = NewImage {
            digest: sample.digest.clone(),
            parent_digest: sample.digest.clone(),
            image_id: sample.image_id.clone(),
            manifest: "sha256:ef".into(),
            parent_manifest: None,
            annotations: r#"{"team":"a"}"#.into(),
            dockerfile: wish.dockerfile.map(str::to_owned),
            created_at: now,
        };
        let tx = self.store().begin().await.unwrap();
        let (image, made) = images::ensure(&tx, tenant.name(), new, now).await.unwrap();
        if made {
            for tag in tags {
                let tag = TagName { registry, repository: "team/app", tag };
                image_tags::insert(&tx, tenant.name(), image.id, tag, now, now).await.unwrap();
            }
        }
        images::reset(&tx, image.id, now).await.unwrap();
        let job = NewJob {
            kind: "analyse",
            account: tenant.name(),
            key: &sample.digest,
            payload: json!({"force": wish.force}).to_string(),
            priority: 0,
            max_attempts: 3,
            not_before: now,
        };
        jobs::enqueue(&tx, job, now).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Does the next job, if there is one.
    pub(crate) async fn work(&self) -> bool {
        self.service.work_once("w", &CancellationToken::new()).await.unwrap()
    }

    /// A worker that begins, in a task of its own.
    pub(crate) fn worker(&self, stop: &CancellationToken) -> JoinHandle<Result<bool>> {
        let (service, stop) = (Arc::clone(&self.service), stop.clone());
        tokio::spawn(async move { service.work_once("w", &stop).await })
    }

    pub(crate) async fn image(&self, tenant: &Tenant, digest: &str) -> images::Model {
        self.store().account(tenant.name()).image(digest).await.unwrap().unwrap()
    }

    /// Waits until a worker has the image.
    pub(crate) async fn until_analyzing(&self, tenant: &Tenant, digest: &str) {
        let started = Instant::now();
        while self.image(tenant, digest).await.analysis_status != AnalysisStatus::Analyzing {
            assert!(started.elapsed() < Duration::from_secs(20), "no worker began");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Type, resource and details of every event, by account, type and resource.
    pub(crate) async fn events(&self) -> Vec<(String, String, Value)> {
        let tx = self.store().begin_read().await.unwrap();
        let query = events::Entity::find().order_by_asc(events::Column::Account).order_by_asc(events::Column::Kind);
        let events = query.order_by_asc(events::Column::ResourceId).all(&tx).await.unwrap();
        let told = |event: events::Model| {
            (event.kind, event.resource_id.unwrap_or_default(), serde_json::from_str(&event.details).unwrap())
        };
        events.into_iter().map(told).collect()
    }
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
