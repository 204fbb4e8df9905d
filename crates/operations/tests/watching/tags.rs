use serde_json::{Value, json};
use windlass_operations::Tenant;
use windlass_v1::{images::ImageAnalysisRequest, subscriptions::SubscriptionType};

use crate::{
    house::{House, active, in_every_house, switch, told},
    peer::Peer,
    registry::Registry,
};

async fn round(house: &House) {
    house.wait(4000);
    house.service.watch_tags().await.unwrap();
}

/// The details of what was told of tags, oldest first.
async fn moves(tenant: &Tenant) -> Vec<Value> {
    let told = told(tenant).await;
    told.into_iter().filter(|(kind, _, _)| kind == "user.image.tag.updated").map(|(_, _, details)| details).collect()
}

async fn lookups_failed(tenant: &Tenant) -> usize {
    let told = told(tenant).await;
    told.iter().filter(|(kind, _, _)| kind == "system.image_analysis.registry_lookup_failed").count()
}

async fn set(tenant: &Tenant, key: &str, active: bool) {
    switch(tenant, key, SubscriptionType::TagUpdate, active).await;
}

#[test]
fn a_tag_that_moves_is_added_and_told_once_with_what_it_stood_for() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        let key = format!("{}/team/app:latest", registry.address);
        let first = registry.push("team/app", "latest", "one").await;
        let annotations = serde_json::from_value(json!({"team": "red"})).unwrap();
        add_with(&admin, ImageAnalysisRequest { tag: Some(key.clone()), annotations, ..Default::default() }).await;
        for _ in 0..2 {
            round(&house).await;
            assert_eq!(moves(&admin).await, Vec::<Value>::new(), "it has not moved");
        }

        let second = registry.push("team/app", "latest", "two").await;
        for _ in 0..2 {
            round(&house).await;
            let expected = json!({
                "annotations": {"team": "red"}, "curr_eval": [second], "last_eval": [first],
                "subscription_type": "tag_update",
            });
            assert_eq!(moves(&admin).await, [expected]);
        }
        let image = record(&admin, &second).await;
        assert_eq!(image["annotations"], json!({"team": "red"}), "they go forward with the tag");
        assert_eq!(image["image_detail"][0]["fulltag"], json!(key));
        assert_eq!(image["analysis_status"], "not_analyzed");

        // Back again: an image that is known, and yet another than the tag stood for.
        registry.push("team/app", "latest", "one").await;
        round(&house).await;
        round(&house).await;
        let back = moves(&admin).await.remove(1);
        assert_eq!((&back["curr_eval"], &back["last_eval"]), (&json!([first]), &json!([second])));
        assert_eq!(moves(&admin).await.len(), 2);
    });
}

/// `spec/operations.md` §2.2
#[test]
fn a_tag_that_moves_keeps_its_subscriptions_as_users_have_set_them() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        let key = format!("{}/team/app:latest", registry.address);
        registry.push("team/app", "latest", "one").await;
        add(&admin, &key).await;
        switch(&admin, &key, SubscriptionType::AnalysisUpdate, false).await;
        switch(&admin, &key, SubscriptionType::VulnUpdate, true).await;
        round(&house).await;
        registry.push("team/app", "latest", "two").await;
        round(&house).await;
        assert_eq!(moves(&admin).await.len(), 1);
        assert_eq!(active(&admin, &key).await, ["tag_update", "vuln_update"]);
        // Whoever adds the image by hand wants to hear of it.
        add(&admin, &key).await;
        assert_eq!(active(&admin, &key).await, ["analysis_update", "tag_update", "vuln_update"]);
    });
}

#[test]
fn a_move_is_told_though_somebody_added_the_image_before() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        let key = format!("{}/team/app:latest", registry.address);
        let first = registry.push("team/app", "latest", "one").await;
        add(&admin, &key).await;
        round(&house).await;
        let second = registry.push("team/app", "latest", "two").await;
        add(&admin, &key).await;
        round(&house).await;
        round(&house).await;
        let told = moves(&admin).await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["curr_eval"], &told[0]["last_eval"]), (&json!([second]), &json!([first])));
    });
}

#[test]
fn an_index_that_is_written_anew_around_the_same_image_is_no_move() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        let key = format!("{}/team/app:latest", registry.address);
        let image = registry.push("team/app", "amd", "one").await;
        registry.push_index("team/app", "latest", &image, "first").await;
        add(&admin, &key).await;
        round(&house).await;
        let index = registry.push_index("team/app", "latest", &image, "second").await;
        round(&house).await;
        round(&house).await;
        assert_eq!(moves(&admin).await, Vec::<Value>::new());
        assert_eq!(record(&admin, &image).await["parentDigest"], json!(index));
        let other = registry.push("team/app", "amd", "two").await;
        registry.push_index("team/app", "latest", &other, "second").await;
        round(&house).await;
        assert_eq!(moves(&admin).await[0]["curr_eval"], json!([other]), "the image is told, not the index");
    });
}

#[test]
fn nobody_is_told_who_has_not_subscribed() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let (admin, other) = (house.admin(), house.team("other").await);
        let key = format!("{}/team/app:latest", registry.address);
        registry.push("team/app", "latest", "one").await;
        add(&admin, &key).await;
        add(&other, &key).await;
        round(&house).await;
        set(&other, &key, false).await;
        let second = registry.push("team/app", "latest", "two").await;
        round(&house).await;
        assert_eq!(moves(&admin).await.len(), 1);
        assert_eq!(moves(&other).await, Vec::<Value>::new());
        assert_eq!(
            other.image(&second).await.err().map(|error| error.to_string()),
            Some("image not found in DB".into())
        );
        set(&other, &key, true).await;
        round(&house).await;
        assert_eq!(moves(&other).await.len(), 1, "it has moved since it was last seen");
        assert_eq!(moves(&admin).await.len(), 1);
    });
}

#[test]
fn a_tag_that_vanishes_is_told_once_and_does_not_hold_up_the_others() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        for tag in ["gone", "here"] {
            registry.push("team/app", tag, tag).await;
            add(&admin, &format!("{}/team/app:{tag}", registry.address)).await;
        }
        round(&house).await;
        let key = format!("{}/team/app:nowhere", registry.address);
        let request = windlass_v1::subscriptions::SubscriptionRequest {
            subscription_key: Some(key),
            subscription_type: Some("tag_update".into()),
            active: true,
            ..Default::default()
        };
        admin.create_subscription(request).await.unwrap();
        let moved = registry.push("team/app", "here", "moved").await;
        round(&house).await;
        assert_eq!(lookups_failed(&admin).await, 1);
        assert_eq!(moves(&admin).await[0]["curr_eval"], json!([moved]));
        round(&house).await;
        house.wait(86_400);
        round(&house).await;
        assert_eq!(lookups_failed(&admin).await, 1);
    });
}

#[test]
fn a_secret_that_cannot_be_read_is_its_account_s_trouble_alone() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let (admin, other) = (house.admin(), house.team("another").await);
        let key = format!("{}/team/app:latest", registry.address);
        registry.push("team/app", "latest", "one").await;
        add(&admin, &key).await;
        add(&other, &key).await;
        round(&house).await;
        let row = windlass_store::registries::Model {
            account: String::new(),
            registry: registry.address.clone(),
            name: "ours".into(),
            kind: "docker_v2".into(),
            username: "u".into(),
            secret: "v1:AAAA".into(),
            verify: true,
            token: None,
            token_expiry: None,
            created_at: house.service.clock().moment(),
            last_updated: house.service.clock().moment(),
        };
        house.service.store().account(other.name()).insert_registry(row).await.unwrap();
        registry.push("team/app", "latest", "two").await;
        round(&house).await;
        assert_eq!((moves(&admin).await.len(), lookups_failed(&admin).await), (1, 0));
        assert_eq!((moves(&other).await.len(), lookups_failed(&other).await), (0, 1));
        other.delete_registry(&registry.address).await.unwrap();
        house.wait(86_400);
        round(&house).await;
        assert_eq!((moves(&other).await.len(), lookups_failed(&other).await), (1, 1));
    });
}

#[test]
fn an_unchanged_tag_costs_a_registry_one_question_that_is_no_pull() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let digest = format!("sha256:{}", "ab".repeat(32));
        let headers = format!("docker-content-digest: {digest}\r\n");
        let peer = Peer::start(move |_| ("200 OK", headers.clone(), "{}".into())).await;
        let request = windlass_v1::subscriptions::SubscriptionRequest {
            subscription_key: Some(format!("{}/team/app:latest", peer.address)),
            subscription_type: Some("tag_update".into()),
            active: true,
            ..Default::default()
        };
        let id = admin.create_subscription(request).await.unwrap().subscription_id;
        let watch = windlass_store::watches::Model {
            subscription: id,
            digest: Some(digest.clone()),
            image: Some(digest),
            ..Default::default()
        };
        let tx = house.service.store().begin().await.unwrap();
        windlass_store::watches::keep(&tx, &watch).await.unwrap();
        tx.commit().await.unwrap();
        round(&house).await;
        let requests = peer.requests.lock().unwrap().clone();
        let questions: Vec<&str> =
            requests.iter().map(|request| request.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(questions.iter().filter(|method| **method == "HEAD").count(), 1, "{requests:?}");
        assert!(!requests.iter().any(|request| request.starts_with("GET /v2/team")), "{requests:?}");
        assert_eq!(moves(&admin).await, Vec::<Value>::new());
    });
}

async fn add(tenant: &Tenant, tag: &str) {
    add_with(tenant, ImageAnalysisRequest { tag: Some(tag.into()), ..Default::default() }).await;
}

async fn add_with(tenant: &Tenant, request: ImageAnalysisRequest) {
    tenant.add_image(&request, false, true).await.unwrap();
}

async fn record(tenant: &Tenant, digest: &str) -> Value {
    json!(tenant.image(digest).await.unwrap())
}
