//! A service over an empty store of every engine, a folder for objects, and a clock that stands still.

use std::{
    fmt::Debug,
    future::Future,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;
use windlass_objects::{Location, Objects, Options};
use windlass_operations::{Cipher, Clock, Error, EventFilter, Result, Service, Settings, Tenant};
use windlass_store::{AccountName, Store, accounts, testing::on_every_engine};

pub(crate) struct House {
    pub(crate) service: Arc<Service>,
    now: Arc<Mutex<Timestamp>>,
    _folder: TempDir,
}

pub(crate) fn in_every_house<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    in_every_house_with(&Settings::default(), test);
}

pub(crate) fn in_every_house_with<F: Future<Output = ()>>(settings: &Settings, test: impl Fn(House) -> F) {
    on_every_engine(|store| {
        let (test, settings) = (&test, settings.clone());
        async move { test(House::over(store, settings).await).await }
    });
}

impl House {
    async fn over(store: Store, settings: Settings) -> Self {
        let folder = TempDir::new().unwrap();
        let location = Location::folder(folder.path()).unwrap();
        let objects = Objects::open(&location, Options::default()).await.unwrap();
        let now = Arc::new(Mutex::new("2027-01-15T08:00:00Z".parse().unwrap()));
        let told = Arc::clone(&now);
        let clock = Clock::new(move || *told.lock().unwrap());
        let cipher = Cipher::parse(&Cipher::generate_key()).unwrap();
        let service = Service::new(store, objects, cipher, clock, settings);
        service.bootstrap(None, || "foobar".into()).await.unwrap();
        Self { service, now, _folder: folder }
    }

    pub(crate) fn wait(&self, seconds: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn admin(&self) -> Tenant {
        self.service.tenant(&AccountName::admin())
    }

    /// A further account.
    pub(crate) async fn team(&self, name: &str) -> Tenant {
        let name = AccountName::parse(name).unwrap();
        let tx = self.service.store().begin().await.unwrap();
        accounts::insert(&tx, &name, accounts::Kind::User, None, self.service.clock().moment()).await.unwrap();
        tx.commit().await.unwrap();
        self.service.tenant(&name)
    }
}

/// The events of an account, oldest first, as type, resource and details.
pub(crate) async fn told(tenant: &Tenant) -> Vec<(String, String, Value)> {
    let list = tenant.events(&EventFilter::default(), None, Some(1000)).await.unwrap();
    let one = |event: windlass_v1::events::Event| {
        let body = event.event;
        (body.kind.to_string(), body.resource.id.unwrap_or_default(), Value::Object(body.details))
    };
    list.results.into_iter().rev().map(one).collect()
}

/// Status and message of what was refused.
pub(crate) fn refusal<T: Debug>(outcome: Result<T>) -> (u16, String) {
    match outcome {
        Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message),
        other => panic!("it was not refused: {other:?}"),
    }
}
