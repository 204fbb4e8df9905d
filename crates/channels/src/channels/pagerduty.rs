//! PagerDuty, by the Events API v2 (developer.pagerduty.com, "Send an alert event").

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    case::{Case, Turn, cases},
    setting_url,
};
use crate::{
    ComposeError, Message, Outgoing, Secret, Urgency,
    channel::{Kind, Problems},
    outgoing::Request,
    texts::{Text, Texts},
    view::View,
    wording::{Markup, clip},
};

/// Characters of a summary.
const SUMMARY: usize = 1024;
/// Bytes of the details; an event may have 512 KB.
const DETAILS: usize = 64 << 10;

/// A service of PagerDuty: an incident for each subject, resolved when its verdict is GO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PagerDuty {
    /// The integration key of an "Events API v2" integration.
    pub routing_key: Secret,
    /// `https://events.eu.pagerduty.com/v2/enqueue` in Europe.
    #[serde(default = "events")]
    #[schema(required = false, default = "https://events.pagerduty.com/v2/enqueue")]
    pub url: String,
}

fn events() -> String {
    "https://events.pagerduty.com/v2/enqueue".into()
}

impl Kind for PagerDuty {
    fn name(&self) -> &'static str {
        "pagerduty"
    }

    fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        vec![("routing_key".into(), &mut self.routing_key)]
    }

    fn destination(&self) -> Option<String> {
        Some(self.url.clone())
    }

    fn problems(&self, problems: &mut Problems) {
        problems.check_url("url", &self.url);
    }

    fn texts(&self) -> &'static [Text] {
        const { &[Text::TITLE, Text::body(Markup::Plain)] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let url = setting_url("url", &self.url)?;
        let mut requests = Vec::new();
        for case in cases(message) {
            for event in self.events_of(&case, message, texts)? {
                requests.push(Request::json(url.clone(), &event).into());
            }
        }
        Ok(requests)
    }
}

impl PagerDuty {
    fn events_of(&self, case: &Case, message: &Message<'_>, texts: &Texts) -> Result<Vec<Value>, ComposeError> {
        let resolve = json!({
            "routing_key": self.routing_key.expose(), "event_action": "resolve", "dedup_key": case.key,
        });
        Ok(match case.turn {
            // An incident that is open would be no more so, and one that is not should not be.
            Turn::Tells => Vec::new(),
            Turn::Closes => vec![resolve],
            Turn::Opens => vec![self.trigger(case, message, texts)?],
            Turn::Tests => vec![self.trigger(case, message, texts)?, resolve],
        })
    }

    fn trigger(&self, case: &Case, message: &Message<'_>, texts: &Texts) -> Result<Value, ComposeError> {
        let message = Message { notices: &case.notices, ..*message };
        let view = View::new(&message);
        let title = texts.title(&view)?;
        let details = texts.fitting("body", &view, &title, DETAILS, str::len)?;
        let severity = match view.urgency {
            _ if message.test => "info",
            Urgency::Critical => "critical",
            Urgency::Error => "error",
            Urgency::Warning => "warning",
            Urgency::Info | Urgency::Good => "info",
        };
        let links: Vec<Value> = view.link().map(|href| json!({"href": href, "text": "Details"})).into_iter().collect();
        let told = view.told(1);
        let mut event = json!({
            "routing_key": self.routing_key.expose(),
            "event_action": "trigger",
            "dedup_key": case.key,
            "client": "Windlass",
            "links": links,
            "payload": {
                "summary": clip(&title, SUMMARY),
                "source": told.first().map_or("windlass", |notice| &notice.subject),
                "severity": severity,
                "timestamp": told.first().map(|notice| &notice.occurred_at),
                "group": told.first().map(|notice| &notice.account),
                "class": told.first().map(|notice| notice.kind),
                "custom_details": {"text": details},
            },
        });
        if let Some(home) = view.home() {
            event["client_url"] = json!(home);
        }
        Ok(event)
    }
}
