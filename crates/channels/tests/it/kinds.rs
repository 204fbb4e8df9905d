//! Every kind of channel, from a message to what its receiver has in hand.

use std::collections::BTreeSet;

use axum::response::Response;
use serde_json::{Value, json};
use windlass_channels::{Endpoint, Message, Sent};

use crate::{
    endpoint,
    mail::MailServer,
    message,
    receiver::{Received, Receiver, answer, text},
    send, sender, verdict,
};

const PAGE: &str = include_str!("../../../../docs/channels.md");
const OWN: &str = "OWNTEXT1";

/// A text that may be one's own: its name, and what of a document it is; nothing where the document does not have it.
type Text = (&'static str, fn(&Value) -> String);

/// A kind of channel, with a receiver that takes what it sends.
struct Kind {
    endpoint: Endpoint,
    receiver: Place,
    /// What the receiver is asked, without queries, to be told of a verdict of STOP, and of a test.
    told: &'static [&'static str],
    tested: &'static [&'static str],
    /// Of every request.
    authorization: &'static str,
    /// Of those that tell something.
    content_type: &'static str,
    texts: Vec<Text>,
}

enum Place {
    Web(Receiver),
    Mail(MailServer),
}

/// What a receiver has in hand.
struct Got {
    place: String,
    authorization: String,
    content_type: String,
    /// `None` where nothing was sent along.
    body: Option<Value>,
}

impl From<Received> for Got {
    fn from(received: Received) -> Self {
        let path = received.path.split('?').next().unwrap();
        assert!(received.header("user-agent").starts_with("windlass/"), "{received:?}");
        Self {
            place: format!("{} {path}", received.method),
            authorization: received.header("authorization").to_owned(),
            content_type: received.header("content-type").to_owned(),
            body: (!received.body.is_empty()).then(|| received.json()),
        }
    }
}

/// A letter, as Python's parser read it.
fn got(letter: Value) -> Got {
    Got {
        place: format!("{} to {}", letter["from"].as_str().unwrap(), letter["to"][0].as_str().unwrap()),
        authorization: String::new(),
        content_type: letter["headers"]["Content-Type"].as_str().unwrap().split(';').next().unwrap().to_owned(),
        body: Some(letter),
    }
}

impl Kind {
    /// Sends a message, which must be taken; what the receiver has in hand then.
    async fn send(&self, endpoint: &Endpoint, message: Message<'_>) -> Vec<Got> {
        let before = self.got().len();
        let sent = send(&sender(), endpoint, message).await;
        assert!(!sent.is_empty() && sent.iter().all(Sent::is_accepted), "{}: {sent:?}", endpoint.channel.name());
        self.got().split_off(before)
    }

    fn got(&self) -> Vec<Got> {
        match &self.receiver {
            Place::Web(receiver) => receiver.received().into_iter().map(Got::from).collect(),
            Place::Mail(server) => server.letters().into_iter().map(got).collect(),
        }
    }

    /// Each text as it stands in the first that tells something.
    fn texts(&self, got: &[Got]) -> Vec<(&'static str, String)> {
        let bodies: Vec<&Value> = got.iter().filter_map(|got| got.body.as_ref()).collect();
        let found = |find: fn(&Value) -> String| bodies.iter().map(|body| find(body)).find(|text| !text.is_empty());
        self.texts.iter().map(|(name, find)| (*name, found(*find).unwrap_or_default())).collect()
    }
}

/// A receiver that is whatever is asked of it: trackers have no issue yet, and make one.
fn accept(received: &Received) -> Response {
    let path = received.path.split('?').next().unwrap();
    match (received.method.as_str(), path) {
        ("GET", "/repos/team/images/issues") => answer(200, &json!([])),
        ("POST", "/repos/team/images/issues") => answer(201, &json!({"number": 1, "labels": [{"name": "windlass"}]})),
        ("PATCH", "/repos/team/images/issues/1") => answer(200, &json!({})),
        ("POST", "/rest/api/2/search/jql") => answer(200, &json!({"issues": [], "isLast": true})),
        ("POST", "/rest/api/2/issue") => answer(201, &json!({"id": "1", "key": "SEC-1"})),
        ("GET", "/rest/api/2/issue/SEC-1/transitions") => answer(
            200,
            &json!({"transitions": [{"id": "31", "name": "Resolve", "to": {"name": "Done", "statusCategory": {"key": "done"}}}]}),
        ),
        ("POST", "/rest/api/2/issue/SEC-1/transitions") => text(204, ""),
        ("POST", path) if path.starts_with("/hooks") => text(202, "ok"),
        _ => text(404, "there is nothing"),
    }
}

/// A text at a place of a document; empty if it is not there.
fn at(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

async fn web(
    channel: impl Fn(&Receiver) -> Value,
    told: &'static [&'static str],
    tested: &'static [&'static str],
    authorization: &'static str,
    texts: Vec<Text>,
) -> Kind {
    let receiver = Receiver::start(accept).await;
    let (endpoint, content_type) = (endpoint(&channel(&receiver)), "application/json");
    Kind { endpoint, receiver: Place::Web(receiver), told, tested, authorization, content_type, texts }
}

/// A webhook of that format, whose title is part of what it sends or not.
async fn webhook(format: &'static str, content_type: &'static str, title: fn(&Value) -> String) -> Kind {
    let kind = web(
        |receiver| {
            json!({"kind": "webhook", "format": format, "url": receiver.url("/hooks/<userId>/<notification_type>"),
                "auth": {"scheme": "bearer", "token": "hunter2"}})
        },
        &["POST /hooks/team-a/policy_eval"],
        &["POST /hooks/team-a/test"],
        "Bearer hunter2",
        vec![("title", title), ("body", |sent| at(sent, "/own"))],
    );
    Kind { content_type, ..kind.await }
}

/// A chat, whose URL is its secret.
async fn chat(kind: &'static str, texts: Vec<Text>) -> Kind {
    const PLACE: &[&str] = &["POST /hooks/hunter2"];
    web(|receiver| json!({"kind": kind, "url": receiver.url("/hooks/hunter2")}), PLACE, PLACE, "", texts).await
}

async fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        webhook("cloudevents", "application/cloudevents+json", |_| String::new()).await,
        webhook("anchore-v1", "application/json", |_| String::new()).await,
        webhook("windlass", "application/json", |sent| at(sent, "/title")).await,
        chat("slack", vec![
            ("title", |sent| at(sent, "/blocks/0/text/text")),
            ("body", |sent| at(sent, "/blocks/1/text/text")),
        ])
        .await,
        chat("teams", vec![
            ("title", |sent| at(sent, "/attachments/0/content/body/0/text")),
            ("body", |sent| at(sent, "/attachments/0/content/body/1/text")),
        ])
        .await,
        chat("mattermost", vec![
            ("title", |sent| at(sent, "/text").lines().next().unwrap_or_default().to_owned()),
            ("body", |sent| at(sent, "/text").lines().skip(2).collect()),
        ])
        .await,
        chat("discord", vec![
            ("title", |sent| at(sent, "/content")),
            ("body", |sent| at(sent, "/embeds/0/description")),
        ])
        .await,
        web(
            |receiver| {
                json!({"kind": "github_issue", "repository": "team/images", "token": "hunter2", "api_url": receiver.url("")})
            },
            &["GET /repos/team/images/issues", "POST /repos/team/images/issues"],
            &["GET /repos/team/images/issues", "POST /repos/team/images/issues", "PATCH /repos/team/images/issues/1"],
            "Bearer hunter2",
            vec![("title", |sent| at(sent, "/title")), ("body", |sent| at(sent, "/body"))],
        )
        .await,
        web(
            |receiver| {
                json!({"kind": "jira_issue", "url": receiver.url(""), "project": "SEC", "username": "u", "token": "hunter2"})
            },
            &["POST /rest/api/2/search/jql", "POST /rest/api/2/issue"],
            &[
                "POST /rest/api/2/search/jql",
                "POST /rest/api/2/issue",
                "GET /rest/api/2/issue/SEC-1/transitions",
                "POST /rest/api/2/issue/SEC-1/transitions",
            ],
            "Basic dTpodW50ZXIy",
            vec![("title", |sent| at(sent, "/fields/summary")), ("body", |sent| at(sent, "/fields/description"))],
        )
        .await,
        web(
            |receiver| json!({"kind": "pagerduty", "routing_key": "hunter2", "url": receiver.url("/hooks/v2/enqueue")}),
            &["POST /hooks/v2/enqueue"],
            // It is opened and resolved.
            &["POST /hooks/v2/enqueue", "POST /hooks/v2/enqueue"],
            "",
            vec![("title", |sent| at(sent, "/payload/summary")), ("body", |sent| at(sent, "/payload/custom_details/text"))],
        )
        .await,
    ];
    if let Some(server) = MailServer::start("none") {
        const PLACE: &[&str] = &["windlass@example.com to a@example.com"];
        kinds.push(Kind {
            endpoint: server.endpoint("none", &["a@example.com"], false),
            receiver: Place::Mail(server),
            told: PLACE,
            tested: PLACE,
            authorization: "",
            content_type: "multipart/alternative",
            texts: vec![
                ("title", |letter| at(letter, "/headers/Subject")),
                ("body", |letter| at(letter, "/parts/text~1plain")),
                ("html", |letter| at(letter, "/parts/text~1html")),
            ],
        });
        // A kind that the page shows and the list above has not.
        let told: BTreeSet<&str> =
            PAGE.split("\"kind\": \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(kinds.iter().map(|kind| kind.endpoint.channel.name()).collect::<BTreeSet<_>>(), told);
    }
    kinds
}

#[tokio::test]
async fn a_verdict_and_a_test_reach_the_receivers_of_every_kind() {
    for kind in kinds().await {
        let (name, notices) = (kind.endpoint.channel.name(), [verdict("n-1", "go", "stop")]);
        for (test, places) in [(false, kind.told), (true, kind.tested)] {
            let got = kind.send(&kind.endpoint, Message { test, ..message(&notices) }).await;
            assert_eq!(got.iter().map(|got| got.place.as_str()).collect::<Vec<_>>(), places, "{name}, test: {test}");
            for got in &got {
                assert_eq!(got.authorization, kind.authorization, "{name}: {}", got.place);
            }
            let telling: Vec<&Got> = got.iter().filter(|got| got.body.is_some()).collect();
            for got in &telling {
                assert_eq!(got.content_type, kind.content_type, "{name}: {}", got.place);
            }
            let all: String = telling.iter().filter_map(|got| got.body.as_ref()).map(Value::to_string).collect();
            assert!(all.contains("windlass/test:latest"), "{name} says what it is about: {all}");
            for (text, told) in kind.texts(&got) {
                // A webhook has no body of texts unless somebody gives it one, and but one format has a title.
                assert!(!told.is_empty() || name == "webhook", "{name} has no {text}: {all}");
                if text == "title" && !told.is_empty() {
                    assert_eq!(told.contains("Test"), test, "{name}: {told}");
                }
            }
        }
    }
}

/// The names of the templates that a channel has, as it tells whoever gets one wrong.
fn known(endpoint: &Endpoint) -> Vec<String> {
    let mut endpoint = endpoint.clone();
    endpoint.templates.insert("bogus".into(), "x".into());
    let problem = endpoint.problems().pop().unwrap().reason;
    problem.split_once("it has ").unwrap().1.split(", ").map(str::to_owned).collect()
}

#[tokio::test]
async fn every_text_of_every_kind_is_replaced_by_one_s_own_and_no_other_is() {
    for kind in kinds().await {
        let (name, notices) = (kind.endpoint.channel.name(), [verdict("n-1", "go", "stop")]);
        assert_eq!(known(&kind.endpoint), kind.texts.iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{name}");
        let usual = kind.send(&kind.endpoint, message(&notices)).await;
        let usual = kind.texts(&usual);
        for (own, _) in &kind.texts {
            let mut endpoint = kind.endpoint.clone();
            let template = match (name, *own) {
                ("webhook", "body") => r#"{"own": {{ "OWNTEXT" ~ total.notices }}, "title": {{ title }}}"#,
                _ => "OWNTEXT{{ total.notices }}",
            };
            endpoint.templates.insert((*own).to_owned(), template.to_owned());
            assert_eq!(endpoint.problems(), [], "{name}");
            let sent = kind.send(&endpoint, message(&notices)).await;
            for ((text, told), (_, before)) in kind.texts(&sent).into_iter().zip(&usual) {
                if text == *own {
                    let shown = told.contains(OWN) || (before.is_empty() && text == "title");
                    assert!(shown, "{name}, {text}: {told}");
                    assert!(!before.contains(OWN), "{name}, {text}: {before}");
                } else if *own != "title" && !before.is_empty() {
                    // Other texts may hold the title.
                    assert_eq!(&told, before, "{name}: {text} is the channel's still");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_webhook_s_own_body_may_hold_a_title_of_one_s_own_in_every_format() {
    for mut kind in kinds().await.into_iter().filter(|kind| kind.endpoint.channel.name() == "webhook") {
        for (name, template) in [("title", "OWNTEXT{{ total.notices }}"), ("body", r#"{"own": {{ title }}}"#)] {
            kind.endpoint.templates.insert(name.to_owned(), template.to_owned());
        }
        let got = kind.send(&kind.endpoint, message(&[verdict("n-1", "go", "stop")])).await;
        assert_eq!(got[0].body, Some(json!({ "own": OWN })));
    }
}
