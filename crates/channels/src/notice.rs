//! What there is to tell.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_v1::webhooks::{NotificationPayload, NotificationType};

/// One thing to tell an account about one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Stays the same however often it is sent: receivers know repetitions by it.
    pub id: String,
    pub account: String,
    /// Of the account.
    pub email: Option<String>,
    pub kind: NotificationType,
    /// What it is about: a full tag, or the id of an event's resource. What one subject has to tell stays in order.
    pub subject: String,
    pub occurred_at: Timestamp,
    /// One sentence for people.
    pub message: String,
    pub facts: Facts,
    /// As the v1 API sends it.
    pub payload: NotificationPayload,
}

/// What filters ask about and templates show, whatever the kind; empty where it does not apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// `sha256:…` of the image's manifest.
    pub digest: Option<String>,
    pub registry: Option<String>,
    pub repository: Option<String>,
    pub tag: Option<String>,
    pub verdict: Option<VerdictChange>,
    /// Of vulnerabilities; the worst first.
    pub vulnerabilities: Vec<VulnerabilityFact>,
    /// The type of an event: `user.image.analysis.failed`.
    pub event_type: Option<String>,
    /// Of an event: `info`, `error`.
    pub level: Option<String>,
}

/// A verdict that became another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictChange {
    /// `go`, `warn` or `stop`.
    pub from: String,
    pub to: String,
    /// Whether the v1 status, `pass` or `fail`, is another one too.
    pub flips: bool,
    /// `image`, `policy`, `settings`, `vulnerability_data`, `allowlist_expiry`, `time` or `unknown`.
    pub reason: String,
    /// The policy by its id, and sentences that say which rules make the difference.
    pub policy: String,
    pub rules: Vec<String>,
}

/// A vulnerability that came, went or changed in an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VulnerabilityFact {
    pub id: String,
    /// Other names of the same flaw: what tells of one of them tells of all.
    pub aliases: Vec<String>,
    pub change: VulnerabilityChange,
    /// `Critical` to `Negligible`, or `Unknown`.
    pub severity: String,
    /// Known to be exploited, by CISA's catalogue.
    pub kev: bool,
    /// The probability of exploitation within 30 days, from 0 to 1.
    pub epss: Option<f64>,
    pub package: String,
    pub version: String,
    /// Versions that fix it.
    pub fixed_in: Vec<String>,
    pub url: Option<String>,
}

/// What happened to a vulnerability in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VulnerabilityChange {
    Added,
    Updated,
    Removed,
}
