//! The archive of analyses and its rules.

use serde::Deserialize;

use crate::{
    Text,
    lenient::{list, or_default},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ArchivedImage {
    #[serde(rename = "imageDigest")]
    pub image_digest: Text,
    #[serde(deserialize_with = "list")]
    image_detail: Vec<Archived>,
    pub analyzed_at: Text,
    pub created_at: Text,
    pub status: Text,
    pub archive_size_bytes: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Archived {
    pullstring: Text,
}

impl ArchivedImage {
    pub fn tags(&self) -> Vec<&str> {
        self.image_detail.iter().map(|detail| detail.pullstring.as_str()).collect()
    }
}

/// What became of one image that was to be archived.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ArchiveResult {
    pub digest: Text,
    pub status: Text,
    pub detail: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ArchiveRule {
    pub rule_id: Text,
    pub system_global: Text,
    pub transition: Text,
    pub analysis_age_days: Text,
    pub tag_versions_newer: Text,
    #[serde(deserialize_with = "or_default")]
    pub selector: Selector,
    pub max_images_per_account: Text,
    #[serde(deserialize_with = "or_default")]
    pub exclude: Exclude,
    pub last_updated: Text,
}

/// What a rule has moved, or would move.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RuleTransition {
    pub transition_task_id: Text,
    #[serde(rename = "imageDigest")]
    pub image_digest: Text,
    #[serde(deserialize_with = "or_default")]
    pub tags: Vec<String>,
    pub transition: Text,
    pub transition_state: Text,
    pub detail: Text,
    pub created_at: Text,
}

/// A run of the rules that was asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RulesRun {
    pub transition_task_id: Text,
    pub dry_run: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Selector {
    pub registry: Text,
    pub repository: Text,
    pub tag: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Exclude {
    #[serde(deserialize_with = "or_default")]
    pub selector: Selector,
    pub expiration_days: Text,
}
