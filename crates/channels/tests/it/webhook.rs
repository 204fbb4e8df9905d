//! Webhooks, as who receives them sees them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;
use windlass_channels::{Channel, Message, Sent, SigningKey};
use windlass_v1::webhooks::{Notification, NotificationType};

use crate::{
    endpoint, message, notice, now,
    receiver::{Received, Receiver, text},
    send, send_one, sender,
};

/// What a receiver does by the Standard Webhooks scheme: any of the signatures may be its own.
fn verified(received: &Received, key: &SigningKey) -> bool {
    let key = BASE64_STANDARD.decode(key.secret.expose().strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", received.header("webhook-id"), received.header("webhook-timestamp")).as_bytes());
    mac.update(&received.body);
    let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    received.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

#[tokio::test]
async fn a_receiver_verifies_what_it_got_with_the_old_key_and_the_new() {
    let receiver = Receiver::start(|_| text(202, "kept")).await;
    let mut endpoint = endpoint(&json!({"kind": "webhook", "url": receiver.url("/hook")}));
    let (old, new) = (SigningKey::new([1; 32]), SigningKey::new([2; 32]));
    let later = now() + jiff::SignedDuration::from_hours(24);
    endpoint.rotate_signing_key(old.clone(), now(), later);
    endpoint.rotate_signing_key(new.clone(), now(), later);
    let sent = send_one(&sender(), &endpoint, notice("n-1", NotificationType::VulnUpdate)).await;
    assert_eq!(sent, Sent::Accepted { status: Some(202), excerpt: "kept".into() });
    let [received] = &receiver.received()[..] else { panic!() };
    assert!(verified(received, &old) && verified(received, &new) && !verified(received, &SigningKey::new([3; 32])));
    let mut altered = received.clone();
    altered.body.push(b' ');
    assert!(!verified(&altered, &new));
    assert_eq!(received.header("webhook-id"), "n-1");
    assert_eq!(received.header("content-type"), "application/cloudevents+json");
    assert!(received.header("user-agent").starts_with("windlass/"));
}

#[tokio::test]
async fn a_receiver_of_the_original_gets_its_envelope_one_a_request() {
    let receiver = Receiver::start(|_| text(204, "")).await;
    let endpoint = endpoint(&json!({
        "kind": "webhook", "format": "anchore-v1", "url": receiver.url("/<notification_type>/<userId>"),
        "auth": {"scheme": "basic", "username": "u", "password": "p"},
    }));
    let notices = [notice("n-1", NotificationType::TagUpdate), notice("n-2", NotificationType::PolicyEval)];
    let Channel::Webhook(_) = endpoint.channel else { panic!() };
    assert!(!endpoint.channel.gathers());
    let sent = send(&sender(), &endpoint, message(&notices)).await;
    assert!(sent.iter().all(Sent::is_accepted), "{sent:?}");
    let received = receiver.received();
    assert_eq!(
        received.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(),
        ["/tag_update/team-a", "/policy_eval/team-a"]
    );
    for (one, notice) in received.iter().zip(&notices) {
        let envelope: Notification = serde_json::from_slice(&one.body).unwrap();
        assert_eq!((&envelope.data_id, &envelope.data.notification_payload), (&notice.id, &notice.payload));
        assert_eq!(one.header("authorization"), "Basic dTpw");
        assert_eq!(one.header("webhook-id"), notice.id);
    }
    send(&sender(), &endpoint, Message { test: true, ..message(&notices[..1]) }).await;
    assert_eq!(receiver.received()[2].path, "/test/team-a");
}

#[tokio::test]
async fn several_notices_are_a_batch_of_events_with_the_key_of_the_delivery() {
    let receiver = Receiver::start(|_| text(200, "")).await;
    let endpoint = endpoint(&json!({
        "kind": "webhook", "url": receiver.url("/"), "auth": {"scheme": "header", "name": "X-Api-Key", "value": "k"},
    }));
    let notices = [notice("n-1", NotificationType::TagUpdate), notice("n-2", NotificationType::PolicyEval)];
    send(&sender(), &endpoint, message(&notices)).await;
    let [received] = &receiver.received()[..] else { panic!() };
    assert_eq!((received.header("webhook-id"), received.header("x-api-key")), ("delivery-1", "k"));
    assert_eq!(received.header("content-type"), "application/cloudevents-batch+json");
    let ids: Vec<_> = received.json().as_array().unwrap().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids, ["n-1", "n-2"]);
}
