//! What is kept of an endpoint, shown of it and wrong with it.

use serde_json::json;

use super::{endpoint, endpoints};
use crate::{Channel, Endpoint, MASK, SigningKey};

#[test]
fn no_secret_is_in_what_is_shown_or_logged() {
    for endpoint in endpoints() {
        assert_eq!(endpoint.problems(), [], "{}", endpoint.channel.name());
        let kept = json!(endpoint).to_string();
        for shown in [json!(endpoint.masked()).to_string(), format!("{endpoint:?}")] {
            assert!(!shown.contains("hunter2") && !shown.contains("MfKQ9r8G"), "{shown}");
            assert!(kept.contains("hunter2") == shown.contains(MASK) || kept.contains("whsec_"), "{shown}");
        }
        assert_eq!(serde_json::from_str::<Endpoint>(&kept).unwrap(), endpoint);
    }
}

#[test]
fn an_update_that_sends_masks_back_keeps_the_secrets() {
    for before in endpoints() {
        let update = Endpoint { timeout: 20, ..before.masked() };
        assert_eq!(update.with_secrets_of(&before), Endpoint { timeout: 20, ..before });
    }
}

#[test]
fn a_secret_is_not_sent_to_another_receiver_than_it_was_given_for() {
    let hook = |url: &str, token: &str| {
        endpoint(&json!({"kind": "webhook", "url": url, "auth": {"scheme": "bearer", "token": token}}))
    };
    let before = hook("https://hooks.example/a", "hunter2");
    let moved = hook("https://hooks.example/b", MASK).with_secrets_of(&before);
    assert_eq!(moved, hook("https://hooks.example/b", "hunter2"));
    for elsewhere in ["https://evil.example/a", "http://hooks.example/a", "https://hooks.example:444/a"] {
        let stolen = hook(elsewhere, MASK).with_secrets_of(&before);
        assert_eq!(
            stolen.problems()[0].to_string(),
            "auth.token: it is masked: give the secret again, because there is none that belongs to this receiver"
        );
    }
    let other_kind = endpoint(&json!({"kind": "pagerduty", "routing_key": MASK})).with_secrets_of(&before);
    assert_eq!(other_kind.problems()[0].field, "routing_key");
    let slack = endpoint(&json!({"kind": "slack", "url": "https://hooks.slack.com/services/hunter2"}));
    let renamed = endpoint(&json!({"kind": "slack", "url": "https://evil.example/********"})).with_secrets_of(&slack);
    assert_eq!(renamed.problems()[0].field, "url");
}

#[test]
fn what_is_wrong_is_told_with_its_field_and_what_to_do() {
    let told = |channel| -> Vec<String> { endpoint(&channel).problems().iter().map(ToString::to_string).collect() };
    insta::assert_snapshot!(
        [
            json!({"kind": "webhook", "url": "ftp://files.example/x"}),
            json!({"kind": "webhook", "url": "hooks.example"}),
            json!({"kind": "webhook", "url": "https://u:p@hooks.example/"}),
            json!({"kind": "webhook", "url": "https://<userId>.example/"}),
            json!({"kind": "webhook", "url": "https://h.example/", "auth": {"scheme": "header", "name": "Host", "value": "x"}}),
            json!({"kind": "webhook", "url": "https://h.example/", "signing": [{"secret": "whsec_short"}]}),
            json!({"kind": "slack", "url": ""}),
            json!({"kind": "email", "server": "mail example", "from": "nobody", "to": [], "tls": "none", "username": "u"}),
            json!({"kind": "email", "server": "m.example", "from": "a@b.example", "to": ["x"], "port": 0}),
            json!({"kind": "github_issue", "repository": "images", "token": "t", "labels": []}),
            json!({"kind": "jira_issue", "url": "https://j.example", "project": "A\" OR 1", "token": "t", "labels": ["a b"]}),
            json!({"kind": "pagerduty", "routing_key": "", "url": "x"}),
        ]
        .map(|channel| format!("{channel}\n  {}", told(channel.clone()).join("\n  ")))
        .join("\n"),
    );
}

#[test]
fn certificates_and_timeouts_are_looked_at() {
    let good = endpoint(&json!({"kind": "slack", "url": "https://hooks.slack.com/x"}));
    let bad = Endpoint { certificate_authority: Some("none".into()), timeout: 0, ..good };
    let told: Vec<String> = bad.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["timeout: 0 is no number of seconds from 1 to 60", "certificate_authority: there is no PEM certificate in it",]
    );
}

#[test]
fn a_key_is_exchanged_without_a_moment_in_which_nothing_is_signed() {
    let mut endpoint = endpoint(&json!({"kind": "webhook", "url": "https://h.example/"}));
    let at =
        |hour: i64| "2026-03-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hour);
    for round in 0..4_u8 {
        let hour = i64::from(round) * 20;
        assert!(endpoint.rotate_signing_key(SigningKey::new([round; 32]), at(hour), at(hour + 24)));
    }
    let Channel::Webhook(webhook) = &endpoint.channel else { panic!() };
    let ends: Vec<Option<jiff::Timestamp>> = webhook.signing.iter().map(|key| key.until).collect();
    // The first was gone at the third exchange but one.
    assert_eq!(ends, [None, Some(at(84)), Some(at(64))]);
    assert_eq!(endpoint.problems(), []);
    assert!(!super::endpoints()[3].clone().rotate_signing_key(SigningKey::new([1; 32]), at(0), at(1)));
}
