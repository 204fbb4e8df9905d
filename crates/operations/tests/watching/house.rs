//! A service of one's own, and what tests ask of it.

use std::{fmt::Debug, future::Future, sync::Arc};

use serde_json::Value;
use windlass_operations::{Error, EventFilter, Result, Service, Settings, SubscriptionFilter, Tenant, testing::Bench};
use windlass_store::{AccountName, testing::on_every_engine};
use windlass_v1::subscriptions::{SubscriptionType, SubscriptionUpdate, subscription_id};

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

/// Switches a subscription of a tag on or off, as a user does.
pub(crate) async fn switch(tenant: &Tenant, key: &str, kind: SubscriptionType, active: bool) {
    let id = subscription_id(tenant.name().as_str(), key, kind);
    let update = SubscriptionUpdate { active: Some(active), ..SubscriptionUpdate::default() };
    tenant.update_subscription(&id, update).await.unwrap();
}

/// The types that are active of a tag, by name.
pub(crate) async fn active(tenant: &Tenant, key: &str) -> Vec<String> {
    let all = tenant.subscriptions(SubscriptionFilter { key: Some(key), ..Default::default() }).await.unwrap();
    all.iter().filter(|one| one.active).map(|one| one.subscription_type.to_string()).collect()
}

/// Status and message of what was refused.
pub(crate) fn refusal<T: Debug>(outcome: Result<T>) -> (u16, String) {
    match outcome {
        Err(Error::Refused(envelope)) => (envelope.httpcode, envelope.message),
        other => panic!("it was not refused: {other:?}"),
    }
}
