//! What registries and this service allow: registries that say how many requests they take are left alone before they refuse
//! any, and images that are larger than this service takes are not added by watchers either.

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use windlass_operations::{Limits, Proof, Settings, SubscriptionFilter, Tenant, WatchRequest, registry_pushes::Kind};
use windlass_v1::{registry_hooks::RegistryHookRequest, subscriptions::SubscriptionRequest};

use crate::{
    house::{in_every_house, in_every_house_with, told},
    peer::Peer,
    registry::Registry,
};

const HOUR: i64 = 3600;

/// Tags that were found at the registry and added.
async fn added(tenant: &Tenant) -> usize {
    let all = SubscriptionFilter { kind: Some("analysis_update"), ..Default::default() };
    tenant.subscriptions(all).await.unwrap().len()
}

async fn watch_tags(tenant: &Tenant, registry: &Registry, tags: &[&str]) {
    for tag in tags {
        registry.push("team/app", tag, tag).await;
        let request = SubscriptionRequest {
            subscription_key: Some(format!("{}/team/app:{tag}", registry.address)),
            subscription_type: Some("tag_update".into()),
            active: true,
            ..Default::default()
        };
        tenant.create_subscription(request).await.unwrap();
    }
}

#[test]
fn tags_of_a_registry_that_allows_few_more_requests_are_asked_one_by_one_with_rests() {
    in_every_house(|house| async move {
        // A tenth of the day is the rest: two to three hours.
        let Some(registry) = Registry::that_allows("100;w=86400", "10;w=86400").await else { return };
        let admin = house.admin();
        watch_tags(&admin, &registry, &["1", "2", "3"]).await;
        for (hours, expected) in [(0, 1), (1, 1), (1, 1), (1, 2), (1, 2), (1, 2), (1, 3)] {
            house.wait(hours * HOUR);
            house.service.watch_tags().await.unwrap();
            assert_eq!(added(&admin).await, expected);
        }
        let failures = told(&admin).await.into_iter().filter(|(kind, _, _)| kind.contains("failed")).count();
        assert_eq!(failures, 0, "it is no failure");
    });
}

#[test]
fn a_registry_that_allows_enough_is_asked_for_everything_at_once() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::that_allows("100;w=86400", "11;w=86400").await else { return };
        let admin = house.admin();
        watch_tags(&admin, &registry, &["1", "2", "3"]).await;
        house.service.watch_tags().await.unwrap();
        assert_eq!(added(&admin).await, 3);
    });
}

#[test]
fn new_tags_of_a_repository_wait_for_what_the_registry_allows_and_none_is_passed_over() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::that_allows("100;w=86400", "5;w=86400").await else { return };
        let admin = house.admin();
        for tag in ["1", "2", "3"] {
            registry.push("team/app", tag, tag).await;
        }
        let repository = format!("{}/team/app", registry.address);
        admin.watch_repository(WatchRequest { repository: &repository, ..Default::default() }).await.unwrap();
        for (hours, expected) in [(0, 1), (1, 1), (2, 2), (1, 2), (2, 3), (3, 3)] {
            house.wait(hours * HOUR);
            house.service.watch_repositories().await.unwrap();
            assert_eq!(added(&admin).await, expected);
        }
    });
}

/// A registry that has asked for half an hour is asked nothing by anybody until that is over, whoever it was that it told.
#[test]
fn a_registry_that_wants_a_pause_has_it_from_every_watcher_and_from_pushes() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let peer = Peer::start(|_| ("429 Too Many Requests", "retry-after: 1800\r\n".into(), "{}".into())).await;
        let repository = format!("{}/team/app", peer.address);
        for (kind, key) in [("tag_update", format!("{repository}:1")), ("repo_update", repository)] {
            let request = SubscriptionRequest {
                subscription_key: Some(key),
                subscription_type: Some(kind.into()),
                active: true,
                ..Default::default()
            };
            admin.create_subscription(request).await.unwrap();
        }
        house.service.watch_tags().await.unwrap();
        assert!(peer.count() > 0);

        house.wait(60);
        house.service.watch_repositories().await.unwrap();
        let request = RegistryHookRequest { name: "ours".into(), registry: None };
        let hook = admin.create_registry_hook(request).await.unwrap();
        let push = json!({"events": [{
            "action": "push", "target": {"repository": "team/app", "tag": "1", "digest": "sha256:1"},
            "request": {"host": peer.address},
        }]})
        .to_string();
        let proof = Proof::Secret { id: &hook.hook.hook_id, secret: &hook.secret };
        let taken = house.service.take_registry_event(Kind::Distribution, &proof, push.as_bytes());
        assert_eq!(taken.await.unwrap().unwrap().visits, 2);
        let visit = async || while house.service.work_once("w", &CancellationToken::new()).await.unwrap() {};
        visit().await;
        house.wait(1730);
        house.service.watch_repositories().await.unwrap();
        visit().await;
        assert_eq!(peer.count(), 0, "not for half an hour");

        house.wait(20);
        visit().await;
        assert!(peer.count() > 0, "the push is not forgotten");
    });
}

/// A service that takes images of a mebibyte.
fn small() -> Settings {
    Settings { limits: Limits { compressed_image_size_mb: Some(1) }, ..Settings::default() }
}

fn large() -> String {
    "x".repeat(1_600_000)
}

/// The tags of images, in order.
async fn tags(tenant: &Tenant) -> Vec<String> {
    let images = tenant.images(&windlass_operations::images::ImageFilter::default()).await.unwrap();
    let mut tags: Vec<String> =
        images.iter().flat_map(|image| &image.image_detail).map(|detail| detail.tag.clone()).collect();
    tags.sort();
    tags
}

/// What could not be looked up, and why, oldest first.
async fn refused(tenant: &Tenant) -> Vec<(String, Value)> {
    let told = told(tenant).await.into_iter().filter(|(kind, ..)| kind.contains("fail"));
    told.map(|(kind, tag, details)| {
        assert_eq!(kind, "system.image_analysis.registry_lookup_failed");
        (tag, details["msg"].clone())
    })
    .collect()
}

const TOO_LARGE: &str = "Image size is too large based on max size specified in the configuration";

/// `spec/operations.md` §6.6
#[test]
fn a_tag_that_moves_to_an_image_that_is_too_large_stays_where_it_was_and_that_is_told_once() {
    in_every_house_with(&small(), |house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        watch_tags(&admin, &registry, &["latest"]).await;
        let round = async || {
            house.wait(86_400);
            house.service.watch_tags().await.unwrap();
        };
        let digests = async || {
            let images = admin.images(&windlass_operations::images::ImageFilter::default()).await.unwrap();
            images.into_iter().map(|image| image.image_digest).collect::<Vec<_>>()
        };
        round().await;
        let before = digests().await;
        assert_eq!((before.len(), refused(&admin).await), (1, Vec::new()));

        registry.push("team/app", "latest", &large()).await;
        let key = format!("{}/team/app:latest", registry.address);
        for _ in 0..3 {
            round().await;
            assert_eq!(digests().await, before);
            assert_eq!(refused(&admin).await, [(key.clone(), json!(TOO_LARGE))]);
        }
        let after = registry.push("team/app", "latest", "small again").await;
        round().await;
        assert_eq!(digests().await, [after, before[0].clone()]);
        assert_eq!(refused(&admin).await.len(), 1);
    });
}

/// `spec/operations.md` §6.6
#[test]
fn new_tags_of_a_repository_are_added_but_for_those_that_are_too_large_until_they_are_not() {
    in_every_house_with(&small(), |house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        for (tag, content) in [("v1", "v1"), ("v2", &*large()), ("v3", "v3")] {
            registry.push("team/app", tag, content).await;
        }
        let repository = format!("{}/team/app", registry.address);
        admin.watch_repository(WatchRequest { repository: &repository, ..Default::default() }).await.unwrap();
        for _ in 0..3 {
            house.wait(86_400);
            house.service.watch_repositories().await.unwrap();
            assert_eq!(tags(&admin).await, ["v1", "v3"]);
            assert_eq!(refused(&admin).await, [(format!("{repository}:v2"), json!(TOO_LARGE))], "once");
        }
        registry.push("team/app", "v2", "smaller").await;
        house.wait(86_400);
        house.service.watch_repositories().await.unwrap();
        assert_eq!(tags(&admin).await, ["v1", "v2", "v3"]);
        assert_eq!(refused(&admin).await.len(), 1);
    });
}
