//! Bodies that were taken pass the schema of their type, and those that were refused do not.

use serde_json::{Value, json};
use utoipa::ToSchema;
use windlass_v1::{
    accounts::{AccountRequest, AccountStatusRequest, CredentialRequest, UserRequest},
    archives::{ArchiveRequest, ArchiveRuleRequest},
    images::ImageAnalysisRequest,
    imports::ImportedPackages,
    policies::{PolicyBundle, PolicyUpdate},
    registries::RegistryRequest,
    subscriptions::{SubscriptionRequest, SubscriptionUpdate},
};

use crate::support::{exchanges, shared, violations};

/// What is wrong with a body of that route; none for routes without a body in JSON.
fn check(route: &str, body: &Value) -> Option<Vec<String>> {
    Some(match route {
        "POST /images" => violations::<ImageAnalysisRequest>(body),
        "POST /policies" => violations::<PolicyBundle>(body),
        "PUT /policies/{}" => violations::<PolicyUpdate>(body),
        "POST /registries" | "PUT /registries/{}" => violations::<RegistryRequest>(body),
        "POST /subscriptions" => violations::<SubscriptionRequest>(body),
        "PUT /subscriptions/{}" => violations::<SubscriptionUpdate>(body),
        "POST /accounts" => violations::<AccountRequest>(body),
        "PUT /accounts/{}/state" => violations::<AccountStatusRequest>(body),
        "POST /accounts/{}/users" => violations::<UserRequest>(body),
        "POST /accounts/{}/users/{}/credentials" => violations::<CredentialRequest>(body),
        "POST /archives/images" => violations::<ArchiveRequest>(body),
        "POST /archives/rules" => violations::<ArchiveRuleRequest>(body),
        "POST /imports/images/{}/packages" => violations::<ImportedPackages>(body),
        _ => return None,
    })
}

#[test]
fn recorded_bodies_pass_or_fail_as_they_did() {
    let (mut passed, mut failed) = (0, 0);
    for exchange in exchanges() {
        let Some(wrong) = check(&exchange.route, &exchange.request).filter(|_| !exchange.request.is_string()) else {
            continue;
        };
        if exchange.is_problem && exchange.status == 400 {
            assert!(!wrong.is_empty(), "{} was refused: {}", exchange.name, exchange.body);
            failed += 1;
        } else {
            assert!(wrong.is_empty(), "{}: {wrong:?}", exchange.name);
            passed += 1;
        }
    }
    println!("{passed} bodies pass, {failed} fail");
    assert_eq!(passed == 0, failed == 0);
}

fn assert_refused<T: ToSchema>(bodies: &[Value]) {
    for body in bodies {
        assert_ne!(violations::<T>(body), [""; 0], "{body}");
    }
}

fn assert_taken<T: ToSchema>(bodies: &[Value]) {
    for body in bodies {
        assert_eq!(violations::<T>(body), [""; 0], "{body}");
    }
}

#[test]
fn null_stands_only_where_the_original_took_it() {
    assert_taken::<ImageAnalysisRequest>(&[
        json!({}),
        json!({"tag": "a", "annotations": {"k": "v", "n": null}, "unknown": 1}),
        json!({"source": {"tag": {"pullstring": "a"}, "digest": null, "archive": null, "import": null}}),
    ]);
    assert_refused::<ImageAnalysisRequest>(&[
        json!({"tag": null}),
        json!({"tag": 5}),
        json!({"source": null}),
        json!({"annotations": null}),
        json!({"dockerfile": "no base64!"}),
        json!({"source": {"tag": {}}}),
        json!({"source": {"tag": {"pullstring": "a", "dockerfile": null}}}),
        json!({"source": {"digest": {"pullstring": "a"}}}),
        json!({"source": {"archive": {"digest": "sha256:ab"}}}),
        json!({"source": {"import": {"operation_uuid": "u", "digest": "d", "tags": ["t"]}}}),
        json!([]),
    ]);
    assert_taken::<SubscriptionRequest>(&[json!({}), json!({"subscription_value": null, "active": true})]);
    assert_refused::<SubscriptionRequest>(&[
        json!({"active": null}),
        json!({"active": "true"}),
        json!({"subscription_key": null}),
    ]);
    assert_taken::<SubscriptionUpdate>(&[json!({"subscription_value": null}), json!({"subscription_value": "x"})]);
    assert_refused::<SubscriptionUpdate>(&[json!({"active": null}), json!({"subscription_value": 1})]);
    assert_refused::<AccountRequest>(&[json!({"name": "acct", "email": null})]);
}

#[test]
fn names_passwords_and_addresses_have_their_patterns() {
    assert_taken::<AccountRequest>(&[
        json!({"name": "abc"}),
        json!({"name": "a/b:c", "email": "a@b.c", "type": "user"}),
    ]);
    let long = "a".repeat(129);
    assert_refused::<AccountRequest>(&[
        json!({}),
        json!({"name": "ab"}),
        json!({"name": "-abc"}),
        json!({"name": "a bc"}),
        json!({"name": long}),
        json!({"name": "abc", "email": "nobody"}),
    ]);
    assert_taken::<UserRequest>(&[json!({"username": "abc", "password": "secret"})]);
    assert_refused::<UserRequest>(&[
        json!({"username": "abc"}),
        json!({"username": "abc", "password": "short"}),
        json!({"username": "abc", "password": long}),
    ]);
    assert_taken::<CredentialRequest>(&[json!({"type": "password", "value": "x"})]);
    assert_refused::<CredentialRequest>(&[json!({"type": "token", "value": "x"}), json!({"type": "password"})]);
    assert_refused::<AccountStatusRequest>(&[json!({"state": "deleting"}), json!({})]);
}

#[test]
fn rules_and_requests_of_the_archive_have_their_limits() {
    let digests = |count| json!(vec!["sha256:ab"; count]);
    assert_taken::<ArchiveRequest>(&[digests(1), digests(100)]);
    assert_refused::<ArchiveRequest>(&[digests(0), digests(101), json!([1]), json!({})]);
    assert_taken::<ArchiveRuleRequest>(&[
        json!({"transition": "archive"}),
        json!({"transition": "delete", "selector": {"registry": "*"}, "exclude": {"selector": {"tag": "x"}}}),
        json!({"transition": "archive", "system_global": true, "max_images_per_account": 5}),
    ]);
    assert_refused::<ArchiveRuleRequest>(&[
        json!({}),
        json!({"transition": "move"}),
        json!({"transition": "archive", "analysis_age_days": "1"}),
        json!({"transition": "archive", "selector": null}),
    ]);
}

#[test]
fn what_the_schema_takes_the_type_reads() {
    for body in [
        json!({"transition": "delete", "selector": {"registry": "*"}, "exclude": {"selector": {"tag": "x"}}}),
        json!({"transition": "archive"}),
    ] {
        let rule: ArchiveRuleRequest = serde_json::from_value(body).unwrap();
        assert_eq!((rule.tag_versions_newer, rule.analysis_age_days, rule.system_global), (-1, -1, false));
        assert!(rule.exclude.is_none_or(|exclude| exclude.expiration_days == -1));
    }
}

#[test]
fn the_bundles_of_the_original_are_bundles() {
    for name in ["anchore_default_bundle", "bundle-with-all-rules-2020-08-20"] {
        let Some(path) = shared(&format!("reference/{name}.json")) else { return };
        let bundle: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(violations::<PolicyBundle>(&bundle), [""; 0], "{name}");
    }
    assert_refused::<PolicyBundle>(&[
        json!({}),
        json!({"id": "b", "version": "1_0", "policies": []}),
        json!({"id": "b", "version": "1_0", "mappings": [],
            "policies": [{"id": "p", "version": "1_0", "rules": [{"gate": "g", "trigger": "t", "action": "stop"}]}]}),
    ]);
}

#[test]
fn syft_documents_old_and_new_are_taken() {
    let package = |licenses: Value, cpes: Value| {
        json!({"name": "a", "version": "1", "type": "deb", "locations": [{"path": "/x"}], "licenses": licenses,
            "language": "", "cpes": cpes})
    };
    let old = json!({
        "artifacts": [package(json!(["MIT"]), json!(["cpe:2.3:a:a:a:1:*:*:*:*:*:*:*"]))],
        "source": {"type": "image", "target": {}}, "distro": {"name": "debian", "version": "12", "idLike": ""},
    });
    let new = json!({
        "artifacts": [package(json!([{"value": "MIT"}]), json!([{"cpe": "cpe:2.3:a:a:a:1:*:*:*:*:*:*:*"}]))],
        "source": {"type": "image", "metadata": {}}, "distro": {"id": "debian", "idLike": ["debian"]},
    });
    assert_taken::<ImportedPackages>(&[old, new]);
    assert_refused::<ImportedPackages>(&[
        json!({"artifacts": []}),
        json!({"artifacts": [{"name": "a"}], "source": {"type": "image"}, "distro": {}}),
    ]);
}
