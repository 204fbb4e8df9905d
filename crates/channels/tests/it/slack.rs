//! A receiver with the rules of Slack's incoming webhooks.

use serde_json::{Value, json};
use windlass_channels::{Notice, Sent, VulnerabilityFact};
use windlass_v1::webhooks::NotificationType;

use crate::{
    endpoint, message, notice,
    receiver::{Received, Receiver, text},
    send, send_one, sender,
};

/// Why Slack would refuse it (docs.slack.dev, "Block Kit" and "Sending messages using incoming webhooks").
fn trouble(received: &Received) -> Option<&'static str> {
    if received.header("content-type") != "application/json" {
        return Some("invalid_payload");
    }
    let Ok(payload) = serde_json::from_slice::<Value>(&received.body) else { return Some("invalid_payload") };
    let Some(blocks) = payload["blocks"].as_array() else { return Some("no_text") };
    if payload["text"].as_str().is_none_or(str::is_empty) || blocks.len() > 50 {
        return Some("invalid_blocks");
    }
    let text = |text: &Value, kind: &str, most: usize| {
        let characters = text["text"].as_str().map_or(0, |text| text.chars().count());
        text["type"] == kind && (1..=most).contains(&characters)
    };
    let valid = blocks.iter().all(|block| match block["type"].as_str() {
        Some("header") => text(&block["text"], "plain_text", 150),
        Some("section") => text(&block["text"], "mrkdwn", 3000),
        Some("context") => block["elements"].as_array().is_some_and(|elements| {
            (1..=10).contains(&elements.len()) && elements.iter().all(|element| text(element, "mrkdwn", 3000))
        }),
        _ => false,
    });
    (!valid).then_some("invalid_blocks")
}

async fn workspace() -> Receiver {
    Receiver::start(|received| match received.path.as_str() {
        "/services/T0/B0/hunter2" => trouble(received).map_or_else(|| text(200, "ok"), |trouble| text(400, trouble)),
        _ => text(404, "no_service"),
    })
    .await
}

#[tokio::test]
async fn everything_that_may_happen_is_accepted() {
    let slack = workspace().await;
    let endpoint = endpoint(&json!({"kind": "slack", "url": slack.url("/services/T0/B0/hunter2")}));
    let mut all: Vec<Notice> = NotificationType::ALL.iter().map(|kind| notice("n", *kind)).collect();
    for notice in &all {
        let sent = send_one(&sender(), &endpoint, notice.clone()).await;
        assert_eq!(sent, Sent::Accepted { status: Some(200), excerpt: "ok".into() }, "{notice:?}");
    }
    // A bad day: two hundred images with their own vulnerabilities, in packages of the longest names.
    let pattern = all[0].facts.clone();
    for number in 0..200 {
        let mut one = notice("n", NotificationType::VulnUpdate);
        one.subject = format!("registry.example/{}/{number}:latest", "deep/".repeat(50));
        one.facts.vulnerabilities = (0..20)
            .map(|at| VulnerabilityFact {
                id: format!("CVE-2026-{number}{at:03}"),
                package: "<&>".repeat(200),
                ..one.facts.vulnerabilities[0].clone()
            })
            .collect();
        all.push(one);
    }
    assert_eq!(pattern, all[0].facts);
    let sent = send(&sender(), &endpoint, message(&all)).await;
    assert_eq!(sent, [Sent::Accepted { status: Some(200), excerpt: "ok".into() }]);
    let blocks = slack.received().last().unwrap().json()["blocks"].to_string();
    assert!(blocks.contains(" more"), "{blocks}");
}

#[tokio::test]
async fn a_webhook_that_was_taken_away_is_told_by_what_slack_says_and_not_by_its_url() {
    let slack = workspace().await;
    let endpoint = endpoint(&json!({"kind": "slack", "url": slack.url("/services/T0/B0/hunter3")}));
    let sent = send_one(&sender(), &endpoint, notice("n", NotificationType::TagUpdate)).await;
    let told = format!("{sent:?}");
    assert!(matches!(sent, Sent::Refused { status: Some(404), permanent: true, .. }), "{told}");
    assert!(told.contains("no_service") && !told.contains("hunter3"), "{told}");
}
