//! Notices, from what happened to a receiver over HTTP.

mod configured;
mod deliveries;
mod letters;
mod outbox;
mod troubles;

use std::{future::Future, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_channels::{Facts, Sample};
use windlass_store::{events::Level, testing::on_every_engine};
use windlass_v1::{
    events::EventType,
    notifications::{Delivery, DeliveryQuery},
    subscriptions::{SubscriptionRequest, SubscriptionType, SubscriptionUpdate, subscription_id},
    webhooks::NotificationType,
};

use super::{
    EndpointRequest, NotificationSettings, SenderOptions,
    receiver::{Receiver, Reply},
};
use crate::{
    Happening, Service, Settings, Tenant,
    identity::{Caller, Presented},
    testing::Bench,
};

const TAG: &str = "docker.io/team/app:1";
const DAY: i64 = 86_400;

/// A service with an account that wants to know, and a receiver.
struct House {
    bench: Bench,
    team: Tenant,
    admin: Caller,
    receiver: Receiver,
}

fn in_every_house<F: Future<Output = ()>>(test: impl Fn(House) -> F) {
    in_every_house_with(&NotificationSettings::default(), test);
}

fn in_every_house_with<F: Future<Output = ()>>(settings: &NotificationSettings, test: impl Fn(House) -> F) {
    on_every_engine(|store| {
        let test = &test;
        async move {
            let sender = SenderOptions { allowed_private: vec!["127.0.0.0/8".parse().unwrap()], ..Default::default() };
            let notifications = NotificationSettings { sender, ..settings.clone() };
            let bench = Bench::with(store, Settings { notifications, ..Settings::default() }).await;
            let team = bench.account("team").await;
            let presented = Presented::Password { username: "admin", password: "foobar" };
            let admin = bench.service.authenticate(presented, None).await.unwrap().unwrap();
            test(House { bench, team, admin, receiver: Receiver::start().await }).await;
        }
    });
}

impl House {
    fn service(&self) -> &Arc<Service> {
        &self.bench.service
    }

    /// Adds an endpoint that is the receiver.
    async fn endpoint(&self, name: &str, more: Value) {
        let request = self.request(name, &more);
        self.team.create_notification_endpoint(&self.admin, request).await.unwrap();
    }

    fn request(&self, name: &str, more: &Value) -> EndpointRequest {
        let mut request = json!({
            "name": name, "channel": {"kind": "webhook", "url": self.receiver.url(&format!("/{name}"))}, "timeout": 1,
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(request).unwrap()
    }

    async fn subscribe(&self, kind: SubscriptionType, key: &str, active: bool) {
        let id = subscription_id("team", key, kind);
        if self.team.subscription(&id).await.unwrap().is_empty() {
            let request = SubscriptionRequest {
                subscription_key: Some(key.into()),
                subscription_type: Some(kind.as_str().into()),
                subscription_value: None,
                active,
            };
            self.team.create_subscription(request).await.unwrap();
        } else {
            let update = SubscriptionUpdate { active: Some(active), ..SubscriptionUpdate::default() };
            self.team.update_subscription(&id, update).await.unwrap();
        }
    }

    /// Lets a tag come to stand for another image.
    async fn move_tag(&self, tag: &str) {
        let details = json!({"curr_eval": ["sha256:b"], "last_eval": ["sha256:a"], "subscription_type": "tag_update"});
        self.happen(EventType::TagUpdated, tag, details, Facts::default()).await;
    }

    /// Lets it become known that a vulnerability of a tag's image is exploited.
    async fn alarm(&self, tag: &str) {
        let (details, facts) = sample(NotificationType::VulnUpdate);
        self.happen(EventType::TagVulnerabilitiesUpdate, tag, details, facts).await;
    }

    /// Lets the verdict on a tag become another one.
    async fn judge(&self, tag: &str, from: &str, to: &str) {
        let (details, mut facts) = sample(NotificationType::PolicyEval);
        let verdict = facts.verdict.as_mut().unwrap();
        (verdict.from, verdict.to) = (from.into(), to.into());
        self.happen(EventType::TagPolicyEvaluationUpdate, tag, details, facts).await;
    }

    /// Replaces what an endpoint is that is the receiver.
    async fn change(&self, name: &str, more: Value) {
        let request = self.request(name, &more);
        self.team.replace_notification_endpoint(&self.admin, name, request).await.unwrap();
    }

    async fn happen(&self, kind: EventType, resource: &str, details: Value, facts: Facts) {
        let tx = self.service().store().begin().await.unwrap();
        self.service().tell(&tx, self.team.name(), happening(kind, resource, details, facts)).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Delivers what is due, until nothing is.
    async fn deliver(&self) {
        while self.service().deliver_next().await.unwrap() {}
    }

    /// Lets time pass, and delivers what is due meanwhile.
    async fn pass(&self, seconds: i64, step: i64) {
        for _ in 0..seconds / step {
            self.bench.pass(step);
            self.deliver().await;
        }
    }

    /// Every delivery, oldest first.
    async fn log(&self) -> Vec<Delivery> {
        let mut list = self.team.deliveries(&DeliveryQuery::default()).await.unwrap().results;
        list.reverse();
        list
    }

    async fn states(&self) -> Vec<&'static str> {
        self.log().await.iter().map(|delivery| delivery.state.as_str()).collect()
    }
}

/// What a test of an endpoint tells.
fn sample(kind: NotificationType) -> (Value, Facts) {
    let notice = Sample { account: "team", email: None, id: "x", now: Timestamp::UNIX_EPOCH }.notice(kind);
    let mut details = json!(notice.payload);
    details["subscription_type"] = kind.as_str().into();
    (details, notice.facts)
}

fn happening(kind: EventType, resource: &str, details: Value, facts: Facts) -> Happening<'_> {
    Happening {
        kind: kind.as_str(),
        level: if kind.level() == windlass_v1::events::EventLevel::Error { Level::Error } else { Level::Info },
        message: kind.message().to_owned(),
        details,
        resource: (kind.resource_type().as_str(), Some(resource)),
        source: "catalog",
        facts,
    }
}
