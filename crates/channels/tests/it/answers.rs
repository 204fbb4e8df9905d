//! Receivers that do not simply take it.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use futures::stream;
use serde_json::json;
use tokio::{io::AsyncReadExt as _, net::TcpListener};
use windlass_channels::{Endpoint, Sender, SenderOptions, Sent};
use windlass_v1::webhooks::NotificationType;

use crate::{
    endpoint, notice,
    receiver::{Receiver, text},
    send_one, sender,
};

fn hook(url: &str) -> Endpoint {
    endpoint(&json!({"kind": "webhook", "url": url, "auth": {"scheme": "bearer", "token": "hunter2"}}))
}

async fn sent(endpoint: &Endpoint) -> Sent {
    send_one(&sender(), endpoint, notice("n-1", NotificationType::TagUpdate)).await
}

#[tokio::test]
async fn a_refusal_says_why_whether_it_may_pass_and_when() {
    let receiver = Receiver::start(|received| match received.path.as_str() {
        "/busy" => Response::builder().status(429).header("retry-after", "30").body("slow down".into()).unwrap(),
        "/gone" => text(410, "no such hook"),
        _ => text(500, &"x".repeat(10_000)),
    })
    .await;
    let refused = |status, retry_after, permanent, reason: &str, excerpt: &str| Sent::Refused {
        status: Some(status),
        retry_after,
        permanent,
        reason: reason.into(),
        excerpt: excerpt.into(),
    };
    assert_eq!(
        sent(&hook(&receiver.url("/busy"))).await,
        refused(429, Some(Duration::from_secs(30)), false, "it answered 429 Too Many Requests", "slow down")
    );
    let gone = "it answered 410 Gone: it is not there any more; delete the endpoint, or set its new URL";
    assert_eq!(sent(&hook(&receiver.url("/gone"))).await, refused(410, None, true, gone, "no such hook"));
    let Sent::Refused { status: Some(500), permanent: false, excerpt, .. } = sent(&hook(&receiver.url("/"))).await
    else {
        panic!()
    };
    assert!(excerpt.chars().count() <= 512 && excerpt.ends_with('…'), "{excerpt}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_that_nothing_is_sent_to_strangers() {
    let elsewhere = Receiver::start(|_| text(200, "thanks")).await;
    let target = elsewhere.url("/stolen");
    let receiver = Receiver::start(move |_| {
        Response::builder().status(307).header("location", target.as_str()).body(Body::empty()).unwrap()
    })
    .await;
    let Sent::Refused { status: Some(307), reason, .. } = sent(&hook(&receiver.url("/"))).await else { panic!() };
    assert!(reason.contains("redirects are not followed"), "{reason}");
    assert_eq!(elsewhere.received().len(), 0);
}

#[tokio::test]
async fn an_answer_without_end_is_read_no_further_than_its_beginning() {
    let receiver = Receiver::start(|_| {
        let chunk = || Some((Ok::<_, std::io::Error>(vec![b'x'; 16 << 10]), ()));
        Response::new(Body::from_stream(stream::unfold((), move |()| async move { chunk() })))
    })
    .await;
    let began = Instant::now();
    let sent = sent(&hook(&receiver.url("/"))).await;
    assert!(sent.is_accepted(), "{sent:?}");
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn who_takes_too_long_may_have_it_or_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut slow = hook(&format!("http://{}/hooks/hunter2", listener.local_addr().unwrap()));
    slow.timeout = 1;
    let held = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 64];
        let _ = stream.read(&mut bytes).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
    });
    let Sent::Failed { reason } = sent(&slow).await else { panic!() };
    assert!(reason.starts_with("there was no answer"), "{reason}");
    held.abort();
}

#[tokio::test]
async fn who_is_not_there_is_told_without_the_secret_of_the_url() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for channel in [
        json!({"kind": "slack", "url": format!("http://127.0.0.1:{port}/services/hunter2")}),
        json!({"kind": "webhook", "url": format!("http://127.0.0.1:{port}/?key=hunter2")}),
        json!({"kind": "email", "server": "127.0.0.1", "port": port, "username": "u", "password": "hunter2",
               "from": "a@b.example", "to": ["c@d.example"]}),
    ] {
        let Sent::Failed { reason } = sent(&endpoint(&channel)).await else { panic!() };
        assert!(reason.contains("refused") && !reason.contains("hunter2"), "{reason}");
    }
}

#[tokio::test]
async fn a_certificate_is_checked_unless_somebody_says_otherwise() {
    let (receiver, certificate) = Receiver::with_tls(|_| text(200, "")).await;
    let strict = hook(&format!("https://{}/", receiver.address));
    let Sent::Failed { reason } = sent(&strict).await else { panic!() };
    assert!(reason.contains("certificate"), "{reason}");

    let with_authority = Endpoint { certificate_authority: Some(certificate.clone()), ..strict.clone() };
    assert_eq!(with_authority.problems(), []);
    assert!(sent(&with_authority).await.is_accepted());
    let careless = Endpoint { verify: false, ..strict.clone() };
    assert!(sent(&careless).await.is_accepted());

    let options = SenderOptions {
        allowed_private: vec!["127.0.0.1/32".parse().unwrap()],
        certificate_authority: Some(certificate),
        ..SenderOptions::default()
    };
    let sender = Sender::new(options).unwrap();
    assert!(send_one(&sender, &strict, notice("n-1", NotificationType::TagUpdate)).await.is_accepted());
    assert!(
        Sender::new(SenderOptions { certificate_authority: Some("x".into()), ..SenderOptions::default() }).is_err()
    );
}
