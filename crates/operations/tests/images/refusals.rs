use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use windlass_operations::{
    Limits, Settings,
    testing::{Bench, on_every_service},
};
use windlass_store::testing::on_every_engine;

use crate::{
    refusal,
    registry::{Registry, digest},
    told,
};

#[test]
fn what_names_no_image_or_several_is_refused_before_any_registry_is_asked() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let unknown = digest(b"unknown");
        let tag_source = json!({"pullstring": "r.invalid/a:1"});
        for (body, status, key) in [
            (json!({}), 400, "validation_error"),
            (json!({"source": {"tag": tag_source}, "dockerfile": "Zg=="}), 400, "validation_error"),
            (json!({"source": {"tag": tag_source, "archive": {"digest": unknown}}}), 400, "validation_error"),
            (json!({"source": {"tag": {"pullstring": format!("a@{unknown}")}}}), 400, "invalid_value"),
            (json!({"source": {"digest": {"pullstring": "a:1", "tag": "a:1"}}}), 400, "invalid_value"),
            (
                json!({"source": {"digest": {"pullstring": format!("a@{unknown}"), "tag": unknown}}}),
                400,
                "invalid_value",
            ),
            (json!({"digest": unknown}), 400, "validation_error"),
            (json!({"tag": "a b"}), 400, "validation_error"),
            (json!({"tag": "r.invalid/UPPER:1"}), 400, "validation_error"),
            (json!({"digest": "a@sha256:short", "tag": "a:1"}), 400, "validation_error"),
            (
                json!({"source": {"digest": {"pullstring": format!("a@{unknown}"), "tag": "a:1",
                    "creation_timestamp_override": "yesterday"}}}),
                400,
                "Property",
            ),
        ] {
            let envelope = refusal(&team, body.clone(), false).await;
            assert_eq!(envelope.httpcode, status, "{body}");
            let detail = json!(envelope)["detail"].clone();
            assert!(detail.get(key).is_some(), "{body}: {detail}");
        }
        let forced =
            refusal(&team, json!({"digest": format!("r.invalid/a@{unknown}"), "tag": "r.invalid/a:1"}), true).await;
        assert_eq!(forced.httpcode, 400);
        assert!(forced.message.contains("without force"), "{}", forced.message);
        let archived = refusal(&team, json!({"source": {"archive": {"digest": unknown}}}), false).await;
        assert_eq!(archived.httpcode, 404);
        let failed = "system.image_analysis.restore_from_archive_failed".to_owned();
        assert_eq!(told(&bench).await, [(failed, unknown, json!({"msg": "Not found in archive"}))]);
    });
}

#[test]
fn a_registry_that_does_not_serve_the_image_is_told_by_code_and_event() {
    let Some(registry) = Registry::start() else { return };
    let Some(guarded) = Registry::guarded() else { return };
    on_every_service(|bench| {
        let (registry, guarded) = (&registry, &guarded);
        async move {
            let team = bench.account("team").await;
            registry.push("shop/web", "1", "one").await;
            guarded.push("shop/web", "1", "one").await;
            let unknown = digest(b"unknown");
            for (body, reference, code) in [
                (
                    json!({"tag": format!("{}/shop/web:nope", registry.address)}),
                    format!("{}/shop/web:nope", registry.address),
                    "REGISTRY_IMAGE_NOT_FOUND",
                ),
                (
                    json!({"digest": unknown, "tag": format!("{}/shop/web:1", registry.address)}),
                    format!("{}/shop/web@{unknown}", registry.address),
                    "REGISTRY_IMAGE_NOT_FOUND",
                ),
                (
                    json!({"tag": format!("{}/shop/web:1", guarded.address)}),
                    format!("{}/shop/web:1", guarded.address),
                    "REGISTRY_PERMISSION_DENIED",
                ),
                (json!({"tag": "127.0.0.1:1/a:1"}), "127.0.0.1:1/a:1".to_owned(), "REGISTRY_NOT_ACCESSIBLE"),
            ] {
                let envelope = refusal(&team, body.clone(), false).await;
                assert_eq!(
                    (envelope.httpcode, envelope.message.as_str()),
                    (400, "cannot fetch image digest/manifest from registry"),
                    "{body}"
                );
                let detail = json!(envelope)["detail"].clone();
                assert_eq!(detail["error_codes"], json!([code]), "{body}: {detail}");
                assert!(!detail["raw_exception_message"].as_str().unwrap().is_empty());
                bench.pass(1);
                let (kind, resource, details) = told(&bench).await.pop().unwrap();
                assert_eq!((kind.as_str(), resource), ("system.image_analysis.registry_lookup_failed", reference));
                assert_eq!(details["anchore_error_json"], json!(envelope));
            }
            assert_eq!(team.images(&windlass_operations::images::ImageFilter::default()).await.unwrap(), []);
        }
    });
}

/// A registry that has the same document under every name, and every digest; its address.
async fn registry_of(media_type: &'static str, document: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let length = document.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{document}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[test]
fn a_manifest_that_is_none_is_told_apart_from_one_that_cannot_be_had() {
    on_every_service(|bench| async move {
        let team = bench.account("team").await;
        let manifest = "application/vnd.oci.image.manifest.v1+json";
        for (media_type, document) in [
            (manifest, r#"{"schemaVersion": 2, "config": "#),
            (
                manifest,
                r#"{"schemaVersion": 2, "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:short", "size": 1}, "layers": []}"#,
            ),
            ("application/vnd.docker.distribution.manifest.v1+prettyjws", r#"{"schemaVersion": 1, "fsLayers": []}"#),
        ] {
            let tag = format!("{}/shop/web:1", registry_of(media_type, document).await);
            let envelope = refusal(&team, json!({ "tag": tag }), false).await;
            assert_eq!(envelope.httpcode, 400, "{document}");
            bench.pass(1);
            let (kind, resource, details) = told(&bench).await.pop().unwrap();
            assert_eq!((kind.as_str(), resource), ("system.image_analysis.manifest_parse_fail", tag), "{document}");
            assert_eq!(details["anchore_error_json"], json!(envelope));
        }
    });
}

#[test]
fn an_image_larger_than_is_taken_is_refused_with_both_sizes() {
    let Some(registry) = Registry::start() else { return };
    on_every_engine(|store| {
        let registry = &registry;
        async move {
            let limits = Limits { compressed_image_size_mb: Some(1) };
            let bench = Bench::with(store, Settings { limits, ..Settings::default() }).await;
            let team = bench.account("team").await;
            registry.push("shop/web", "large", &"x".repeat(1_600_000)).await;
            registry.push("shop/web", "fitting", &"x".repeat(1_048_576)).await;
            let tag = |tag: &str| json!({"tag": format!("{}/shop/web:{tag}", registry.address)});
            let envelope = refusal(&team, tag("large"), false).await;
            assert_eq!(envelope.message, "Image size is too large based on max size specified in the configuration");
            let expected: Value = json!({"error_codes": [], "requested_image_compressed_size_mb": 1.53,
                "max_compressed_image_size_mb": 1});
            assert_eq!(json!(envelope)["detail"], expected);
            crate::add(&team, tag("fitting")).await;
        }
    });
}

#[test]
fn an_analysis_that_is_there_is_not_restored() {
    let Some(registry) = Registry::start() else { return };
    on_every_service(|bench| {
        let registry = &registry;
        async move {
            let team = bench.account("team").await;
            let digest = registry.push("shop/web", "1", "one").await.digest;
            crate::add(&team, json!({"tag": format!("{}/shop/web:1", registry.address)})).await;
            let envelope = refusal(&team, json!({"source": {"archive": {"digest": digest}}}), false).await;
            let message = "Conflict: Image already exists in system. No restore possible";
            assert_eq!(json!(envelope), json!({"message": message, "httpcode": 409, "detail": null}));
        }
    });
}
