//! What every storage must do, on each that can be had here.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use std::{sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt;
use support::{
    Chunks, folder, impatient, over, patient, servers,
    suite::{keeps_objects, keys, noise},
};
use windlass_objects::{Error, FaultKind, Location, ObjectKey, Objects, Options};

#[tokio::test]
async fn a_folder_keeps_objects() {
    let place = tempfile::tempdir().unwrap();
    let objects = folder(&place.path().join("is/made")).await;
    keeps_objects(&objects).await;
    let other = folder(&place.path().join("is/made")).await;
    let key = objects.put("seen by others").await.unwrap();
    assert_eq!(other.get(&key).await.unwrap(), "seen by others");
}

#[tokio::test]
async fn a_table_of_chunks_keeps_objects_and_is_given_small_pieces() {
    let chunks = Chunks::named("chunks");
    keeps_objects(&over(&chunks)).await;
    assert!(chunks.largest.load(Ordering::Relaxed) <= 128 << 10, "{chunks:?}", chunks = chunks.largest);
}

#[tokio::test]
async fn a_second_put_writes_nothing() {
    let chunks = Chunks::named("chunks");
    let objects = over(&chunks);
    for _ in 0..3 {
        objects.put("the same").await.unwrap();
        objects.put_stream(&b"the same"[..]).await.unwrap();
    }
    assert_eq!(chunks.puts.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_same_content_is_the_same_bytes_in_every_storage() {
    let place = tempfile::tempdir().unwrap();
    let (files, rows) = (folder(place.path()).await, over(&Chunks::named("chunks")));
    let content = Bytes::from("line\n".repeat(100_000));
    let mut stored = Vec::new();
    for objects in [&files, &rows] {
        let key = objects.put(content.clone()).await.unwrap();
        let (_, pieces) = objects.get_compressed(&key).await.unwrap();
        stored.push(pieces.try_collect::<Vec<_>>().await.unwrap().concat());
    }
    assert_eq!(stored[0], stored[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_put_the_same_object_at_once() {
    let place = tempfile::tempdir().unwrap();
    let objects = folder(place.path()).await;
    let content = noise(1 << 20, 3);
    let puts = (0..32).map(|_| {
        let (objects, content) = (objects.clone(), content.clone());
        tokio::spawn(async move { objects.put(content).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.unwrap().unwrap();
    }
    assert_eq!(keys(&objects).await, [ObjectKey::of(&content)]);
    assert_eq!(std::fs::read_dir(place.path().join(".unfinished")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_s3_bucket_keeps_objects() {
    let Some(server) = servers::s3().await else { return };
    let objects = Objects::open(&server.location, patient()).await.unwrap();
    keeps_objects(&objects).await;

    let encrypted = server.location.clone().with("sse", "AES256").unwrap();
    let key = Objects::open(&encrypted, patient()).await.unwrap().put("encrypted").await.unwrap();
    let hex = key.hex();
    let url = format!("{}/bucket/a/prefix/{}/{}/{hex}.zst", server.address, &hex[..2], &hex[2..4]);
    let answer = servers::s3_head(&url).await;
    let encryption = answer.headers().get("x-amz-server-side-encryption");
    assert!(encryption.is_some_and(|encryption| encryption == "AES256"), "{answer:?}");
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_told_with_what_to_do() {
    let Some(server) = servers::s3().await else { return };
    let location = server.location.to_string().replace("bucket", "elsewhere").replace("[redacted]", "x");
    let objects = Objects::open(&location.parse().unwrap(), patient()).await.unwrap();
    let error = objects.probe().await.unwrap_err();
    assert!(error.to_string().contains("s3://elsewhere/a/prefix"), "{error}");
    assert!(error.hint().unwrap().contains("create the bucket"), "{error}: {:?}", error.hint());
    assert!(error.is_misconfiguration(), "{error}");
}

#[tokio::test]
async fn a_google_bucket_keeps_objects() {
    let Some(server) = servers::gcs().await else { return };
    // The emulator knows no uploads in parts.
    let whole = Options { part: 64 << 20, ..patient() };
    keeps_objects(&Objects::open(&server.location, whole).await.unwrap()).await;
}

#[tokio::test]
async fn an_azure_container_keeps_objects() {
    let Some(server) = servers::azblob().await else { return };
    keeps_objects(&Objects::open(&server.location, patient()).await.unwrap()).await;
}

#[tokio::test]
async fn a_swift_container_keeps_objects_while_tokens_expire() {
    let Some(server) = servers::swift().await else { return };
    let objects = Objects::open(&server.location, patient()).await.unwrap();
    keeps_objects(&objects).await;

    let key = objects.put("read with another token").await.unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(objects.get(&key).await.unwrap(), "read with another token");

    objects.delete(&key).await.unwrap();
    assert_eq!(servers::swift_paths(&server).await, [""; 0], "nothing is left of large objects");

    let keystone = keystone(&server, 2).await;
    let location: Location =
        format!("swift://box/a/prefix?auth_url={keystone}&username=we&project=ours").parse().unwrap();
    let location = location.or_environment(|name| (name == "OS_PASSWORD").then(|| "hunter2".to_owned())).unwrap();
    // Whoever keeps the users is down when the storage is to be opened, and when it is used first.
    let objects = Objects::open_sooner_or_later(&location, impatient()).await.unwrap();
    let error = objects.exists(&key).await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("503"), "{error}");
    assert_eq!(objects.place(), location.place());
    objects.probe().await.unwrap();
    assert_eq!(keys(&objects).await, []);
    let stored = objects.put("kept by who came late").await.unwrap();
    assert_eq!(objects.get(&stored).await.unwrap(), "kept by who came late");

    let wrong = server.location.with("key", "wrong").unwrap();
    let Err(error) = Objects::open_sooner_or_later(&wrong, patient()).await else {
        panic!("logged in with a wrong key")
    };
    assert!(matches!(&error, Error::Storage { fault, .. } if fault.kind == FaultKind::Denied), "{error}");
    assert!(error.hint().unwrap().contains("credentials"));
}

/// A Keystone that gives the token of Swift's own authentication to who logs in as it must be, once it has failed a few times.
async fn keystone(server: &servers::Server, failures: usize) -> String {
    let login = reqwest::Client::new().get(format!("{}/auth/v1.0", server.address));
    let login = login.header("x-auth-user", "test:tester").header("x-auth-key", "testing").send().await.unwrap();
    let header = |name| login.headers()[name].to_str().unwrap().to_owned();
    let (token, storage) = (header("x-auth-token"), header("x-storage-url"));
    let (address, _) = servers::scripted(move |number, request| {
        if number < failures {
            return Some(servers::answer("503 Service Unavailable", 0, ""));
        }
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        let identity = &body["auth"]["identity"];
        let scope = serde_json::json!({"project": {"name": "ours", "domain": {"name": "Default"}}});
        let known = head.starts_with("POST /v3/auth/tokens ")
            && identity["methods"] == serde_json::json!(["password"])
            && identity["password"]["user"]["name"] == "we"
            && identity["password"]["user"]["password"] == "hunter2"
            && body["auth"]["scope"] == scope;
        if !known {
            return Some(servers::answer("401 Unauthorized", 0, ""));
        }
        let endpoints = serde_json::json!([{"interface": "public", "region": "RegionOne", "url": storage}]);
        let catalog = serde_json::json!([{"type": "object-store", "endpoints": endpoints}]);
        let body = serde_json::json!({"token": {"catalog": catalog}}).to_string();
        Some(servers::answer(&format!("201 Created\r\nx-subject-token: {token}"), body.len(), &body))
    })
    .await;
    format!("http://{address}/v3")
}
