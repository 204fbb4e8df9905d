//! What webhooks are sent (`spec/api.md` A4.17, `spec/operations.md` §2.7).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Annotations, evaluations::EvaluationResult, events::Event, images::AnalysisStatus, subscriptions::SubscriptionType,
    timestamp::EpochSeconds, vulnerabilities::VulnerabilityChanges, words::words,
};

words! {
    /// What a notification is about.
    NotificationType {
        /// The verdict on an image changed.
        PolicyEval = "policy_eval",
        /// A tag came to point at another image.
        TagUpdate = "tag_update",
        /// The vulnerabilities of an image changed.
        VulnUpdate = "vuln_update",
        /// An analysis ended.
        AnalysisUpdate = "analysis_update",
        /// An event happened.
        EventLog = "event_log",
    }
}

words! {
    /// Sections of the configuration: where a notification goes.
    WebhookType {
        /// Every notification.
        General = "general",
        /// Those about verdicts.
        PolicyEval = "policy_eval",
        /// Those about tags.
        TagUpdate = "tag_update",
        /// Those about vulnerabilities.
        VulnUpdate = "vuln_update",
        /// Those about analyses.
        AnalysisUpdate = "analysis_update",
        /// Those about events.
        EventLog = "event_log",
    }
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    #[serde(rename = "queueId")]
    pub queue_id: NotificationType,
    /// The account.
    #[serde(rename = "userId")]
    pub user_id: String,
    /// The id of the notification; a second delivery has the same.
    #[serde(rename = "dataId")]
    pub data_id: String,
    pub created_at: EpochSeconds,
    pub last_updated: EpochSeconds,
    /// Always `active`.
    pub record_state_key: String,
    #[schema(required = true)]
    pub record_state_val: Option<String>,
    /// When it was last tried in vain; 0 before that.
    pub tries: i64,
    /// When it is given up.
    pub max_tries: EpochSeconds,
    pub data: NotificationData,
}

/// For whom a notification is, and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NotificationData {
    /// The account.
    pub notification_user: String,
    /// Of the account.
    #[schema(required = true)]
    pub notification_user_email: Option<String>,
    pub notification_type: NotificationType,
    pub notification_payload: NotificationPayload,
}

/// An account and where to reach it.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    pub account: &'a str,
    pub email: Option<&'a str>,
}

impl Notification {
    /// A notification that was not tried yet.
    pub fn new(
        recipient: Recipient<'_>,
        id: impl Into<String>,
        payload: NotificationPayload,
        created_at: EpochSeconds,
        give_up: EpochSeconds,
    ) -> Self {
        let kind = payload.kind();
        Self {
            queue_id: kind,
            user_id: recipient.account.to_owned(),
            data_id: id.into(),
            created_at,
            last_updated: created_at,
            record_state_key: "active".to_owned(),
            record_state_val: None,
            tries: 0,
            max_tries: give_up,
            data: NotificationData {
                notification_user: recipient.account.to_owned(),
                notification_user_email: recipient.email.map(str::to_owned),
                notification_type: kind,
                notification_payload: payload,
            },
        }
    }
}

/// What a notification says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum NotificationPayload {
    VulnUpdate(VulnUpdate),
    AnalysisUpdate(AnalysisUpdate),
    PolicyEval(Box<PolicyEval>),
    TagUpdate(TagUpdate),
    EventLog(Box<EventLog>),
}

impl NotificationPayload {
    pub fn kind(&self) -> NotificationType {
        match self {
            Self::VulnUpdate(_) => NotificationType::VulnUpdate,
            Self::AnalysisUpdate(_) => NotificationType::AnalysisUpdate,
            Self::PolicyEval(_) => NotificationType::PolicyEval,
            Self::TagUpdate(_) => NotificationType::TagUpdate,
            Self::EventLog(_) => NotificationType::EventLog,
        }
    }
}

/// The subscription that a notification goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscribed {
    #[serde(rename = "notificationId")]
    pub notification_id: String,
    /// The account.
    #[serde(rename = "userId")]
    pub user_id: String,
    /// The full tag.
    pub subscription_key: String,
    pub subscription_type: SubscriptionType,
}

/// The verdict on an image changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyEval {
    #[serde(flatten)]
    pub subscribed: Subscribed,
    #[serde(flatten)]
    pub change: PolicyEvalChange,
}

/// The verdicts before and now; also the details of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyEvalChange {
    pub curr_eval: EvaluationResult,
    pub last_eval: EvaluationResult,
    /// Left out where the image has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub annotations: Option<Annotations>,
}

/// A tag came to point at another image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TagUpdate {
    #[serde(flatten)]
    pub subscribed: Subscribed,
    #[serde(flatten)]
    pub change: TagUpdateChange,
}

/// The digests before and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TagUpdateChange {
    pub curr_eval: Vec<String>,
    /// Newest first.
    pub last_eval: Vec<String>,
    /// Left out where the image has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub annotations: Option<Annotations>,
}

/// The vulnerabilities of an image changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VulnUpdate {
    #[serde(flatten)]
    pub subscribed: Subscribed,
    #[serde(flatten)]
    pub change: VulnUpdateChange,
}

/// The vulnerabilities that came, went and changed; also the details of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VulnUpdateChange {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    pub diff_vulnerability_result: VulnerabilityChanges,
    /// Left out where the image has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub annotations: Option<Annotations>,
}

/// An analysis ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnalysisUpdate {
    #[serde(flatten)]
    pub subscribed: Subscribed,
    #[serde(flatten)]
    pub change: AnalysisUpdateChange,
}

/// How far the analysis was and is; also the details of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnalysisUpdateChange {
    pub curr_eval: AnalysisProgress,
    pub last_eval: AnalysisProgress,
    pub annotations: Annotations,
}

/// How far an analysis is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnalysisProgress {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    pub analysis_status: AnalysisStatus,
    pub annotations: Annotations,
}

/// An event happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventLog {
    #[serde(rename = "notificationId")]
    pub notification_id: String,
    /// The account.
    #[serde(rename = "userId")]
    pub user_id: String,
    #[serde(flatten)]
    pub event: Event,
}

/// The URL of a webhook: `<userId>` in its template stands for the account, `<notification_type>` for the type. Both are
/// percent-encoded.
pub fn url(template: &str, account: &str, notification_type: &str) -> String {
    let fill = |template: &str, name: &str, value: &str| template.replace(name, &encoded(value).to_string());
    fill(&fill(template, "<userId>", account), "<notification_type>", notification_type)
}

/// Account names may hold slashes and question marks; they must not lead elsewhere.
fn encoded(text: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'@');
    utf8_percent_encode(text, ESCAPED)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subscribed(kind: SubscriptionType) -> Subscribed {
        Subscribed {
            notification_id: "n".into(),
            user_id: "admin".into(),
            subscription_key: "docker.io/a:1".into(),
            subscription_type: kind,
        }
    }

    #[test]
    fn a_tag_that_moved_is_told_in_the_envelope_that_receivers_know() {
        let change = TagUpdateChange {
            curr_eval: vec!["sha256:b".into()],
            last_eval: vec!["sha256:a".into()],
            annotations: None,
        };
        let payload =
            NotificationPayload::TagUpdate(TagUpdate { subscribed: subscribed(SubscriptionType::TagUpdate), change });
        let at = |seconds| EpochSeconds::from(jiff::Timestamp::from_second(seconds).unwrap());
        let recipient = Recipient { account: "admin", email: None };
        let notification = Notification::new(recipient, "n", payload, at(1), at(31));
        let told = json!(notification);
        assert_eq!(
            told,
            json!({
                "queueId": "tag_update", "userId": "admin", "dataId": "n", "created_at": 1, "last_updated": 1,
                "record_state_key": "active", "record_state_val": null, "tries": 0, "max_tries": 31,
                "data": {
                    "notification_user": "admin", "notification_user_email": null, "notification_type": "tag_update",
                    "notification_payload": {
                        "notificationId": "n", "userId": "admin", "subscription_key": "docker.io/a:1",
                        "subscription_type": "tag_update", "curr_eval": ["sha256:b"], "last_eval": ["sha256:a"],
                    },
                },
            })
        );
        assert_eq!(serde_json::from_value::<Notification>(told).unwrap(), notification);
    }

    #[test]
    fn the_account_in_a_url_cannot_lead_elsewhere() {
        assert_eq!(
            url("https://h.example/<notification_type>/<userId>", "team/../x?y", "vuln_update"),
            "https://h.example/vuln_update/team%2F..%2Fx%3Fy"
        );
    }
}
