//! A name that is public when it is looked at and private when it is used.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;
use tokio::net::TcpListener;

use super::endpoint;
use crate::{Sent, compose, sender::sender_with_lookup, testing};

/// The first answer is of the public internet, from which nobody answers here; all later ones are this machine.
#[tokio::test]
async fn a_name_that_moves_to_this_machine_is_not_followed() {
    let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = here.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let sender = sender_with_lookup(move |_| {
        let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
        // 192.88.99.1 and its like would be refused by name; this one is public and leads nowhere.
        let address = if first { "198.17.255.254" } else { "127.0.0.1" };
        Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
    });
    for kind in [
        json!({"kind": "webhook", "url": format!("http://rebind.example:{port}/")}),
        json!({"kind": "email", "server": "rebind.example", "port": port, "tls": "none", "from": "a@b.example", "to": ["c@d.example"]}),
    ] {
        let mut endpoint = endpoint(&kind);
        endpoint.timeout = 1;
        asked.store(0, Ordering::Relaxed);
        let mut told = Vec::new();
        for _ in 0..3 {
            let outgoing = compose(&endpoint, &testing::message(&[testing::stop()])).unwrap().remove(0);
            told.push(sender.send(&endpoint, outgoing).await);
        }
        assert!(matches!(told[0], Sent::Failed { .. }), "{:?}", told[0]);
        for later in &told[1..] {
            let Sent::Refused { reason, .. } = later else { panic!("{later:?}") };
            assert!(reason.starts_with("rebind.example is at 127.0.0.1, which is of this machine"), "{reason}");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3);
    }
    // Nobody ever connected.
    let connected = tokio::time::timeout(std::time::Duration::from_millis(50), here.accept()).await;
    assert!(connected.is_err());
}
