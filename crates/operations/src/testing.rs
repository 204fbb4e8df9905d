//! Services for tests, on every engine there is.

use std::{
    future::Future,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use windlass_objects::{Location, Objects, Options};
use windlass_store::{AccountName, Moment, Store, accounts, testing::on_every_engine};

use crate::{Cipher, Clock, Service, Settings, VulnerabilitySettings};

/// A service, and the hands of its clock.
pub struct Bench {
    pub service: Arc<Service>,
    seconds: Arc<AtomicI64>,
    objects: Objects,
    /// Gone with its files when the test ends.
    pub folder: tempfile::TempDir,
}

impl Bench {
    /// A service over a store, with its files in a temporary folder, at noon of the first day of 2026. The administrator's
    /// password is `foobar`. Vulnerability data is looked for in the folder `source` beside, and nowhere else.
    ///
    /// # Panics
    /// When there is no room for it.
    pub async fn over(store: Store) -> Self {
        Self::with(store, Settings::default()).await
    }

    /// As [`Bench::over`], by other settings.
    ///
    /// # Panics
    /// When there is no room for it.
    pub async fn with(store: Store, mut settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        settings.vulnerabilities = vulnerability_data_in(folder.path());
        let location = Location::folder(&folder.path().join("objects")).expect("it is a folder");
        let objects = Objects::open(&location, Options::default()).await.expect("the folder can be made");
        let location = Location::folder(&folder.path().join("archive")).expect("it is a folder");
        let archive = Objects::open(&location, Options::default()).await.expect("the folder can be made");
        let cipher = Cipher::parse(&Cipher::generate_key()).expect("it is a key");
        let seconds = Arc::new(AtomicI64::new(1_767_268_800));
        let hands = Arc::clone(&seconds);
        let now = move || Timestamp::from_second(hands.load(Ordering::SeqCst)).expect("tests stay within the calendar");
        let service = Service::new(store, objects.clone(), archive, cipher, Clock::new(now), settings);
        service.bootstrap(Some("admin@example.org"), || "foobar".into()).await.expect("the store is new");
        Self { service, seconds, objects, folder }
    }

    /// Another process over the same store and object storage, with a folder of its own.
    pub fn another_process(&self, folder: &Path) -> Arc<Service> {
        let settings = Settings { vulnerabilities: vulnerability_data_in(folder), ..self.service.settings().clone() };
        let (store, clock) = (self.service.store().clone(), self.service.clock().clone());
        let archive = self.service.archive_objects.clone();
        Service::new(store, self.objects.clone(), archive, self.service.cipher.clone(), clock, settings)
    }

    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Where the bundles of the archive are kept.
    pub fn archive_objects(&self) -> &Objects {
        &self.service.archive_objects
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Lets the time of grace pass, and removes the objects that nothing refers to then; how many it removed.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn collect_objects(&self) -> usize {
        let grace = self.service.settings().keeping.object_grace.as_secs();
        self.pass(i64::try_from(grace).expect("it is short") + 1);
        self.service.collect_objects().await.expect("the store answers").removed
    }

    pub fn now(&self) -> Moment {
        self.service.clock().moment()
    }

    /// Makes an account.
    ///
    /// # Panics
    /// When there is one of that name.
    pub async fn account(&self, name: &str) -> crate::Tenant {
        let name = AccountName::parse(name).expect("it is a name");
        let tx = self.service.store().begin().await.expect("the store answers");
        let made = accounts::insert(&tx, &name, accounts::Kind::User, None, self.now()).await;
        made.expect("the name is free");
        tx.commit().await.expect("the store answers");
        self.service.tenant(&name)
    }
}

fn vulnerability_data_in(folder: &Path) -> VulnerabilitySettings {
    VulnerabilitySettings {
        folder: folder.join("vulnerability-data"),
        installed: Some(folder.join("installed")),
        source: folder.join("source").display().to_string(),
        offline: true,
    }
}

/// Runs a test on a new service over every engine.
pub fn on_every_service<F: Future<Output = ()>>(test: impl Fn(Bench) -> F) {
    on_every_engine(|store| {
        let test = &test;
        async move { test(Bench::over(store).await).await }
    });
}
