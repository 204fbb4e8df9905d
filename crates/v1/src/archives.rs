//! The archive of analyses, and the rules that move them there (`spec/api.md` A4.15).

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, RefOr, Schema},
};

use crate::{
    Annotations,
    timestamp::{self, IsoSeconds},
    words::words,
};

/// Most bytes of an archive that is uploaded.
pub const UPLOAD_LIMIT: u64 = 1 << 30;
/// The member of the form that an archive is uploaded in.
pub const UPLOAD_FIELD: &str = "archive_file";
/// The message of the error for an image that the archive does not have.
pub const NOT_FOUND: &str = "Not found in archive";
/// The message of the error, without detail, for an image that is there already.
pub const RESTORE_CONFLICT: &str = "Conflict: Image already exists in system. No restore possible";

words! {
    /// How far an archived analysis is.
    ArchiveStatus {
        /// It is being written.
        Archiving = "archiving",
        /// It is there.
        Archived = "archived",
        /// It is about to be removed.
        Deleting = "deleting",
    }
}

/// An archived analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArchivedImage {
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    #[serde(rename = "parentDigest")]
    pub parent_digest: String,
    pub annotations: Annotations,
    pub status: ArchiveStatus,
    pub image_detail: Vec<ArchivedTag>,
    pub analyzed_at: IsoSeconds,
    /// When it was archived.
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
    #[schema(required = true)]
    pub archive_size_bytes: Option<u64>,
}

/// A tag that an archived image had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchivedTag {
    /// `registry/repository:tag`
    pub pullstring: String,
    pub registry: String,
    pub repository: String,
    pub tag: String,
    pub detected_at: IsoSeconds,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
}

/// What an account has in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveSummary {
    pub images: ArchivedImagesSummary,
    pub rules: ArchiveRulesSummary,
}

/// How much is archived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchivedImagesSummary {
    pub total_image_count: u64,
    pub total_tag_count: u64,
    pub total_data_bytes: u64,
    /// An empty text where nothing is archived.
    #[serde(with = "timestamp::or_empty")]
    #[schema(value_type = String)]
    pub last_updated: Option<IsoSeconds>,
}

/// How many rules there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveRulesSummary {
    pub count: u64,
    #[schema(required = true)]
    pub last_updated: Option<IsoSeconds>,
}

/// Asks for analyses to be archived: 1 to 100 digests of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveRequest(pub Vec<String>);

// The derive knows no limits for lists that stand alone.
impl PartialSchema for ArchiveRequest {
    fn schema() -> RefOr<Schema> {
        let digests = ArrayBuilder::new().items(String::schema()).min_items(Some(1)).max_items(Some(100));
        digests.description(Some("Digests of images, 1 to 100.")).into()
    }
}

impl ToSchema for ArchiveRequest {}

words! {
    /// What became of an analysis that was to be archived.
    ArchivingStatus {
        /// It is in the archive.
        Archived = "archived",
        /// It is on its way.
        Archiving = "archiving",
        /// It is not; the detail says why.
        Error = "error",
    }
}

/// The verdict on one analysis that was to be archived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchivingResult {
    /// As it was asked for.
    pub digest: String,
    pub status: ArchivingStatus,
    pub detail: String,
}

words! {
    /// What a rule does.
    Transition {
        /// Moves analyses to the archive.
        Archive = "archive",
        /// Removes them from it.
        Delete = "delete",
    }
}

/// Moves analyses when they are old or superseded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveRule {
    /// 32 hexadecimal digits.
    pub rule_id: String,
    pub transition: Transition,
    pub selector: ImageSelector,
    /// How many newer images the tag must have had since; -1: it does not matter.
    pub tag_versions_newer: i64,
    /// How many days the analysis must be old; -1: it does not matter.
    pub analysis_age_days: i64,
    pub exclude: RuleExclusion,
    /// Whether it goes for all accounts.
    pub system_global: bool,
    /// The oldest images beyond that many are moved.
    #[schema(required = true)]
    pub max_images_per_account: Option<u64>,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
}

/// Tags, by patterns with asterisks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ImageSelector {
    #[schema(required = false, example = "*")]
    pub registry: String,
    #[schema(required = false, example = "*")]
    pub repository: String,
    #[schema(required = false, example = "*")]
    pub tag: String,
}

/// Tags that a rule leaves alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RuleExclusion {
    #[schema(required = false)]
    pub selector: ImageSelector,
    /// For how many days after their analysis; -1: for ever.
    #[schema(required = false, default = -1)]
    pub expiration_days: i64,
}

impl Default for RuleExclusion {
    fn default() -> Self {
        Self { selector: ImageSelector::default(), expiration_days: -1 }
    }
}

/// Adds a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveRuleRequest {
    pub transition: Transition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub selector: Option<ImageSelector>,
    /// How many newer images the tag must have had since; -1: it does not matter.
    #[serde(default = "off")]
    #[schema(required = false, default = -1)]
    pub tag_versions_newer: i64,
    /// How many days the analysis must be old; -1: it does not matter.
    #[serde(default = "off")]
    #[schema(required = false, default = -1)]
    pub analysis_age_days: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub exclude: Option<RuleExclusion>,
    /// Whether it goes for all accounts; administrators' rules only.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub system_global: bool,
    /// The oldest images beyond that many are moved; such a rule has neither selector nor exclusion, and is for all
    /// accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub max_images_per_account: Option<u64>,
}

fn off() -> i64 {
    -1
}

words! {
    /// How a transition ended.
    TransitionState {
        /// It was done.
        Complete = "complete",
        /// It was not; the detail says why.
        Failed = "failed",
    }
}

/// What a rule did, or would do, to an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleTransition {
    /// The run of the rules that it was part of; nothing where it is only foreseen.
    #[schema(required = true)]
    pub transition_task_id: Option<String>,
    /// The rules that led to it: together they select every tag of the image.
    pub rule_ids: Vec<String>,
    #[serde(rename = "imageDigest")]
    pub image_digest: String,
    /// `registry/repository:tag` of every tag that the image has, or had then.
    pub tags: Vec<String>,
    pub transition: Transition,
    #[schema(required = true)]
    pub transition_state: Option<TransitionState>,
    /// Why it failed.
    #[schema(required = true)]
    pub detail: Option<String>,
    #[schema(required = true)]
    pub created_at: Option<IsoSeconds>,
}

/// A run of the rules that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RulesRun {
    /// By which histories of rules tell what it did.
    pub transition_task_id: String,
    /// Whether it moves nothing, as the service is configured, and only logs what it would move.
    pub dry_run: bool,
}

/// A rule that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArchiveRule {
    #[error("selector needs registry, repository and tag; * stands for all")]
    EmptySelector,
    #[error("max_images_per_account needs system_global to be true")]
    LimitOfOneAccount,
    #[error("max_images_per_account goes for all images; leave selector and exclude out")]
    LimitWithSelector,
    #[error(
        "analysis_age_days, tag_versions_newer and expiration_days are numbers of at least -1, which stands for off"
    )]
    BelowOff,
}

impl ArchiveRuleRequest {
    /// What the schema cannot say. That there is one rule with a limit at most is for its keeper to check.
    pub fn validate(&self) -> Result<(), InvalidArchiveRule> {
        let expiration_days = self.exclude.as_ref().map_or(-1, |exclude| exclude.expiration_days);
        if [self.analysis_age_days, self.tag_versions_newer, expiration_days].iter().any(|number| *number < -1) {
            return Err(InvalidArchiveRule::BelowOff);
        }
        if self.max_images_per_account.is_none() {
            let selector = self.selector.as_ref().ok_or(InvalidArchiveRule::EmptySelector)?;
            let is_given =
                [&selector.registry, &selector.repository, &selector.tag].iter().all(|part| !part.is_empty());
            return if is_given { Ok(()) } else { Err(InvalidArchiveRule::EmptySelector) };
        }
        if !self.system_global {
            return Err(InvalidArchiveRule::LimitOfOneAccount);
        }
        let selects = self.selector.as_ref().is_some_and(|selector| *selector != ImageSelector::default());
        let excludes = self.exclude.as_ref().is_some_and(|exclude| exclude.selector != ImageSelector::default());
        if selects || excludes { Err(InvalidArchiveRule::LimitWithSelector) } else { Ok(()) }
    }
}

/// The member `archive_manifest` of a tar file in which a finished analysis is handed over (`POST /import/images`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveManifest {
    pub account: String,
    pub image_digest: String,
    pub archived_at: String,
    pub metadata: ArchiveManifestMetadata,
    pub artifacts: Vec<ArchiveArtifact>,
}

/// What the archived image was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveManifestMetadata {
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    pub versions: serde_json::Value,
    pub image_id: String,
    /// The record of the image, as JSON in a text.
    pub image_record: String,
}

/// A document of the archive: where it was kept, and under which name it is in the tar file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveArtifact {
    /// `analysis`, `image_content`, `image_manifest`, `syft_sbom`, …
    pub name: String,
    /// None for what is told, and not put back.
    #[serde(default)]
    #[schema(required = true)]
    pub source: Option<ArchiveArtifactSource>,
    pub dest: ArchiveArtifactDestination,
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    pub metadata: serde_json::Value,
}

/// A place in the object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveArtifactSource {
    pub bucket: String,
    pub key: String,
}

/// A place in the tar file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArchiveArtifactDestination {
    pub tarfile_path: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_selects_by_all_three_parts_or_limits_all_accounts() {
        let check = |body: serde_json::Value| serde_json::from_value::<ArchiveRuleRequest>(body).unwrap().validate();
        let all = json!({"registry": "*", "repository": "*", "tag": "*"});
        assert_eq!(check(json!({"transition": "archive", "selector": all})), Ok(()));
        for selector in [json!(null), json!({"registry": "*", "repository": "*"})] {
            let body = json!({"transition": "archive", "selector": selector});
            assert_eq!(check(body), Err(InvalidArchiveRule::EmptySelector));
        }
        let limit = |extra: serde_json::Value| {
            let mut body = json!({"transition": "archive", "max_images_per_account": 5, "system_global": true});
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            check(body)
        };
        assert_eq!(limit(json!({})), Ok(()));
        assert_eq!(limit(json!({"system_global": false})), Err(InvalidArchiveRule::LimitOfOneAccount));
        assert_eq!(limit(json!({"selector": all})), Err(InvalidArchiveRule::LimitWithSelector));
        assert_eq!(limit(json!({"exclude": {"selector": all}})), Err(InvalidArchiveRule::LimitWithSelector));
        assert_eq!(limit(json!({"analysis_age_days": -2})), Err(InvalidArchiveRule::BelowOff));
        assert_eq!(limit(json!({"exclude": {"expiration_days": -2}})), Err(InvalidArchiveRule::BelowOff));
    }
}
