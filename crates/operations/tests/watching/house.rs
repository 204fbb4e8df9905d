//! A service of one's own, and what tests ask of it.

use std::{fmt::Debug, future::Future, sync::Arc};

use serde_json::Value;
use windlass_operations::{Error, EventFilter, Result, Service, Settings, Tenant, testing::Bench};
use windlass_store::{AccountName, testing::on_every_engine};

pub(crate) struct House {
    pub(crate) service: Arc<Service>,
    bench: Bench,
}

pub(crate) fn in_every_house<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    in_every_house_with(&Settings::default(), test);
}

pub(crate) fn in_every_house_with<F: Future<Output = ()>>(settings: &Settings, test: impl Fn(House) -> F) {
    on_every_engine(|store| {
        let (test, settings) = (&test, settings.clone());
        async move {
            let bench = Bench::with(store, settings).await;
            test(House { service: Arc::clone(&bench.service), bench }).await;
        }
    });
}

impl House {
    pub(crate) fn wait(&self, seconds: i64) {
        self.bench.pass(seconds);
    }

    pub(crate) fn admin(&self) -> Tenant {
        self.service.tenant(&AccountName::admin())
    }

    /// A further account.
    pub(crate) async fn team(&self, name: &str) -> Tenant {
        self.bench.account(name).await
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
