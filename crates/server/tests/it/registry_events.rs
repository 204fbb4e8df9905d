//! Registries that tell of pushes, each in its own words and with its own proof of who it is.

use axum::http::{Method, StatusCode};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use windlass_operations::testing::{Bench, on_every_service};

use crate::client::{Answer, Client};

/// A registry: what it sends, the tag it sends it about, and how it proves who it is.
struct Registry {
    kind: &'static str,
    fulltag: &'static str,
    /// What it tells of a push to this repository.
    body: fn(&str) -> Value,
    proof: fn(&Client, &Hook, &[u8]) -> (Client, String),
}

struct Hook {
    id: String,
    secret: String,
    token: String,
}

const REGISTRIES: [Registry; 5] = [
    Registry {
        kind: "docker-distribution",
        fulltag: "registry.example:5000/team/app:1",
        body: |repository| {
            json!({"events": [{
                "id": "320678d8-ca14-430f-8bb6-4ca139cd83f7", "timestamp": "2026-01-01T12:00:00Z", "action": "push",
                "target": {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 708, "length": 708,
                    "digest": "sha256:fea8895f450959fa676bcc1df0611ea93823a735a01205fd8622846041d0c7cf",
                    "repository": repository, "tag": "1",
                    "url": format!("https://registry.example:5000/v2/{repository}/manifests/sha256:fea8"),
                },
                "request": {"id": "6df2", "addr": "192.0.2.1:4711", "host": "registry.example:5000", "method": "PUT",
                    "useragent": "docker/27"},
                "actor": {"name": "ci"}, "source": {"addr": "registry:5000", "instanceID": "a53d"},
            }]})
        },
        proof: |client, hook, _| (client.bearer(&hook.token), String::new()),
    },
    Registry {
        kind: "harbor",
        fulltag: "harbor.example/team/app:1",
        body: |repository| {
            json!({"type": "PUSH_ARTIFACT", "occur_at": 1_767_268_800, "operator": "ci", "event_data": {
                "resources": [{"digest": "sha256:8a9e", "tag": "1",
                    "resource_url": format!("harbor.example/{repository}:1")}],
                "repository": {"date_created": 1_767_268_800, "name": "app", "namespace": "team",
                    "repo_full_name": repository, "repo_type": "private"},
            }})
        },
        // Harbor sends its "auth header" as it is.
        proof: |client, hook, _| (client.header("authorization", &hook.token), String::new()),
    },
    Registry {
        kind: "quay",
        fulltag: "quay.io/team/app:1",
        body: |repository| {
            json!({"name": "app", "namespace": "team", "repository": repository, "updated_tags": ["1"],
                "docker_url": format!("quay.io/{repository}"), "homepage": "https://quay.io/repository/team/app"})
        },
        proof: |client, hook, _| (client.clone(), format!("?hook={}&secret={}", hook.id, hook.secret)),
    },
    Registry {
        kind: "ecr",
        fulltag: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1",
        body: |repository| {
            json!({"version": "0", "id": "13cde686", "detail-type": "ECR Image Action", "source": "aws.ecr",
                "account": "123456789012", "time": "2026-01-01T12:00:00Z", "region": "eu-west-1", "resources": [],
                "detail": {"result": "SUCCESS", "repository-name": repository, "image-digest": "sha256:7f5b",
                    "action-type": "PUSH", "image-tag": "1"}})
        },
        proof: |client, hook, _| (client.header("x-windlass-hook", &hook.token), String::new()),
    },
    Registry {
        kind: "ghcr",
        fulltag: "ghcr.io/team/app:1",
        body: |repository| {
            let (namespace, name) = repository.split_once('/').unwrap();
            json!({"action": "published", "package": {
                "id": 1, "name": name, "namespace": namespace, "ecosystem": "CONTAINER", "package_type": "CONTAINER",
                "owner": {"login": namespace, "type": "Organization"},
                "package_version": {"id": 2, "version": "sha256:3c1d", "container_metadata": {
                    "tag": {"name": "1", "digest": "sha256:3c1d"}}},
            }, "sender": {"login": "ci"}})
        },
        proof: |client, hook, body| {
            let mut mac = Hmac::<Sha256>::new_from_slice(hook.secret.as_bytes()).unwrap();
            mac.update(body);
            let signature = format!("sha256={:x}", mac.finalize().into_bytes());
            (client.header("x-hub-signature-256", &signature), format!("?hook={}", hook.id))
        },
    },
];

async fn hook(admin: &Client, name: &str) -> Hook {
    let made = admin.post("/v1/registry-hooks", &json!({ "name": name })).await.ok();
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    Hook { id: text("hook_id"), secret: text("secret"), token: text("token") }
}

impl Registry {
    async fn tells(&self, nobody: &Client, hook: &Hook, body: Vec<u8>) -> Answer {
        let (client, query) = (self.proof)(nobody, hook, &body);
        let path = format!("/v1/registry-events/{}{query}", self.kind);
        client.send(Method::POST, &path, Some("application/json"), body).await
    }

    fn push(&self, repository: &str) -> Vec<u8> {
        (self.body)(repository).to_string().into_bytes()
    }
}

async fn watched(bench: &Bench) -> (Client, Client, Hook) {
    let (nobody, admin) = (Client::of(bench), Client::admin(bench));
    for registry in &REGISTRIES {
        let body = json!({"subscription_key": registry.fulltag, "subscription_type": "tag_update", "active": true});
        admin.post("/subscriptions", &body).await.ok();
    }
    let ours = hook(&admin, "ours").await;
    (nobody, admin, ours)
}

#[test]
fn every_kind_of_registry_has_what_is_watched_visited_at_once() {
    on_every_service(|bench| async move {
        let (nobody, admin, ours) = watched(&bench).await;
        for registry in &REGISTRIES {
            let told = registry.tells(&nobody, &ours, registry.push("team/app")).await.ok();
            assert_eq!(told, json!({"pushes": 1, "visits": 1}), "{}", registry.kind);
            let unknown = registry.tells(&nobody, &ours, registry.push("team/other")).await.ok();
            assert_eq!(unknown, json!({"pushes": 1, "visits": 0}), "{}: nobody watches it", registry.kind);
        }
        let jobs = bench.service.store().jobs(None, 100).await.unwrap();
        assert_eq!(jobs.iter().filter(|job| job.kind == "visit").count(), REGISTRIES.len());
        let shown = admin.get("/v1/registry-hooks/ours").await;
        assert!(shown.ok()["last_used_at"].is_string() && !shown.text().contains(&ours.secret));

        // A hook of another account has nothing of this one's visited.
        admin.post("/accounts", &json!({"name": "team"})).await.ok();
        let theirs = hook(&admin.in_account("team"), "theirs").await;
        for registry in &REGISTRIES {
            let told = registry.tells(&nobody, &theirs, registry.push("team/app")).await.ok();
            assert_eq!(told["visits"], 0, "{}", registry.kind);
        }
    });
}

#[test]
fn whoever_does_not_know_the_secret_is_told_nothing_and_changes_nothing() {
    on_every_service(|bench| async move {
        let (nobody, admin, ours) = watched(&bench).await;
        let forged = Hook {
            secret: "0".repeat(64),
            token: format!("{}.{}", ours.id, "0".repeat(64)),
            ..hook(&admin, "x").await
        };
        let strangers = [
            Hook { id: ours.id.clone(), ..forged },
            Hook { id: "00".into(), secret: ours.secret.clone(), token: format!("00.{}", ours.secret) },
            Hook { id: "a'b".into(), secret: String::new(), token: "a'b.".into() },
        ];
        for registry in &REGISTRIES {
            for stranger in &strangers {
                // Whether the body can be read is nobody's business either.
                for body in [registry.push("team/app"), b"{".to_vec()] {
                    let answer = registry.tells(&nobody, stranger, body).await;
                    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}: {}", registry.kind, answer.text());
                }
            }
            let path = format!("/v1/registry-events/{}", registry.kind);
            let bare = nobody.send(Method::POST, &path, Some("application/json"), registry.push("team/app")).await;
            assert_eq!(bare.status, StatusCode::UNAUTHORIZED, "{}", registry.kind);
        }
        // Who is signed for is the body that was signed.
        let ghcr = &REGISTRIES[4];
        let (client, query) = (ghcr.proof)(&nobody, &ours, &ghcr.push("team/other"));
        let path = format!("/v1/registry-events/ghcr{query}");
        let other = client.send(Method::POST, &path, Some("application/json"), ghcr.push("team/app")).await;
        assert_eq!(other.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            bench.service.store().jobs(None, 100).await.unwrap().iter().filter(|job| job.kind == "visit").count(),
            0
        );
    });
}

#[test]
fn what_cannot_be_read_is_refused_and_what_is_not_understood_is_passed_over() {
    on_every_service(|bench| async move {
        let (nobody, _, ours) = watched(&bench).await;
        for registry in &REGISTRIES {
            for broken in [&b"{"[..], b"", b"\xff\xfe", b"events=1"] {
                let answer = registry.tells(&nobody, &ours, broken.to_vec()).await;
                assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}: {}", registry.kind, answer.text());
                assert!(answer.refusal().1.contains("no JSON"), "{}", answer.text());
            }
            for other in [json!(null), json!([]), json!({}), json!({"events": 7, "action": [], "detail": "x"})] {
                let told = registry.tells(&nobody, &ours, other.to_string().into_bytes()).await.ok();
                assert_eq!(told, json!({"pushes": 0, "visits": 0}), "{} {other}", registry.kind);
            }
            let long = registry.tells(&nobody, &ours, vec![b' '; (1 << 20) + 1]).await;
            assert_eq!(long.status, StatusCode::BAD_REQUEST, "{}: {}", registry.kind, long.text());
        }
        let (status, message) =
            nobody.bearer(&ours.token).post("/v1/registry-events/nexus", &json!({})).await.refusal();
        assert!(status == 404 && message.contains("docker-distribution"), "{status} {message}");
    });
}

#[test]
fn an_event_is_recorded_where_it_has_something_visited_and_a_refused_one_once_a_minute() {
    on_every_service(|bench| async move {
        let (nobody, admin, ours) = watched(&bench).await;
        let recorded = async || {
            let page = admin.get("/v1/system/audit?limit=1000").await.ok();
            let of_hooks = |record: &&Value| record["target"].as_str().unwrap().starts_with("/v1/registry-events/");
            let records = page["records"].as_array().unwrap().iter().filter(of_hooks);
            records.map(|record| record["status"].as_u64().unwrap()).collect::<Vec<_>>()
        };
        let distribution = &REGISTRIES[0];
        let pull = json!({"events": [{"action": "pull", "target": {"repository": "team/app", "tag": "1"},
            "request": {"host": "registry.example:5000"}}]});
        distribution.tells(&nobody, &ours, pull.to_string().into_bytes()).await.ok();
        distribution.tells(&nobody, &ours, distribution.push("team/other")).await.ok();
        assert!(recorded().await.is_empty(), "nothing has changed");
        distribution.tells(&nobody, &ours, distribution.push("team/app")).await.ok();
        assert_eq!(recorded().await, [200]);

        let nothing = json!({}).to_string().into_bytes();
        let stranger = Hook { id: "00".into(), secret: String::new(), token: "00.secret".into() };
        let forged = Hook { token: format!("{}.{}", ours.id, "0".repeat(64)), ..hook(&admin, "x").await };
        for (sender, refused) in [(&stranger, 0), (&forged, 1), (&forged, 1)] {
            let answer = distribution.tells(&nobody, sender, nothing.clone()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(recorded().await.iter().filter(|status| **status == 401).count(), refused);
        }
        bench.pass(60);
        distribution.tells(&nobody, &forged, nothing).await;
        assert_eq!(recorded().await.iter().filter(|status| **status == 401).count(), 2);
    });
}
