//! Of the crate as a whole.

mod bounds;
mod documents;
mod endpoints;
mod grouping;
mod rebinding;
mod shapes;
mod templates;

use serde_json::{Value, json};

use crate::Endpoint;

/// An endpoint of every kind, as the API would be asked for it.
fn endpoints() -> Vec<Endpoint> {
    let channels = [
        json!({"kind": "webhook", "url": "https://hooks.example/x", "format": "windlass"}),
        json!({"kind": "webhook", "url": "https://hooks.example/x", "auth": {"scheme": "bearer", "token": "hunter2"}}),
        json!({"kind": "webhook", "url": "https://hooks.example/x", "format": "anchore-v1",
               "signing": [{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]}),
        json!({"kind": "slack", "url": "https://hooks.slack.com/services/hunter2"}),
        json!({"kind": "teams", "url": "https://prod.logic.azure.com/workflows/hunter2"}),
        json!({"kind": "mattermost", "url": "https://chat.example/hooks/hunter2"}),
        json!({"kind": "discord", "url": "https://discord.com/api/webhooks/1/hunter2"}),
        json!({"kind": "email", "server": "mail.example.com", "username": "w", "password": "hunter2",
               "from": "w@example.com", "to": ["a@example.com"]}),
        json!({"kind": "github_issue", "repository": "team/images", "token": "hunter2"}),
        json!({"kind": "jira_issue", "url": "https://team.atlassian.net", "project": "SEC", "token": "hunter2"}),
        json!({"kind": "pagerduty", "routing_key": "hunter2"}),
    ];
    channels.iter().map(endpoint).collect()
}

fn endpoint(channel: &Value) -> Endpoint {
    serde_json::from_value(json!({"channel": channel})).unwrap()
}
