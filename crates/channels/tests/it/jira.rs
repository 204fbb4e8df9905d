//! Issues in Jira: a server that behaves as developer.atlassian.com says, as Cloud and as Data Center.

use std::sync::{Arc, Mutex};

use axum::response::Response;
use serde_json::{Value, json};
use url::Url;
use windlass_channels::{Endpoint, Notice, Sent};
use windlass_v1::webhooks::NotificationType;

use crate::{
    endpoint, notice,
    receiver::{Received, Receiver, answer},
    send_one, sender, verdict,
};

#[derive(Clone, Debug, Default)]
struct Issue {
    fields: Value,
    done: bool,
    comments: Vec<String>,
}

#[derive(Clone)]
struct Jira {
    cloud: bool,
    issues: Arc<Mutex<Vec<Issue>>>,
}

impl Jira {
    fn issues(&self) -> Vec<Issue> {
        self.issues.lock().unwrap().clone()
    }

    fn answer(&self, received: &Received) -> Response {
        let login = if self.cloud { "Basic YUBleGFtcGxlLmNvbTpodW50ZXIy" } else { "Bearer hunter2" };
        if received.header("authorization") != login {
            return answer(401, &json!({"message": "Client must be authenticated to access this resource."}));
        }
        let url = Url::parse(&format!("http://h{}", received.path)).unwrap();
        let path: Vec<&str> = url.path().trim_start_matches("/jira/rest/api/2/").split('/').collect();
        let mut issues = self.issues.lock().unwrap();
        let at = |key: &str| key.strip_prefix("SEC-").unwrap().parse::<usize>().unwrap() - 1;
        match (received.method.as_str(), path.as_slice()) {
            ("POST", ["search", "jql"]) if self.cloud => Self::search(&received.json(), &issues),
            // Removed from Cloud in 2025.
            ("POST", ["search"]) if self.cloud => answer(410, &json!({"errorMessages": ["removed"]})),
            ("POST", ["search"]) => Self::search(&received.json(), &issues),
            ("POST", ["issue"]) => {
                let fields = received.json()["fields"].clone();
                if fields["issuetype"]["name"] != "Task" {
                    return answer(400, &json!({"errors": {"issuetype": "Specify a valid issue type"}}));
                }
                issues.push(Issue { fields, ..Issue::default() });
                answer(201, &json!({"id": "1", "key": format!("SEC-{}", issues.len())}))
            }
            ("GET", ["issue", key, "comment"]) => {
                let comments: Vec<Value> =
                    issues[at(key)].comments.iter().rev().map(|body| json!({"id": "1", "body": body})).collect();
                answer(200, &json!({"comments": comments, "total": comments.len()}))
            }
            ("POST", ["issue", key, "comment"]) => {
                issues[at(key)].comments.push(received.json()["body"].as_str().unwrap().to_owned());
                answer(201, &json!({"id": "1"}))
            }
            ("GET", ["issue", _, "transitions"]) => {
                let to = |name: &str, category: &str| json!({"name": name, "statusCategory": {"key": category}});
                answer(
                    200,
                    &json!({"transitions": [
                        {"id": "11", "name": "Start", "to": to("In Progress", "indeterminate")},
                        {"id": "31", "name": "Resolve", "to": to("Done", "done")},
                    ]}),
                )
            }
            ("POST", ["issue", key, "transitions"]) => {
                assert_eq!(received.json(), json!({"transition": {"id": "31"}}));
                issues[at(key)].done = true;
                Response::builder().status(204).body(String::new().into()).unwrap()
            }
            _ => answer(404, &json!({"errorMessages": ["no such resource"]})),
        }
    }

    fn search(asked: &Value, issues: &[Issue]) -> Response {
        let query = asked["jql"].as_str().unwrap();
        let label = query
            .strip_prefix("project = \"SEC\" AND labels = \"")
            .and_then(|rest| rest.strip_suffix("\" AND statusCategory != Done ORDER BY created DESC"));
        let Some(label) = label else { return answer(400, &json!({"errorMessages": [format!("Error in {query}")]})) };
        let matching = |(_, issue): &(usize, &Issue)| {
            !issue.done && issue.fields["labels"].as_array().unwrap().contains(&json!(label))
        };
        let found: Vec<Value> = issues
            .iter()
            .enumerate()
            .filter(matching)
            .map(|(at, issue)| {
                json!({"key": format!("SEC-{}", at + 1), "fields": {"description": issue.fields["description"]}})
            })
            .collect();
        answer(200, &json!({"issues": found, "isLast": true}))
    }
}

async fn start(cloud: bool) -> (Jira, Receiver, Endpoint) {
    let jira = Jira { cloud, issues: Arc::default() };
    let answering = jira.clone();
    let receiver = Receiver::start(move |received| answering.answer(received)).await;
    let mut channel = json!({
        "kind": "jira_issue", "url": receiver.url("/jira/"), "project": "SEC", "token": "hunter2",
        "deployment": if cloud { "cloud" } else { "server" }, "labels": ["images"],
    });
    if cloud {
        channel["username"] = json!("a@example.com");
    }
    (jira, receiver, endpoint(&channel))
}

fn did(sent: &Sent) -> &str {
    match sent {
        Sent::Accepted { excerpt, .. } => excerpt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_issue_lives_as_long_as_the_trouble_and_is_told_everything_once() {
    for cloud in [true, false] {
        let (jira, _receiver, endpoint) = start(cloud).await;
        let tell = async |notice: Notice| did(&send_one(&sender(), &endpoint, notice).await).to_owned();
        for (notice, first, later) in [
            (
                notice("n-0", NotificationType::TagUpdate),
                "there is no open issue about it",
                "there is no open issue about it",
            ),
            (verdict("n-1", "go", "stop"), "opened SEC-1", "had been told to SEC-1"),
            (notice("n-2", NotificationType::VulnUpdate), "commented on SEC-1", "had been told to SEC-1"),
            (verdict("n-3", "stop", "go"), "closed SEC-1", "there is no open issue about it"),
            (verdict("n-4", "go", "stop"), "opened SEC-2", "had been told to SEC-2"),
        ] {
            assert_eq!(tell(notice.clone()).await, first);
            assert_eq!(tell(notice).await, later);
        }
        let issues = jira.issues();
        assert_eq!(
            issues.iter().map(|one| (one.done, one.comments.len())).collect::<Vec<_>>(),
            [(true, 2), (false, 0)]
        );
        let fields = &issues[0].fields;
        assert_eq!(
            (&fields["summary"], &fields["project"]["key"]),
            (&json!("STOP: docker.io/windlass/test:latest"), &json!("SEC"))
        );
        assert_eq!(fields["labels"][0], "windlass");
        assert!(fields["labels"].as_array().unwrap().contains(&json!("images")), "{fields}");
        assert!(fields["description"].as_str().unwrap().starts_with("*STOP*, was GO"), "{fields}");
    }
}

#[tokio::test]
async fn what_jira_does_not_like_is_told() {
    let (_jira, _receiver, endpoint) = start(true).await;
    let change = |member: &str, value: Value| -> Endpoint {
        let mut changed = serde_json::to_value(&endpoint).unwrap();
        changed["channel"][member] = value;
        serde_json::from_value(changed).unwrap()
    };
    let bad_type = send_one(&sender(), &change("issue_type", json!("Epic")), verdict("n-1", "go", "stop")).await;
    let Sent::Refused { status: Some(400), permanent: true, excerpt, .. } = bad_type else { panic!("{bad_type:?}") };
    assert!(excerpt.contains("Specify a valid issue type"), "{excerpt}");
    // Data Center's search, asked of Cloud.
    let old = send_one(&sender(), &change("deployment", json!("server")), verdict("n-1", "go", "stop")).await;
    assert!(matches!(old, Sent::Refused { status: Some(410), .. }), "{old:?}");

    send_one(&sender(), &endpoint, verdict("n-1", "go", "stop")).await;
    let closing = send_one(&sender(), &change("close_transition", json!("Vanish")), verdict("n-2", "stop", "go")).await;
    let Sent::Refused { reason, .. } = closing else { panic!("{closing:?}") };
    assert_eq!(reason, "SEC-1 has no transition that closes it: set close_transition to one of Start, Resolve");
    assert_eq!(
        did(&send_one(&sender(), &change("close_transition", json!("resolve")), verdict("n-2", "stop", "go")).await),
        "closed SEC-1"
    );
}
