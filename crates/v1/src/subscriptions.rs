//! Subscriptions: what is watched, and what is told when it changes (`spec/api.md` A4.8).

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{given::given, timestamp::EpochSeconds, words::words};

words! {
    /// What is watched.
    SubscriptionType {
        /// New tags of a repository.
        RepoUpdate = "repo_update",
        /// A tag that comes to point at another image.
        TagUpdate = "tag_update",
        /// The verdict on an image.
        PolicyEval = "policy_eval",
        /// Vulnerabilities of an image.
        VulnUpdate = "vuln_update",
        /// The end of an analysis.
        AnalysisUpdate = "analysis_update",
    }
}

impl SubscriptionType {
    /// The types that each tag of an image has a subscription of.
    pub const OF_TAGS: [Self; 4] = [Self::PolicyEval, Self::TagUpdate, Self::VulnUpdate, Self::AnalysisUpdate];

    /// The message of the error for a word that is no type.
    pub fn unsupported(word: &str) -> String {
        format!("{word} is not a supported subscription type")
    }
}

/// A subscription of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// The MD5 digest of account, key and type.
    pub subscription_id: String,
    /// The account.
    #[serde(rename = "userId")]
    pub user_id: String,
    /// `registry/repo` for repositories, else `registry/repo:tag`.
    pub subscription_key: String,
    pub subscription_type: SubscriptionType,
    /// JSON in a text, for repositories; digests that are watched beside the newest, for tags.
    #[schema(required = true)]
    pub subscription_value: Option<String>,
    /// Whether anything is done about it.
    pub active: bool,
    /// Left out of what a dry run tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub created_at: Option<EpochSeconds>,
    /// Left out of what a dry run tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_updated: Option<EpochSeconds>,
}

/// The id of a subscription: scripts compute it, so it stays what it was.
pub fn subscription_id(account: &str, key: &str, kind: SubscriptionType) -> String {
    format!("{:x}", Md5::digest(format!("{account}+{key}+{kind}")))
}

/// Asks for a subscription. Key and type are needed; that they are missing is told by who handles the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SubscriptionRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subscription_key: Option<String>,
    /// One of the types; other words are refused by who handles the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subscription_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription_value: Option<String>,
    #[schema(required = false, default = false)]
    pub active: bool,
}

/// Changes a subscription: what is given replaces what was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct SubscriptionUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub active: Option<bool>,
    /// Null takes the value away.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<String>, required = false)]
    pub subscription_value: Option<Option<String>>,
    /// Clients repeat it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subscription_key: Option<String>,
    /// Clients repeat it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subscription_type: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_those_that_scripts_compute() {
        let id = subscription_id("admin", "127.0.0.1:5000/test/small:latest", SubscriptionType::PolicyEval);
        assert_eq!(id, "af3ff27ad8772375725807af74e0b42d");
    }

    #[test]
    fn an_update_tells_an_absent_value_from_null() {
        let update = |body| serde_json::from_value::<SubscriptionUpdate>(body).unwrap().subscription_value;
        assert_eq!(update(json!({"active": true})), None);
        assert_eq!(update(json!({"subscription_value": null})), Some(None));
        assert_eq!(update(json!({"subscription_value": "x"})), Some(Some("x".into())));
    }
}
