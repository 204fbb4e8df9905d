//! Channels and receivers: what is sent over sockets, and what is made of the answers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod github;
mod jira;
mod kinds;
mod mail;
mod receiver;
mod slack;
mod walls;
mod webhook;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_channels::{Endpoint, Message, Notice, Sample, Sender, SenderOptions, Sent, VerdictChange, compose};
use windlass_v1::webhooks::NotificationType;

fn now() -> Timestamp {
    Timestamp::now()
}

fn endpoint(channel: &Value) -> Endpoint {
    let endpoint: Endpoint = serde_json::from_value(json!({"channel": channel, "timeout": 5})).unwrap();
    assert_eq!(endpoint.problems(), []);
    endpoint
}

/// A sender that may reach this machine.
fn sender() -> Sender {
    Sender::new(SenderOptions { allowed_private: vec!["127.0.0.0/8".parse().unwrap()], ..SenderOptions::default() })
        .unwrap()
}

fn notice(id: &str, kind: NotificationType) -> Notice {
    Sample { account: "team-a", email: None, id, now: now() }.notice(kind)
}

/// The sample with another verdict.
fn verdict(id: &str, from: &str, to: &str) -> Notice {
    let mut notice = notice(id, NotificationType::PolicyEval);
    notice.facts.verdict = Some(VerdictChange {
        from: from.into(),
        to: to.into(),
        flips: true,
        reason: "image".into(),
        policy: "production".into(),
        rules: Vec::new(),
    });
    notice
}

fn message(notices: &[Notice]) -> Message<'_> {
    Message {
        id: "delivery-1",
        notices,
        endpoint: "security",
        test: false,
        now: now(),
        base_url: "https://windlass.example",
        give_up: now(),
    }
}

/// Sends all that a message becomes.
async fn send(sender: &Sender, endpoint: &Endpoint, message: Message<'_>) -> Vec<Sent> {
    let mut all = Vec::new();
    for outgoing in compose(endpoint, &message).unwrap() {
        all.push(sender.send(endpoint, outgoing).await);
    }
    all
}

async fn send_one(sender: &Sender, endpoint: &Endpoint, notice: Notice) -> Sent {
    send(sender, endpoint, message(&[notice])).await.pop().unwrap()
}
