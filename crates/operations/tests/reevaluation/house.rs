//! An account with images, subscriptions and a bundle.

use serde_json::{Value, json};
use windlass_matching::testing::{AdvisoryBuilder, advisory};
use windlass_operations::{EventFilter, Tenant, testing::Bench};
use windlass_sbom::Sbom;
use windlass_store::{
    jobs::{self, NewJob},
    tag_states,
};
use windlass_v1::{
    policies::PolicyUpdate,
    subscriptions::{SubscriptionRequest, SubscriptionUpdate},
};

use crate::scene::{self, image_as, work};

pub(crate) const VULNERABILITIES: &str = "user.checks.tag.vulnerabilities.update";
pub(crate) const VERDICT: &str = "user.checks.tag.policy_evaluation.update";

/// A flaw of Debian 12, high, fixed in that version.
pub(crate) fn debian(cve: &str, name: &str, fixed: &str) -> AdvisoryBuilder {
    advisory(cve, "debian").severity("high").in_release("debian:12", name, &format!("< {fixed}")).fixed(fixed)
}

pub(crate) fn key(repository: &str) -> String {
    format!("localhost/team/{repository}:1")
}

/// Subscribes to a tag, and lets workers see what it stands for.
pub(crate) async fn subscribe(bench: &Bench, tenant: &Tenant, kind: &str, key: &str, value: Option<Value>) -> String {
    let request = SubscriptionRequest {
        subscription_key: Some(key.into()),
        subscription_type: Some(kind.into()),
        subscription_value: value.map(|value| value.to_string()),
        active: true,
    };
    let id = tenant.create_subscription(request).await.unwrap().subscription_id;
    work(bench).await;
    id
}

pub(crate) async fn switch(bench: &Bench, tenant: &Tenant, id: &str, active: bool) {
    let update = SubscriptionUpdate { active: Some(active), ..SubscriptionUpdate::default() };
    tenant.update_subscription(id, update).await.unwrap();
    work(bench).await;
}

/// Lets a tag stand for a new image.
pub(crate) async fn moves(bench: &Bench, tenant: &Tenant, repository: &str, name: &str, sbom: &Sbom) -> String {
    bench.pass(1);
    let digest = image_as(bench, tenant, repository, name, sbom).await;
    let (tx, now) = (bench.service.store().begin().await.unwrap(), bench.now());
    tag_states::wish(&tx, tenant.name(), &key(repository), now).await.unwrap();
    let job = NewJob {
        kind: "reevaluate",
        account: tenant.name(),
        key: tenant.name().as_str(),
        payload: "{}".into(),
        priority: 0,
        max_attempts: 1,
        not_before: now,
    };
    jobs::enqueue_by(&tx, job, now).await.unwrap();
    tx.commit().await.unwrap();
    work(bench).await;
    digest
}

/// Details of the events of a type, oldest first, with the tag they are about.
pub(crate) async fn told(tenant: &Tenant, kind: &str) -> Vec<(String, Value)> {
    let filter = EventFilter { event_type: Some(kind), ..EventFilter::default() };
    let list = tenant.events(&filter, None, Some(1000)).await.unwrap();
    let one = |event: windlass_v1::events::Event| {
        (event.event.resource.id.unwrap_or_default(), Value::Object(event.event.details))
    };
    list.results.into_iter().rev().map(one).collect()
}

/// Names of vulnerabilities in a part of a change.
pub(crate) fn names(details: &Value, part: &str) -> Vec<String> {
    let list = details["diff_vulnerability_result"][part].as_array().unwrap();
    list.iter().map(|one| one["CVE_ID"].as_str().unwrap().to_owned()).collect()
}

/// A bundle that stops high vulnerabilities and warns of medium ones.
pub(crate) fn bundle(id: &str, rules: &Value, items: &Value) -> Value {
    json!({
        "id": id, "version": "1_0", "name": "No high ones",
        "policies": [{"id": "p", "version": "1_0", "rules": rules}],
        "whitelists": [{"id": "w", "version": "1_0", "name": "w", "items": items}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_id": "p", "whitelist_ids": ["w"],
        }],
    })
}

/// A rule about vulnerabilities of a severity.
pub(crate) fn rule(severity: &str, action: &str) -> Value {
    let param = |name: &str, value: &str| json!({"name": name, "value": value});
    json!({
        "id": format!("r-{severity}"), "gate": "vulnerabilities", "trigger": "package", "action": action,
        "params": [param("package_type", "all"), param("severity_comparison", "="), param("severity", severity)],
    })
}

pub(crate) fn usual() -> Value {
    bundle("usual", &json!([rule("high", "STOP"), rule("medium", "WARN")]), &json!([]))
}

/// Publishes a database a second later, so that events have an order, and lets workers do what follows.
pub(crate) async fn publish(bench: &Bench, day: i8, records: impl IntoIterator<Item = AdvisoryBuilder>) {
    bench.pass(1);
    Box::pin(scene::publish(bench, day, records)).await;
}

/// Makes a bundle the active one, a second later.
pub(crate) async fn judge_by(bench: &Bench, tenant: &Tenant, document: Value) {
    bench.pass(1);
    let id = document["id"].as_str().unwrap().to_owned();
    tenant.add_policy(document.clone()).await.unwrap();
    let update = PolicyUpdate { policy_id: Some(id.clone()), active: Some(true), policybundle: Some(document) };
    tenant.update_policy(&id, update, true).await.unwrap();
    work(bench).await;
}
