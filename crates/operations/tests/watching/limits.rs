//! Registries that say how many requests they allow: they are left alone before they refuse any.

use windlass_operations::{SubscriptionFilter, Tenant, WatchRequest};
use windlass_v1::subscriptions::SubscriptionRequest;

use crate::{
    house::{in_every_house, told},
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
