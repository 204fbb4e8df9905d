//! What changed of images and verdicts, and what caused it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    timestamp::IsoSeconds,
    vulnerabilities::{OldAndNew, VulnerabilitySummary},
};

/// Changes, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeList {
    pub changes: Vec<Change>,
    /// What to ask for the next page with; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page: Option<String>,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    pub changed_at: IsoSeconds,
    #[serde(flatten)]
    pub what: What,
}

/// What changed, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// Vulnerability data brought, altered or took away a vulnerability of a package.
    Vulnerability(Box<VulnerabilityChanged>),
    /// The verdict on a tag became another one.
    Verdict(Box<VerdictChanged>),
    /// Another policy became the active one, or the active one got another content.
    Policy(PolicyChanged),
}

/// A vulnerability that came, changed or went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct VulnerabilityChanged {
    /// `added`, `updated` or `removed`
    pub change: String,
    /// As it is now; as it was, where it is gone.
    pub vulnerability: VulnerabilitySummary,
    /// By name of the member; empty where it was added or removed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, OldAndNew>,
    /// The vulnerability stays what it is, but the distribution's package that brings the file has fixed it now, or has no
    /// longer; left out where that is not why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub by_owner: bool,
    /// Records that it is known from: provider and name.
    pub records: Vec<SourceRecord>,
    pub data: CausingData,
    /// Digests of images that it is a change of: of the one that was asked about, or else of ten at most, which were analysed
    /// first. `/query/images/by_vulnerability` has all.
    pub images: Vec<String>,
}

/// A record of vulnerability data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct SourceRecord {
    /// `debian`, `github`, `nvd`, …
    pub provider: String,
    pub id: String,
}

/// The vulnerability data that made the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CausingData {
    /// `sha256:…` of the database.
    pub checksum: String,
    pub built_at: IsoSeconds,
    pub imported_at: IsoSeconds,
}

/// A verdict that became another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerdictChanged {
    pub tag: String,
    /// `go`, `warn` or `stop`
    pub from: String,
    pub to: String,
    /// `image`, `policy`, `settings`, `vulnerability_data`, `allowlist_expiry`, `time` or `unknown`
    pub reason: String,
    /// Sentences that say which rules make the difference.
    pub rules: Vec<String>,
    pub before: Judged,
    pub now: Judged,
    /// The event that told it.
    pub event: String,
}

/// What a verdict was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Judged {
    /// Of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub image_digest: Option<String>,
    #[serde(rename = "policyId", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy_id: Option<String>,
    /// Of the bundle's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy_digest: Option<String>,
}

/// A bundle that images are judged by from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyChanged {
    /// `activated` or `edited`
    pub change: String,
    #[serde(rename = "policyId")]
    pub policy_id: String,
    /// The policy before it, or the digest of its content before; left out where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub before: Option<String>,
    /// The policy, or the digest of its content.
    pub now: String,
    /// The event that told it.
    pub event: String,
}
