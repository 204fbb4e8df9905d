use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use windlass_operations::Settings;
use windlass_store::registries::Model;
use windlass_v1::registries::RegistryRequest;

use crate::{
    house::{in_every_house, in_every_house_with, refusal},
    peer::Peer,
    registry::Registry,
};

const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

fn request(registry: &str, user: &str, password: &str) -> RegistryRequest {
    RegistryRequest {
        registry: Some(registry.into()),
        registry_user: Some(user.into()),
        registry_pass: Some(password.into()),
        registry_type: Some("docker_v2".into()),
        registry_name: None,
        registry_verify: Some(false),
    }
}

#[test]
fn a_registry_is_added_changed_and_deleted_in_the_words_of_the_original() {
    in_every_house(|house| async move {
        let admin = house.admin();
        let mut expected = json!({
            "registry": "127.0.0.1:5000", "registry_name": "127.0.0.1:5000", "registry_type": "docker_v2",
            "registry_user": "u", "registry_verify": false, "userId": "admin",
            "created_at": "2026-01-01T12:00:00Z", "last_updated": "2026-01-01T12:00:00Z",
        });
        let added = admin.create_registry(request("127.0.0.1:5000", "u", "p"), false).await.unwrap();
        assert_eq!(json!(added), expected, "a password is not told");
        let again = admin.create_registry(request("127.0.0.1:5000", "u", "p"), false).await;
        assert_eq!(refusal(again), (500, "registry already exists in DB".into()));
        assert_eq!(json!(admin.registry("127.0.0.1:5000").await.unwrap()), expected);

        house.wait(60);
        let change = RegistryRequest {
            registry_user: Some("u2".into()),
            registry_name: Some("n".into()),
            ..RegistryRequest::default()
        };
        let changed = admin.update_registry("127.0.0.1:5000", change, false).await.unwrap();
        for (name, value) in [("registry_user", "u2"), ("registry_name", "n"), ("last_updated", "2026-01-01T12:01:00Z")]
        {
            expected[name] = value.into();
        }
        assert_eq!(json!(changed), expected);
        assert_eq!(json!(admin.registries().await.unwrap()), json!([expected]));

        admin.delete_registry("127.0.0.1:5000").await.unwrap();
        admin.delete_registry("127.0.0.1:5000").await.unwrap();
        assert_eq!(refusal(admin.registry("127.0.0.1:5000").await).0, 404);
    });
}

#[test]
fn what_cannot_be_kept_is_refused() {
    in_every_house(|house| async move {
        let admin = house.admin();
        for bad in ["https://r.example", "r.example/", "r example"] {
            assert_eq!(refusal(admin.create_registry(request(bad, "u", "p"), false).await).0, 409, "{bad}");
        }
        assert_eq!(refusal(admin.create_registry(RegistryRequest::default(), false).await).0, 400);
        let (status, message) = refusal(admin.create_registry(request("r.example", "u\0", "hunter2"), false).await);
        assert_eq!(status, 400);
        assert!(!message.contains("hunter2"), "{message}");
        for (user, password) in [("awsauto", ""), ("x", "awsauto")] {
            let auto = RegistryRequest { registry_type: Some("awsecr".into()), ..request(ECR, user, password) };
            assert_eq!(refusal(admin.create_registry(auto, false).await).0, 406);
        }
        assert!(admin.registries().await.unwrap().is_empty());

        admin.create_registry(request("r.example", "u", "p"), false).await.unwrap();
        let other = admin.update_registry("r.example", request("q.example", "u", "p"), false).await;
        assert_eq!(refusal(other).0, 409);
        assert_eq!(refusal(admin.update_registry("q.example", RegistryRequest::default(), false).await).0, 404);
    });
}

#[test]
fn the_password_of_a_registry_is_kept_encrypted_for_that_registry_alone() {
    in_every_house(|house| async move {
        let one = house.team("one").await;
        let row = async |registry: &str| {
            let rows = house.service.store().account(one.name()).registries().await.unwrap();
            rows.into_iter().find(|row| row.registry == registry).unwrap()
        };
        // Every column, as it is in the database, but for what cannot be a secret.
        let columns =
            |row: &Model| [&row.registry, &row.name, &row.kind, &row.username, &row.secret].map(String::clone);
        for registry in ["r.example", "q.example"] {
            one.create_registry(request(registry, "u", "hunter2hunter2"), false).await.unwrap();
        }
        let (first, second) = (row("r.example").await, row("q.example").await);
        for column in columns(&first).into_iter().chain(columns(&second)) {
            assert!(!column.contains("hunter2"), "{column}");
            assert!(!column.contains(&STANDARD.encode("hunter2")[..8]), "{column}");
        }
        assert_ne!(first.secret, second.secret, "nobody sees that they are the same");
        assert_eq!((first.token, second.token), (None, None));

        let change = RegistryRequest { registry_pass: Some("correct-horse".into()), ..RegistryRequest::default() };
        one.update_registry("r.example", change, false).await.unwrap();
        let changed = row("r.example").await;
        assert_ne!(changed.secret, first.secret);
        assert!(columns(&changed).iter().all(|column| !column.contains("horse")), "{:?}", columns(&changed));
        assert!(!format!("{changed:?}").contains(&changed.secret), "and no log tells even that");
    });
}

#[test]
fn an_account_sees_no_registry_of_another() {
    in_every_house(|house| async move {
        let (one, other) = (house.team("one").await, house.team("other").await);
        one.create_registry(request("r.example", "u", "p"), false).await.unwrap();
        assert!(other.registries().await.unwrap().is_empty());
        assert_eq!(refusal(other.registry("r.example").await).0, 404);
        assert_eq!(refusal(other.update_registry("r.example", RegistryRequest::default(), false).await).0, 404);
        other.delete_registry("r.example").await.unwrap();
        assert_eq!(one.registries().await.unwrap().len(), 1);
        other.create_registry(request("r.example", "v", "q"), false).await.unwrap();
        assert_eq!(one.registry("r.example").await.unwrap().registry_user, "u");
    });
}

#[test]
fn credentials_are_tried_before_they_are_kept() {
    in_every_house(|house| async move {
        let Some(registry) = Registry::start(Some("right-password")).await else { return };
        let (admin, address) = (house.admin(), registry.address.as_str());
        let (status, message) = refusal(admin.create_registry(request(address, "windlass", "wrong-one"), true).await);
        assert_eq!(status, 406);
        assert!(message.contains(address) && !message.contains("wrong-one"), "{message}");
        assert!(admin.registries().await.unwrap().is_empty());

        // Whoever has no credentials is only asked whether a registry is there.
        admin.create_registry(request(address, "", ""), true).await.unwrap();
        admin.delete_registry(address).await.unwrap();
        admin.create_registry(request(address, "windlass", "right-password"), true).await.unwrap();
        let worse = RegistryRequest { registry_pass: Some("wrong-one".into()), ..RegistryRequest::default() };
        assert_eq!(refusal(admin.update_registry(address, worse, true).await).0, 406);
        // The password that is kept is the one that is tried where none is given.
        let renamed = RegistryRequest { registry_name: Some("ours".into()), ..RegistryRequest::default() };
        assert_eq!(admin.update_registry(address, renamed, true).await.unwrap().registry_name, "ours");
        let prefix = format!("{address}/team/*");
        admin.create_registry(request(&prefix, "windlass", "right-password"), true).await.unwrap();
    });
}

#[test]
fn a_host_that_is_no_registry_is_refused() {
    in_every_house(|house| async move {
        let peer = Peer::start(|_| ("404 Not Found", String::new(), "hello".into())).await;
        let refused = house.admin().create_registry(request(&peer.address, "u", "p"), true).await;
        assert_eq!(refusal(refused).0, 406);
        assert!(peer.count() > 0);
        assert!(house.admin().registries().await.unwrap().is_empty());
    });
}

/// D-25: the original refuses every change of such a registry, and goes on with what it had for the old keys.
#[test]
fn new_keys_of_an_amazon_registry_are_tried_and_count_at_once() {
    let good = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&good);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let peer = runtime.block_on(Peer::start(move |request| {
        if !request.contains("Credential=AKIAGOOD") {
            let body = json!({"__type": "UnrecognizedClientException", "message": "The security token is invalid."});
            return ("400 Bad Request", String::new(), body.to_string());
        }
        counted.fetch_add(1, Ordering::Relaxed);
        // `AWS:token`
        let token = json!({"authorizationToken": "QVdTOnRva2Vu", "expiresAt": 4_102_444_800_i64});
        ("200 OK", String::new(), json!({"authorizationData": [token]}).to_string())
    }));
    let settings = Settings { ecr_endpoint: Some(format!("http://{}", peer.address)), ..Settings::default() };
    in_every_house_with(&settings, |house| {
        let good = Arc::clone(&good);
        async move {
            let admin = house.admin();
            let amazon = |user: &str| RegistryRequest {
                registry_type: Some("awsecr".into()),
                registry_verify: Some(true),
                ..request(ECR, user, "secret")
            };
            assert_eq!(refusal(admin.create_registry(amazon("AKIABAD"), true).await).0, 406);
            assert!(admin.registries().await.unwrap().is_empty());
            admin.create_registry(amazon("AKIABAD"), false).await.unwrap();
            let before = good.load(Ordering::Relaxed);
            let changed = admin.update_registry(ECR, amazon("AKIAGOOD"), true).await.unwrap();
            assert_eq!(changed.registry_user, "AKIAGOOD");
            assert_eq!(good.load(Ordering::Relaxed), before + 1);
            assert_eq!(refusal(admin.update_registry(ECR, amazon("AKIAWORSE"), true).await).0, 406);
            assert_eq!(admin.registry(ECR).await.unwrap().registry_user, "AKIAGOOD");
        }
    });
}
