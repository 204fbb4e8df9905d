//! Issues on GitHub: a server that behaves as docs.github.com/rest/issues says.

use std::sync::{Arc, Mutex};

use axum::response::Response;
use serde_json::{Value, json};
use url::Url;
use windlass_channels::{Endpoint, Message, Notice, Sent};
use windlass_v1::webhooks::NotificationType;

use crate::{
    endpoint, message, notice,
    receiver::{Received, Receiver, answer},
    send, send_one, sender, verdict,
};

#[derive(Clone, Debug, Default)]
struct Issue {
    title: String,
    body: String,
    labels: Vec<String>,
    open: bool,
    pull_request: bool,
    comments: Vec<String>,
}

#[derive(Clone, Default)]
struct GitHub(Arc<Mutex<Vec<Issue>>>);

impl GitHub {
    fn issues(&self) -> Vec<Issue> {
        self.0.lock().unwrap().clone()
    }

    fn answer(&self, received: &Received) -> Response {
        let known = received.header("authorization") == "Bearer hunter2"
            && received.header("accept") == "application/vnd.github+json"
            && received.header("x-github-api-version") == "2022-11-28"
            && received.header("user-agent").starts_with("windlass/");
        if !known {
            return answer(401, &json!({"message": "Bad credentials"}));
        }
        let url = Url::parse(&format!("http://h{}", received.path)).unwrap();
        let query = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let mut issues = self.0.lock().unwrap();
        let path: Vec<&str> = url.path().trim_start_matches("/repos/team/images/issues").split('/').skip(1).collect();
        match (received.method.as_str(), path.as_slice()) {
            ("GET", []) => {
                let (page, each) = (query("page").unwrap(), query("per_page").unwrap());
                let (page, each): (usize, usize) = (page.parse().unwrap(), each.parse().unwrap());
                assert_eq!(query("state").as_deref(), Some("open"));
                let label = query("labels").unwrap();
                let all =
                    issues.iter().enumerate().rev().filter(|(_, issue)| issue.open && issue.labels.contains(&label));
                let page: Vec<Value> =
                    all.skip((page - 1) * each).take(each).map(|(at, issue)| shown(at, issue)).collect();
                answer(200, &json!(page))
            }
            ("POST", []) => {
                let asked = received.json();
                let labels =
                    asked["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap().into()).collect();
                let text = |name: &str| asked[name].as_str().unwrap().to_owned();
                issues.push(Issue { title: text("title"), body: text("body"), labels, open: true, ..Issue::default() });
                let at = issues.len() - 1;
                answer(201, &shown(at, &issues[at]))
            }
            ("GET", [number, "comments"]) => {
                assert!(query("since").unwrap().parse::<jiff::Timestamp>().unwrap() < crate::now());
                let issue = &issues[number.parse::<usize>().unwrap() - 1];
                let comments: Vec<Value> = issue.comments.iter().map(|body| json!({"id": 1, "body": body})).collect();
                answer(200, &json!(comments))
            }
            ("POST", [number, "comments"]) => {
                let body = received.json()["body"].as_str().unwrap().to_owned();
                issues[number.parse::<usize>().unwrap() - 1].comments.push(body);
                answer(201, &json!({"id": 1}))
            }
            ("PATCH", [number]) => {
                let at = number.parse::<usize>().unwrap() - 1;
                assert_eq!(received.json(), json!({"state": "closed", "state_reason": "completed"}));
                issues[at].open = false;
                answer(200, &shown(at, &issues[at]))
            }
            _ => answer(404, &json!({"message": "Not Found"})),
        }
    }
}

fn shown(at: usize, issue: &Issue) -> Value {
    let labels: Vec<Value> = issue.labels.iter().map(|name| json!({"name": name, "color": "ededed"})).collect();
    let mut shown = json!({
        "number": at + 1, "title": issue.title, "body": issue.body, "labels": labels, "user": {"login": "bot"},
        "state": if issue.open { "open" } else { "closed" },
    });
    if issue.pull_request {
        shown["pull_request"] = json!({"url": "x"});
    }
    shown
}

async fn start() -> (GitHub, Receiver, Endpoint) {
    let github = GitHub::default();
    let answering = github.clone();
    let receiver = Receiver::start(move |received| answering.answer(received)).await;
    let endpoint = endpoint(&json!({
        "kind": "github_issue", "repository": "team/images", "token": "hunter2", "api_url": receiver.url(""),
        "labels": ["windlass", "security"],
    }));
    (github, receiver, endpoint)
}

fn did(sent: &Sent) -> &str {
    match sent {
        Sent::Accepted { excerpt, .. } => excerpt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_issue_is_opened_commented_on_and_closed_with_what_the_image_has_to_tell() {
    let (github, _receiver, endpoint) = start().await;
    let tell = async |notice: Notice| did(&send_one(&sender(), &endpoint, notice).await).to_owned();
    // Nobody minds an image that was never in trouble.
    assert_eq!(tell(notice("n-0", NotificationType::TagUpdate)).await, "there is no open issue about it");
    assert_eq!(tell(verdict("n-1", "stop", "go")).await, "there is no open issue about it");
    assert_eq!(tell(verdict("n-2", "go", "stop")).await, "opened #1");
    assert_eq!(tell(notice("n-3", NotificationType::VulnUpdate)).await, "commented on #1");
    assert_eq!(tell(verdict("n-4", "stop", "go")).await, "closed #1");
    assert_eq!(tell(verdict("n-5", "go", "stop")).await, "opened #2");
    let issues = github.issues();
    assert_eq!(
        issues.iter().map(|issue| (issue.open, issue.comments.len())).collect::<Vec<_>>(),
        [(false, 2), (true, 0)]
    );
    assert_eq!(issues[0].title, "STOP: docker.io/windlass/test:latest");
    assert_eq!(issues[0].labels, ["windlass", "security"]);
    assert!(issues[0].body.starts_with("**STOP**, was GO"), "{}", issues[0].body);
    assert!(issues[0].comments[1].starts_with("**GO: docker.io/windlass/test:latest**"), "{}", issues[0].comments[1]);
}

#[tokio::test]
async fn what_is_sent_again_changes_nothing() {
    let (github, _receiver, endpoint) = start().await;
    for (notice, first, later) in [
        (verdict("n-1", "go", "stop"), "opened #1", "had been told to #1"),
        (notice("n-2", NotificationType::VulnUpdate), "commented on #1", "had been told to #1"),
        (verdict("n-3", "stop", "go"), "closed #1", "there is no open issue about it"),
    ] {
        assert_eq!(did(&send_one(&sender(), &endpoint, notice.clone()).await), first);
        for _ in 0..2 {
            assert_eq!(did(&send_one(&sender(), &endpoint, notice.clone()).await), later);
        }
    }
    // The comment was written, and then the connection broke before the issue was closed.
    github.0.lock().unwrap()[0].open = true;
    assert_eq!(did(&send_one(&sender(), &endpoint, verdict("n-3", "stop", "go")).await), "closed #1");
    assert_eq!(github.issues().iter().map(|issue| issue.comments.len()).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn the_issue_is_found_among_many_others_and_a_pull_request_is_none() {
    let (github, receiver, endpoint) = start().await;
    send_one(&sender(), &endpoint, verdict("n-1", "go", "stop")).await;
    {
        let mut issues = github.0.lock().unwrap();
        let own = issues[0].clone();
        issues.extend((0..150).map(|number| Issue { body: format!("other {number}"), ..own.clone() }));
        issues.push(Issue { pull_request: true, ..own });
    }
    assert_eq!(
        did(&send_one(&sender(), &endpoint, notice("n-2", NotificationType::VulnUpdate)).await),
        "commented on #1"
    );
    assert!(receiver.received().iter().any(|received| received.path.contains("page=2")));
}

#[tokio::test]
async fn a_test_leaves_a_closed_issue_and_none_of_the_others() {
    let (github, _receiver, endpoint) = start().await;
    send_one(&sender(), &endpoint, verdict("n-1", "go", "stop")).await;
    let notices = [notice("t-1", NotificationType::VulnUpdate)];
    let sent = send(&sender(), &endpoint, Message { test: true, ..message(&notices) }).await;
    assert_eq!(did(&sent[0]), "closed #2");
    let issues = github.issues();
    assert_eq!(issues.iter().map(|issue| issue.open).collect::<Vec<_>>(), [true, false]);
    assert!(issues[1].title.starts_with("[Test] "), "{}", issues[1].title);
}

#[tokio::test]
async fn a_bad_token_is_told_and_a_limit_is_waited_for() {
    let (_github, _receiver, endpoint) = start().await;
    let mut bad = serde_json::to_value(&endpoint).unwrap();
    bad["channel"]["token"] = json!("hunter3");
    let sent = send_one(&sender(), &serde_json::from_value(bad).unwrap(), verdict("n-1", "go", "stop")).await;
    let Sent::Refused { status: Some(401), permanent: true, ref excerpt, .. } = sent else { panic!("{sent:?}") };
    assert!(excerpt.contains("Bad credentials") && !format!("{sent:?}").contains("hunter"), "{sent:?}");

    let limited = Receiver::start(|_| {
        let reset = (crate::now().as_second() + 90).to_string();
        let response = Response::builder().status(403).header("x-ratelimit-remaining", "0");
        response.header("x-ratelimit-reset", reset).body("{}".into()).unwrap()
    })
    .await;
    let mut waiting = serde_json::to_value(&endpoint).unwrap();
    waiting["channel"]["api_url"] = json!(limited.url(""));
    let sent = send_one(&sender(), &serde_json::from_value(waiting).unwrap(), verdict("n-1", "go", "stop")).await;
    let Sent::Refused { permanent: false, retry_after: Some(wait), .. } = sent else { panic!("{sent:?}") };
    assert!((60..=90).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn a_server_that_is_none_of_github_s_is_told_so() {
    let other = Receiver::start(|_| crate::receiver::text(200, "<html>welcome</html>")).await;
    let endpoint = endpoint(&json!({
        "kind": "github_issue", "repository": "team/images", "token": "hunter2", "api_url": other.url("/api/v3/"),
    }));
    let Sent::Refused { reason, .. } = send_one(&sender(), &endpoint, verdict("n-1", "go", "stop")).await else {
        panic!()
    };
    assert!(reason.contains("check the URL"), "{reason}");
    assert!(other.received()[0].path.starts_with("/api/v3/repos/team/images/issues?"));
}
