use serde_json::{Value, json};
use windlass_image::Digest;
use windlass_operations::{SubscriptionFilter, Tenant, WatchRequest};
use windlass_v1::{
    images::ImageAnalysisRequest,
    subscriptions::{Subscription, SubscriptionType, SubscriptionUpdate, subscription_id},
};

use crate::{
    house::{House, active, in_every_house, refusal, switch, told},
    peer::Peer,
    registry::Registry,
};

fn value(subscription: &Subscription) -> Value {
    serde_json::from_str(subscription.subscription_value.as_deref().unwrap()).unwrap()
}

/// Digest and analysis status of each tag that has an image.
async fn tags(tenant: &Tenant) -> Vec<String> {
    let all = tenant.subscriptions(SubscriptionFilter { kind: Some("analysis_update"), ..Default::default() });
    all.await.unwrap().into_iter().map(|subscription| subscription.subscription_key).collect()
}

async fn is_active(tenant: &Tenant, key: &str, kind: SubscriptionType) -> bool {
    let id = subscription_id(tenant.name().as_str(), key, kind);
    tenant.subscription(&id).await.unwrap()[0].active
}

async fn round(house: &House) {
    house.wait(70);
    house.service.watch_repositories().await.unwrap();
}

#[test]
fn a_repository_is_watched_in_the_words_of_the_original() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        for tag in ["v1", "v2"] {
            registry.push("team/app", tag, tag).await;
        }
        let repository = format!("{}/team/app", registry.address);
        let id = subscription_id("admin", &repository, SubscriptionType::RepoUpdate);
        let mut request = WatchRequest { repository: &repository, dryrun: true, ..WatchRequest::default() };
        let dry = admin.watch_repository(request.clone()).await.unwrap();
        assert_eq!(
            value(&dry),
            json!({"autosubscribe": false, "repotags": ["v1", "v2"], "tagcount": 2, "lookuptag": "latest"})
        );
        let mut shape = json!(dry);
        shape["subscription_value"].take();
        let expected = json!({
            "active": false, "subscription_id": id, "subscription_key": repository, "subscription_type": "repo_update",
            "subscription_value": null, "userId": "admin",
        });
        assert_eq!(shape, expected);
        assert_eq!(admin.subscription(&id).await.unwrap(), [], "nothing is kept of a dry run");

        (request.dryrun, request.autosubscribe, request.lookuptag) = (false, true, Some("v1"));
        let kept = admin.watch_repository(request.clone()).await.unwrap();
        assert!(kept.active && kept.created_at.is_some());
        // F 16
        let lookup = json!({"autosubscribe": true, "repotags": ["v1", "v2"], "tagcount": 2, "lookuptag": "v1"});
        assert_eq!(value(&kept), lookup);
        let stored = admin.subscription(&id).await.unwrap();
        assert_eq!(value(&stored[0]), json!({"autosubscribe": true, "tagcount": 2, "lookuptag": "v1"}));

        request.autosubscribe = false;
        let again = admin.watch_repository(request).await.unwrap();
        assert_eq!((again.subscription_id.as_str(), &value(&again)["autosubscribe"]), (id.as_str(), &json!(false)));
    });
}

#[test]
fn a_repository_whose_tags_cannot_be_listed_is_not_found() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let peer = Peer::start(|_| ("404 Not Found", String::new(), "{}".into())).await;
        let repository = format!("{}/none", peer.address);
        let request = WatchRequest { repository: &repository, ..WatchRequest::default() };
        let message = format!("no tags could be added from input regrepo ({repository})");
        assert_eq!(refusal(admin.watch_repository(request).await), (404, message));
        for bad in ["", "a b", "r.example/app@sha256:0000000000000000000000000000000000000000000000000000000000000000"]
        {
            let request = WatchRequest { repository: bad, ..WatchRequest::default() };
            assert_eq!(refusal(admin.watch_repository(request).await).0, 400, "{bad}");
        }
        let exclude = Some(vec!["[".to_owned()]);
        let request = WatchRequest { repository: &repository, exclude, ..WatchRequest::default() };
        assert_eq!(refusal(admin.watch_repository(request).await).0, 400);
    });
}

#[test]
fn the_tag_to_look_up_proves_a_repository_that_lists_none() {
    in_every_house(|house| async move {
        let peer = Peer::start(|request| {
            let digest = format!("docker-content-digest: sha256:{}\r\n", "ab".repeat(32));
            match request.starts_with("HEAD /v2/team/app/manifests/v7 ") {
                true => ("200 OK", digest, String::new()),
                false if request.starts_with("GET /v2/ ") => ("200 OK", String::new(), "{}".into()),
                false => ("404 Not Found", String::new(), "{}".into()),
            }
        })
        .await;
        let repository = format!("{}/team/app", peer.address);
        let mut request = WatchRequest { repository: &repository, lookuptag: Some("v7"), ..WatchRequest::default() };
        let kept = house.admin().watch_repository(request.clone()).await.unwrap();
        assert_eq!(value(&kept)["repotags"], json!(["v7"]));
        request.lookuptag = Some("v8");
        assert_eq!(refusal(house.admin().watch_repository(request).await).0, 404);
    });
}

/// F 16: what proves the repository is added, too.
#[test]
fn the_tag_to_look_up_is_added_of_a_repository_that_lists_none() {
    in_every_house(|house| async move {
        let layer = Digest::of(b"layer").to_string();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer]},
        })
        .to_string();
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", "size": config.len(),
                "digest": Digest::of(config.as_bytes()).to_string(),
            },
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": 5}],
        })
        .to_string();
        let digest = Digest::of(manifest.as_bytes()).to_string();
        let headers = format!("content-type: {kind}\r\ndocker-content-digest: {digest}\r\n");
        let peer = Peer::start(move |request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            match path.strip_prefix("/v2/") {
                Some("") => ("200 OK", String::new(), "{}".into()),
                Some("team/app/manifests/v7") => ("200 OK", headers.clone(), manifest.clone()),
                Some(rest) if rest.contains("/blobs/") => ("200 OK", String::new(), config.clone()),
                _ => ("404 Not Found", String::new(), "{}".into()),
            }
        })
        .await;
        let admin = house.admin();
        let repository = format!("{}/team/app", peer.address);
        let request = WatchRequest { repository: &repository, lookuptag: Some("v7"), ..WatchRequest::default() };
        admin.watch_repository(request).await.unwrap();
        for _ in 0..3 {
            round(&house).await;
            house.wait(3600);
            assert_eq!(tags(&admin).await, [format!("{repository}:v7")]);
            assert!(admin.image(&digest).await.is_ok());
            let told = told(&admin).await.into_iter().map(|(kind, ..)| kind).collect::<Vec<_>>();
            assert_eq!(told, ["system.repository.list_tags_fail"], "of others nobody hears");
        }
    });
}

/// `spec/operations.md` §7.3: whoever asks for a repository does not wait for what failed before.
#[test]
fn a_repository_that_is_added_again_is_visited_at_once() {
    in_every_house(|house| async move {
        let Some(mut registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        registry.push("team/app", "v1", "v1").await;
        let repository = format!("{}/team/app", registry.address);
        let request = WatchRequest { repository: &repository, ..WatchRequest::default() };
        admin.watch_repository(request.clone()).await.unwrap();
        registry.stop();
        for _ in 0..4 {
            house.wait(3600);
            house.service.watch_repositories().await.unwrap();
        }
        let _registry = registry.resume().await;
        house.service.watch_repositories().await.unwrap();
        assert_eq!(tags(&admin).await, [""; 0], "it rests");
        admin.watch_repository(request).await.unwrap();
        house.service.watch_repositories().await.unwrap();
        assert_eq!(tags(&admin).await, [format!("{repository}:v1")]);
    });
}

#[test]
fn new_tags_are_added_but_for_those_that_are_excluded() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let (admin, other) = (house.admin(), house.team("other").await);
        for tag in ["v1", "v2-rc1", "edge"] {
            registry.push("team/app", tag, tag).await;
        }
        let repository = format!("{}/team/app", registry.address);
        let named = |tag: &str| format!("{repository}:{tag}");
        let exclude = Some(vec!["*-rc*".to_owned()]);
        let request = WatchRequest { repository: &repository, autosubscribe: true, exclude, ..WatchRequest::default() };
        admin.watch_repository(request).await.unwrap();
        round(&house).await;
        assert_eq!(tags(&admin).await, [named("edge"), named("v1")]);
        assert!(is_active(&admin, &named("v1"), SubscriptionType::TagUpdate).await);
        assert!(!is_active(&admin, &named("v1"), SubscriptionType::PolicyEval).await);

        registry.push("team/app", "v3", "v3").await;
        registry.push("team/app", "v4-rc1", "v4").await;
        round(&house).await;
        assert_eq!(tags(&admin).await, [named("edge"), named("v1"), named("v3")]);
        let id = subscription_id("admin", &repository, SubscriptionType::RepoUpdate);
        let watch = value(&admin.subscription(&id).await.unwrap()[0]);
        assert_eq!((&watch["repotags"], &watch["tagcount"]), (&json!(["edge", "v1", "v3"]), &json!(3)));
        assert_eq!(watch["exclude"], json!(["*-rc*"]));
        assert_eq!(tags(&other).await, Vec::<String>::new());

        let off = SubscriptionUpdate { active: Some(false), ..SubscriptionUpdate::default() };
        admin.update_subscription(&id, off).await.unwrap();
        registry.push("team/app", "v5", "v5").await;
        round(&house).await;
        assert_eq!(tags(&admin).await.len(), 3, "nobody watches any more");
    });
}

#[test]
fn of_many_tags_only_the_last_ones_are_added() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        for tag in ["v1.2", "v1.9", "v1.10", "edge"] {
            registry.push("team/app", tag, tag).await;
        }
        let repository = format!("{}/team/app", registry.address);
        let named = |tag: &str| format!("{repository}:{tag}");
        let include = Some(vec!["v*".to_owned()]);
        let request = WatchRequest { repository: &repository, include, max_tags: Some(2), ..WatchRequest::default() };
        let dry = admin.watch_repository(WatchRequest { dryrun: true, ..request.clone() }).await.unwrap();
        let mut chosen: Vec<String> = serde_json::from_value(value(&dry)["repotags"].clone()).unwrap();
        chosen.sort();
        assert_eq!(chosen, ["v1.10", "v1.9"]);
        let kept = admin.watch_repository(request).await.unwrap();
        assert_eq!((&value(&kept)["max_tags"], &value(&kept)["tagcount"]), (&json!(2), &json!(2)));
        round(&house).await;
        assert_eq!(tags(&admin).await, [named("v1.10"), named("v1.9")]);
        // One that comes and is not among the last is not added; one that is, is, and nothing goes for it.
        registry.push("team/app", "v1.3", "v1.3").await;
        registry.push("team/app", "v2.0", "v2.0").await;
        round(&house).await;
        assert_eq!(tags(&admin).await, [named("v1.10"), named("v1.9"), named("v2.0")]);
        // What is not given stays, and 0 takes the limit away.
        let again = WatchRequest { repository: &repository, ..WatchRequest::default() };
        assert_eq!(value(&admin.watch_repository(again.clone()).await.unwrap())["max_tags"], json!(2));
        let all = admin.watch_repository(WatchRequest { max_tags: Some(0), ..again }).await.unwrap();
        assert_eq!(value(&all).get("max_tags"), None);
        round(&house).await;
        assert_eq!(tags(&admin).await.len(), 5);
    });
}

#[test]
fn images_that_were_built_too_long_ago_are_left_out_until_that_is_allowed() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        registry.push_built("2020-01-01T00:00:00Z", "team/app", "old").await;
        registry.push_built("2026-01-01T00:00:00Z", "team/app", "new").await;
        registry.push_built("1970-01-01T00:00:00Z", "team/app", "reproducible").await;
        registry.push("team/app", "silent", "silent").await;
        let repository = format!("{}/team/app", registry.address);
        let named = |tags: &[&str]| tags.iter().map(|tag| format!("{repository}:{tag}")).collect::<Vec<_>>();
        let since = |since| WatchRequest { repository: &repository, since: Some(since), ..WatchRequest::default() };
        assert_eq!(refusal(admin.watch_repository(since("yesterday")).await).0, 400);
        admin.watch_repository(since("2025-01-01")).await.unwrap();
        for _ in 0..2 {
            round(&house).await;
            assert_eq!(tags(&admin).await, named(&["new", "reproducible", "silent"]));
        }
        let id = subscription_id("admin", &repository, SubscriptionType::RepoUpdate);
        let watch = value(&admin.subscription(&id).await.unwrap()[0]);
        assert_eq!(watch["repotags"], json!(["new", "reproducible", "silent"]));
        assert_eq!(watch["since"], "2025-01-01");

        admin.watch_repository(since("2019-01-01")).await.unwrap();
        round(&house).await;
        assert_eq!(tags(&admin).await, named(&["new", "old", "reproducible", "silent"]));
        let any = value(&admin.watch_repository(since("")).await.unwrap());
        assert_eq!(any.get("since"), None);
    });
}

/// D-1: the original's watcher switches off what users have switched on.
#[test]
fn a_watched_repository_leaves_subscriptions_of_its_tags_as_users_have_set_them() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        registry.push("team/app", "v1", "v1").await;
        let repository = format!("{}/team/app", registry.address);
        let key = format!("{repository}:v1");
        let request = windlass_v1::subscriptions::SubscriptionRequest {
            subscription_key: Some(key.clone()),
            subscription_type: Some("policy_eval".into()),
            active: true,
            ..Default::default()
        };
        admin.create_subscription(request).await.unwrap();
        let watch = WatchRequest { repository: &repository, ..WatchRequest::default() };
        admin.watch_repository(watch).await.unwrap();
        round(&house).await;
        assert!(is_active(&admin, &key, SubscriptionType::PolicyEval).await);
        assert!(is_active(&admin, &key, SubscriptionType::AnalysisUpdate).await);
        assert!(!is_active(&admin, &key, SubscriptionType::TagUpdate).await);
    });
}

/// `spec/operations.md` §2.2
#[test]
fn a_watched_repository_does_not_wake_what_users_have_silenced_of_tags_that_were_there_before() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        registry.push("team/app", "v1", "v1").await;
        let repository = format!("{}/team/app", registry.address);
        let key = format!("{repository}:v1");
        let image = ImageAnalysisRequest { tag: Some(key.clone()), ..Default::default() };
        admin.add_image(&image, false, true).await.unwrap();
        for kind in [SubscriptionType::AnalysisUpdate, SubscriptionType::TagUpdate] {
            switch(&admin, &key, kind, false).await;
        }
        let watch = WatchRequest { repository: &repository, autosubscribe: true, ..WatchRequest::default() };
        admin.watch_repository(watch).await.unwrap();
        registry.push("team/app", "v2", "v2").await;
        round(&house).await;
        assert_eq!(active(&admin, &key).await, Vec::<String>::new());
        let new = active(&admin, &format!("{repository}:v2")).await;
        assert_eq!(new, ["analysis_update", "tag_update"]);
    });
}

#[test]
fn a_repository_that_fails_is_told_once_until_it_is_well_again() {
    in_every_house(|house| async move {
        let Some(mut registry) = Registry::start(None).await else { return };
        let admin = house.admin();
        registry.push("team/app", "v1", "v1").await;
        let repository = format!("{}/team/app", registry.address);
        admin.watch_repository(WatchRequest { repository: &repository, ..WatchRequest::default() }).await.unwrap();
        round(&house).await;
        let failures = async || {
            let told = told(&admin).await;
            told.into_iter().filter(|(kind, _, _)| kind == "system.repository.list_tags_fail").collect::<Vec<_>>()
        };
        assert_eq!(failures().await.len(), 0);

        registry.stop();
        for _ in 0..2 {
            round(&house).await;
            house.wait(3600);
        }
        let failed = failures().await;
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!(failed[0].1, repository);
        assert_eq!(failed[0].2["error_codes"], json!(["REGISTRY_NOT_ACCESSIBLE"]));

        let mut registry = registry.resume().await;
        registry.push("team/app", "v2", "v2").await;
        house.wait(3600);
        round(&house).await;
        assert_eq!(tags(&admin).await.len(), 2);
        registry.stop();
        round(&house).await;
        assert_eq!(failures().await.len(), 2);
    });
}

#[test]
fn a_registry_that_is_away_is_asked_ever_more_seldom_and_for_one_repository_only() {
    in_every_house(|house| async move {
        let (listing, away) = (r#"{"tags": ["v1"]}"#, std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let gone = std::sync::Arc::clone(&away);
        let peer = Peer::start(move |request| {
            if gone.load(std::sync::atomic::Ordering::Relaxed) {
                ("429 Too Many Requests", "retry-after: 600\r\n".into(), "{}".into())
            } else if request.contains("/tags/list") {
                ("200 OK", String::new(), listing.into())
            } else {
                ("200 OK", String::new(), "{}".into())
            }
        })
        .await;
        for name in ["a", "b", "c"] {
            let repository = format!("{}/team/{name}", peer.address);
            let exclude = Some(vec!["v1".to_owned()]);
            let request = WatchRequest { repository: &repository, ..WatchRequest::default() };
            house.admin().watch_repository(request.clone()).await.unwrap();
            let none = WatchRequest { exclude, ..request };
            assert_eq!(refusal(house.admin().watch_repository(none).await).0, 404, "there is none to add");
        }
        away.store(true, std::sync::atomic::Ordering::Relaxed);
        peer.count();
        round(&house).await;
        let asked: std::collections::BTreeSet<String> = std::mem::take(&mut *peer.requests.lock().unwrap())
            .into_iter()
            .filter_map(|request| request.split("/tags/list").next().map(str::to_owned))
            .collect();
        assert!(asked.len() <= 2, "one of three repositories, besides the greeting: {asked:?}");
        house.wait(500);
        house.service.watch_repositories().await.unwrap();
        assert_eq!(peer.count(), 0, "it asked for ten minutes");
        house.wait(700);
        house.service.watch_repositories().await.unwrap();
        assert!(peer.count() > 0);
    });
}
