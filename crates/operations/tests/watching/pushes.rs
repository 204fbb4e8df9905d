use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use windlass_operations::{Proof, Tenant, WatchRequest, registry_pushes::Kind};
use windlass_v1::{
    images::ImageAnalysisRequest,
    registry_hooks::{RegistryHookRequest, RegistryHookSecret, RegistryPushes},
};

use crate::{
    house::{House, in_every_house, refusal, told},
    peer::Peer,
    registry::Registry,
};

async fn hook(tenant: &Tenant, registry: Option<&str>) -> RegistryHookSecret {
    let request = RegistryHookRequest { name: "ours".into(), registry: registry.map(str::to_owned) };
    tenant.create_registry_hook(request).await.unwrap()
}

async fn take(house: &House, hook: &RegistryHookSecret, body: &Value) -> Option<RegistryPushes> {
    let proof = Proof::Secret { id: &hook.hook.hook_id, secret: &hook.secret };
    house.service.take_registry_event(Kind::Distribution, &proof, body.to_string().as_bytes()).await.unwrap()
}

fn push(host: &str, repository: &str, tag: &str) -> Value {
    json!({"events": [{
        "action": "push", "target": {"repository": repository, "tag": tag, "digest": "sha256:1"},
        "request": {"host": host},
    }]})
}

/// Does the visits that wait, and nothing else.
async fn visit(house: &House) {
    while house.service.work_once("w", &CancellationToken::new()).await.unwrap() {}
}

async fn moves(tenant: &Tenant) -> Vec<Value> {
    let told = told(tenant).await;
    told.into_iter().filter(|(kind, _, _)| kind == "user.image.tag.updated").map(|(_, _, details)| details).collect()
}

async fn watch(tenant: &Tenant, tag: &str) {
    let request = ImageAnalysisRequest { tag: Some(tag.into()), ..Default::default() };
    tenant.add_image(&request, false, true).await.unwrap();
}

/// A real registry tells a receiver, whose requests are what the service takes.
#[test]
fn a_push_that_the_registry_tells_of_is_looked_at_at_once() {
    in_every_house(|house| async move {
        let peer = Peer::start(|_| ("200 OK", String::new(), "{}".into())).await;
        let admin = house.admin();
        let ours = hook(&admin, None).await;
        let notifications = json!({"endpoints": [{
            "name": "windlass", "url": format!("http://{}/v1/registry-events/docker-distribution", peer.address),
            "headers": {"Authorization": [format!("Bearer {}", ours.token)]},
            "timeout": "2s", "threshold": 3, "backoff": "1s",
        }]});
        let Some(registry) = Registry::that_tells(&notifications).await else { return };
        let first = registry.push("team/app", "latest", "one").await;
        let key = format!("{}/team/app:latest", registry.address);
        watch(&admin, &key).await;
        house.service.watch_tags().await.unwrap();
        peer.requests.lock().unwrap().clear();
        let second = registry.push("team/app", "latest", "two").await;

        // What the registry sent about the manifest, and how it proved who it is.
        let begun = Instant::now();
        let request = loop {
            let sent = peer.requests.lock().unwrap().iter().find(|request| request.contains(&second)).cloned();
            if let Some(request) = sent {
                break request;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the registry tells nobody");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Bearer {}", ours.token)), "{head}");
        let proof = Proof::Secret { id: &ours.hook.hook_id, secret: &ours.secret };
        let taken = house.service.take_registry_event(Kind::Distribution, &proof, body.as_bytes()).await.unwrap();
        assert_eq!(taken, Some(RegistryPushes { pushes: 1, visits: 1 }));
        assert_eq!(moves(&admin).await, Vec::<Value>::new(), "whoever takes it looks at nothing");
        visit(&house).await;
        let told = moves(&admin).await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["curr_eval"], &told[0]["last_eval"]), (&json!([second]), &json!([first])));

        // The round that comes on schedule finds nothing new.
        house.wait(4000);
        house.service.watch_tags().await.unwrap();
        assert_eq!(moves(&admin).await.len(), 1);
    });
}

#[test]
fn a_push_to_a_watched_repository_brings_its_new_tag() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        registry.push("team/app", "v1", "one").await;
        let repository = format!("{}/team/app", registry.address);
        admin.watch_repository(WatchRequest { repository: &repository, ..WatchRequest::default() }).await.unwrap();
        house.wait(70);
        house.service.watch_repositories().await.unwrap();
        let digest = registry.push("team/app", "v2", "two").await;
        // The registry calls itself by another name than images do.
        let ours = hook(&admin, Some(&registry.address)).await;
        let taken = take(&house, &ours, &push("registry.internal:5000", "team/app", "v2")).await.unwrap();
        assert_eq!(taken.visits, 1);
        visit(&house).await;
        assert!(admin.image(&digest).await.is_ok());
    });
}

#[test]
fn nothing_is_pulled_that_nobody_watches_and_no_account_sees_another_s_pushes() {
    in_every_house(|house| async move {
        let (admin, other) = (house.admin(), house.team("other").await);
        let peer = Peer::start(|_| ("404 Not Found", String::new(), "{}".into())).await;
        let ours = hook(&admin, None).await;
        let theirs = hook(&other, None).await;
        let request = windlass_v1::subscriptions::SubscriptionRequest {
            subscription_key: Some(format!("{}/team/app:1", peer.address)),
            subscription_type: Some("tag_update".into()),
            active: true,
            ..Default::default()
        };
        admin.create_subscription(request).await.unwrap();
        for (hook, tag, visits) in [(&ours, "2", 0), (&theirs, "1", 0), (&ours, "1", 1), (&ours, "1", 1)] {
            let taken = take(&house, hook, &push(&peer.address, "team/app", tag)).await.unwrap();
            assert_eq!(taken.visits, visits, "{tag}");
        }
        assert_eq!(peer.count(), 0);
        visit(&house).await;
        assert!(peer.count() > 0);
        assert_eq!(told(&other).await.len(), 0);
    });
}

#[test]
fn who_does_not_know_the_secret_is_nobody_and_one_that_was_replaced_is_taken_for_a_day() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let old = hook(&admin, None).await;
        let body = json!({"events": []});
        let sees = async |id: &str, secret: &str| {
            let proof = Proof::Secret { id, secret };
            let taken = house.service.take_registry_event(Kind::Quay, &proof, body.to_string().as_bytes()).await;
            taken.unwrap().is_some()
        };
        let id = old.hook.hook_id.clone();
        assert!(sees(&id, &old.secret).await);
        for (id, secret) in [(id.as_str(), "wrong"), (&id, ""), ("00", &old.secret), ("a'b", &old.secret)] {
            assert!(!sees(id, secret).await, "{id} {secret}");
        }
        let new = admin.rotate_registry_hook("ours").await.unwrap();
        assert!(sees(&id, &old.secret).await && sees(&id, &new.secret).await);
        house.wait(86_400);
        assert!(!sees(&id, &old.secret).await && sees(&id, &new.secret).await);
        let shown = admin.registry_hooks().await.unwrap();
        assert!(shown[0].last_used_at.is_some() && !json!(shown).to_string().contains(&new.secret));
        let rows = windlass_store::testing::rows(house.service.store(), "registry_hooks", "name", "ours").await;
        assert!(!json!(rows).to_string().contains(&new.secret), "it is encrypted");

        let again = RegistryHookRequest { name: "ours".into(), registry: None };
        assert_eq!(refusal(admin.create_registry_hook(again).await).0, 409);
        let odd = RegistryHookRequest { name: "a b".into(), registry: None };
        assert_eq!(refusal(admin.create_registry_hook(odd).await).0, 400);
        admin.delete_registry_hook("ours").await.unwrap();
        assert!(!sees(&id, &new.secret).await);
        assert_eq!(refusal(admin.rotate_registry_hook("ours").await).0, 404);
    });
}
