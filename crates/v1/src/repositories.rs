//! Repositories that are watched for new tags (`spec/api.md` A4.9). The answer is a [`Subscription`] whose value is a
//! [`WatchedRepository`].
//!
//! [`Subscription`]: crate::subscriptions::Subscription

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the value of a `repo_update` subscription says, as JSON in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct WatchedRepository {
    /// Whether new tags are watched for other images in turn.
    pub autosubscribe: bool,
    /// Every tag; in what is stored, only once the watcher was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub repotags: Option<Vec<String>>,
    /// How many tags there are; clients print it.
    pub tagcount: usize,
    /// The tag that proves the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lookuptag: Option<String>,
    /// Globs, of which a tag must fit one to be added; all are where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Globs of tags that are not added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// How many of these tags are added: the last ones, where numbers in them count as numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_tags: Option<u64>,
    /// Images that were built before are not added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub since: Option<String>,
}

impl WatchedRepository {
    /// The tag that proves a repository where none is named.
    pub const LOOKUP_TAG: &str = "latest";

    /// The text that is kept in the subscription.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and truth values are JSON")
    }

    /// Reads that text; `None` where it is something else.
    pub fn from_text(text: &str) -> Option<Self> {
        // A list would be read as one whose members have no names.
        let members = serde_json::from_str::<serde_json::Map<_, _>>(text).ok()?;
        serde_json::from_value(members.into()).ok()
    }
}

/// The message of the error for a repository whose tags cannot be listed.
pub fn no_tags(repository: &str) -> String {
    format!("no tags could be added from input regrepo ({repository})")
}
