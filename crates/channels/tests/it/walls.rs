//! What only this machine can reach is not reached through notices.

use serde_json::json;
use windlass_channels::{Sender, SenderOptions, Sent};
use windlass_v1::webhooks::NotificationType;

use crate::{
    endpoint, notice,
    receiver::{Receiver, text},
    send_one, sender,
};

#[tokio::test]
async fn a_receiver_within_the_walls_gets_nothing_unless_its_network_is_allowed() {
    let receiver = Receiver::start(|_| text(200, "secret of this machine")).await;
    let port = receiver.address.port();
    let guarded = Sender::new(SenderOptions::default()).unwrap();
    let mapped = format!("[::ffff:127.0.0.1]:{port}");
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("2130706433:{port}"), mapped] {
        for channel in [
            json!({"kind": "webhook", "url": format!("http://{host}/")}),
            json!({"kind": "slack", "url": format!("http://{host}/")}),
            json!({"kind": "github_issue", "repository": "a/b", "token": "t", "api_url": format!("http://{host}/")}),
            json!({"kind": "jira_issue", "url": format!("http://{host}/"), "project": "A", "token": "t"}),
            json!({"kind": "pagerduty", "routing_key": "k", "url": format!("http://{host}/")}),
        ] {
            let sent = send_one(&guarded, &endpoint(&channel), notice("n-1", NotificationType::VulnUpdate)).await;
            let Sent::Refused { status: None, reason, excerpt, .. } = sent else { panic!("{sent:?}") };
            assert!(reason.contains("which is of this machine: nothing is sent there unless"), "{reason}");
            assert_eq!(excerpt, "");
        }
    }
    for server in ["127.0.0.1", "localhost", "::1"] {
        let mail = json!({"kind": "email", "server": server, "port": port, "tls": "none",
                          "from": "a@b.example", "to": ["c@d.example"]});
        let sent = send_one(&guarded, &endpoint(&mail), notice("n-1", NotificationType::VulnUpdate)).await;
        assert!(matches!(sent, Sent::Refused { status: None, .. }), "{sent:?}");
    }
    assert_eq!(receiver.received().len(), 0);

    let allowed = endpoint(&json!({"kind": "webhook", "url": receiver.url("/")}));
    assert!(send_one(&sender(), &allowed, notice("n-1", NotificationType::VulnUpdate)).await.is_accepted());
}

#[tokio::test]
async fn through_a_proxy_addresses_in_urls_are_still_checked() {
    let proxy = Receiver::start(|_| text(200, "")).await;
    let options = SenderOptions { proxy: Some(proxy.url("/").parse().unwrap()), ..SenderOptions::default() };
    let sender = Sender::new(options).unwrap();
    let outside = endpoint(&json!({"kind": "webhook", "url": "http://receiver.example/hook"}));
    assert!(send_one(&sender, &outside, notice("n-1", NotificationType::TagUpdate)).await.is_accepted());
    assert_eq!(proxy.received().len(), 1);
    let inside = endpoint(&json!({"kind": "webhook", "url": "http://169.254.169.254/latest/meta-data/"}));
    let sent = send_one(&sender, &inside, notice("n-1", NotificationType::TagUpdate)).await;
    assert!(matches!(sent, Sent::Refused { status: None, .. }), "{sent:?}");
    assert_eq!(proxy.received().len(), 1);
}
