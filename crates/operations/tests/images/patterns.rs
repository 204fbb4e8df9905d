//! Subscriptions on many tags at once, and what an account chooses for tags that are new.

use serde_json::json;
use windlass_operations::{
    SubscriptionFilter, Tenant,
    testing::{Bench, on_every_service},
};
use windlass_v1::{
    accounts::AccountSettingsRequest,
    subscriptions::{SubscriptionRequest, SubscriptionType, SubscriptionUpdate, subscription_id},
};

use crate::{add, registry::Registry, request};

/// Adds a subscription that is active; answers with its id.
async fn activate(tenant: &Tenant, kind: SubscriptionType, key: &str) -> String {
    let request = SubscriptionRequest {
        subscription_key: Some(key.into()),
        subscription_type: Some(kind.to_string()),
        active: true,
        ..SubscriptionRequest::default()
    };
    tenant.create_subscription(request).await.unwrap().subscription_id
}

async fn switch(tenant: &Tenant, id: &str, active: bool) {
    let update = SubscriptionUpdate { active: Some(active), ..SubscriptionUpdate::default() };
    tenant.update_subscription(id, update).await.unwrap();
}

/// The types that are active of a tag, by name.
async fn active(tenant: &Tenant, key: &str) -> Vec<String> {
    let all = tenant.subscriptions(SubscriptionFilter { key: Some(key), ..Default::default() }).await.unwrap();
    all.iter().filter(|one| one.active).map(|one| one.subscription_type.to_string()).collect()
}

/// Whether somebody is to be told of what becomes of a tag.
async fn looked_at(bench: &Bench, tenant: &Tenant, key: &str) -> bool {
    !bench.service.store().account(tenant.name()).tag_states(key).await.unwrap().is_empty()
}

/// Pushes `shop/web` with the tags 1 to 3; tells how each is named.
async fn three_tags(registry: &Registry) -> impl Fn(&str) -> String + use<'_> {
    for tag in ["1", "2", "3"] {
        registry.push("shop/web", tag, tag).await;
    }
    |tag: &str| format!("{}/shop/web:{tag}", registry.address)
}

#[test]
fn a_pattern_is_of_tags_that_are_there_and_of_those_that_come() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let (team, other) = (bench.account("team").await, bench.account("other").await);
            for (repository, tag) in [("shop/web", "1"), ("shop/web", "2"), ("shop/cart", "1")] {
                registry.push(repository, tag, &format!("{repository}{tag}")).await;
            }
            let named = |name: &str| format!("{}/{name}", registry.address);
            let [first, second, cart] = ["shop/web:1", "shop/web:2", "shop/cart:1"].map(named);
            for key in [&first, &cart] {
                add(&team, json!({ "tag": key })).await;
                add(&other, json!({ "tag": key })).await;
            }
            let pattern = activate(&team, SubscriptionType::VulnUpdate, &named("shop/web:*")).await;
            assert_eq!(active(&team, &first).await, ["analysis_update", "vuln_update"]);
            assert!(looked_at(&bench, &team, &first).await && !looked_at(&bench, &team, &cart).await);
            assert_eq!(active(&team, &cart).await, ["analysis_update"]);
            assert_eq!(active(&other, &first).await, ["analysis_update"], "of this account alone");
            add(&team, json!({ "tag": second })).await;
            assert_eq!(active(&team, &second).await, ["analysis_update", "vuln_update"]);

            // The record of the pattern itself is as any.
            let told = json!(team.subscription(&pattern).await.unwrap()[0]);
            assert_eq!(told["subscription_key"], json!(named("shop/web:*")));
            assert_eq!(told["subscription_id"], json!(pattern));
            assert_eq!(told.as_object().unwrap().len(), 8, "{told}");

            // Two patterns of a tag: what the one does not want any more the other does.
            let wide = activate(&team, SubscriptionType::VulnUpdate, "*:1").await;
            assert_eq!(active(&team, &cart).await, ["analysis_update", "vuln_update"]);
            switch(&team, &pattern, false).await;
            assert_eq!(active(&team, &first).await, ["analysis_update", "vuln_update"]);
            assert_eq!(active(&team, &second).await, ["analysis_update"]);
            team.delete_subscription(&wide).await.unwrap();
            for key in [&first, &second, &cart] {
                assert_eq!(active(&team, key).await, ["analysis_update"], "{key}");
            }
        }
    });
}

#[test]
fn what_a_user_decides_about_a_tag_counts_more_than_a_pattern() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let named = three_tags(registry).await;
            for tag in ["1", "2", "3"] {
                add(&team, json!({ "tag": named(tag) })).await;
            }
            let id = |tag: &str| subscription_id("team", &named(tag), SubscriptionType::PolicyEval);
            switch(&team, &id("2"), true).await;
            let pattern = activate(&team, SubscriptionType::PolicyEval, &named("*")).await;
            switch(&team, &id("1"), false).await;
            let states = async || {
                let mut states = Vec::new();
                for tag in ["1", "2", "3"] {
                    states.push(active(&team, &named(tag)).await.contains(&"policy_eval".to_owned()));
                }
                states
            };
            assert_eq!(states().await, [false, true, true]);
            // Neither another pattern nor an image that is added anew wakes what a user has silenced.
            activate(&team, SubscriptionType::PolicyEval, &named("1*")).await;
            add(&team, json!({ "tag": named("1") })).await;
            assert_eq!(states().await, [false, true, true]);
            // With its record goes the decision.
            team.delete_subscription(&id("1")).await.unwrap();
            assert_eq!(states().await, [true, true, true]);
            let unknown = subscription_id("team", &named("9"), SubscriptionType::PolicyEval);
            activate(&team, SubscriptionType::PolicyEval, &named("9")).await;
            team.delete_subscription(&unknown).await.unwrap();
            assert_eq!(team.subscription(&unknown).await.unwrap(), [], "nobody knows such a tag");

            switch(&team, &pattern, false).await;
            assert_eq!(states().await, [true, true, false], "one by another pattern, one by its user");
        }
    });
}

#[test]
fn a_pattern_is_of_tags_whose_image_was_deleted_by_force_and_came_again() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let digest = registry.push("shop/web", "1", "one").await.digest;
            let key = format!("{}/shop/web:1", registry.address);
            activate(&team, SubscriptionType::VulnUpdate, "*:1").await;
            add(&team, json!({ "tag": key })).await;
            let policy_eval = subscription_id("team", &key, SubscriptionType::PolicyEval);
            activate(&team, SubscriptionType::PolicyEval, "*:1").await;
            switch(&team, &policy_eval, false).await;
            assert_eq!(active(&team, &key).await, ["analysis_update", "vuln_update"]);

            team.delete_image(&digest, true).await.unwrap();
            assert_eq!(active(&team, &key).await, Vec::<String>::new());
            add(&team, json!({ "tag": key })).await;
            let after = active(&team, &key).await;
            assert_eq!(after, ["analysis_update", "vuln_update"], "but what the user has silenced stays so");
        }
    });
}

#[test]
fn an_account_chooses_which_subscriptions_of_new_tags_are_active() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let named = three_tags(registry).await;
            let choose = async |types: Vec<SubscriptionType>| {
                let change = AccountSettingsRequest { new_tag_subscriptions: Some(types), ..Default::default() };
                team.change_settings(change).await
            };
            add(&team, json!({ "tag": named("1") })).await;
            choose(vec![SubscriptionType::PolicyEval, SubscriptionType::VulnUpdate]).await.unwrap();
            add(&team, json!({ "tag": named("2") })).await;
            assert_eq!(active(&team, &named("2")).await, ["policy_eval", "vuln_update"]);
            add(&team, json!({ "tag": named("1") })).await;
            assert_eq!(active(&team, &named("1")).await, ["analysis_update"], "it is not new");
            choose(Vec::new()).await.unwrap();
            team.add_image(&request(json!({ "tag": named("3") })), false, true).await.unwrap();
            assert_eq!(active(&team, &named("3")).await, ["tag_update"], "that was asked for");
            assert!(choose(vec![SubscriptionType::RepoUpdate]).await.is_err());
        }
    });
}
