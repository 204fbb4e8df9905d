//! The table of events: one row a type. The API's list of them is made of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::words::words;

words! {
    /// Whether an event tells of a failure.
    EventLevel {
        /// It does not.
        Info = "info",
        /// It does.
        Error = "error",
    }
}

words! {
    /// What events happen to.
    ResourceType {
        /// An image under a tag.
        ImageTag = "image_tag",
        /// An image.
        ImageDigest = "image_digest",
        /// What an image was asked for by.
        ImageReference = "image_reference",
        /// A policy bundle.
        PolicyBundle = "policy_bundle",
        /// Where notices go.
        NotificationEndpoint = "notification_endpoint",
        /// A repository.
        Repository = "repository",
        /// All feeds.
        Feeds = "feeds",
        /// A feed.
        Feed = "feed",
        /// A group of a feed.
        FeedGroup = "feed_group",
        /// A part of the service.
        Service = "service",
        /// A test.
        Wisdom = "wisdom",
    }
}

/// Declares the types with their level, the type of their resource and their message.
macro_rules! event_types {
    ($($variant:ident = $name:literal, $level:ident, $resource:ident, $message:literal;)+) => {
        words! {
            /// What happened: category, subcategory and name, separated by dots.
            EventType {
                $(#[doc = $message] $variant = $name,)+
            }
        }

        impl EventType {
            /// Whether it tells of a failure.
            pub fn level(self) -> EventLevel {
                match self { $(Self::$variant => EventLevel::$level,)+ }
            }

            /// What it happens to.
            pub fn resource_type(self) -> ResourceType {
                match self { $(Self::$variant => ResourceType::$resource,)+ }
            }

            /// What is said of every event of the type.
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)+ }
            }
        }
    };
}

event_types! {
    ImageArchived = "system.analysis_archive.image_archived", Info, ImageDigest,
        "Analyzed image added to archive";
    ImageArchiveFailed = "system.analysis_archive.image_archive_failed", Error, ImageDigest,
        "Analyzed image migration to archive failed";
    ArchivedImageDeleted = "system.analysis_archive.archived_image_deleted", Info, ImageDigest,
        "Archived image analysis deleted";
    ArchivedImageDeleteFailed = "system.analysis_archive.archived_image_delete_failed", Error, ImageDigest,
        "Archived image analysis deletion failed";
    FeedsSyncStarted = "system.feeds.sync.started", Info, Feeds,
        "Feeds sync task started";
    FeedsSyncCompleted = "system.feeds.sync.completed", Info, Feeds,
        "Feeds sync task completed";
    FeedsSyncFailed = "system.feeds.sync.failed", Error, Feeds,
        "Feeds sync task failed";
    FeedSyncStarted = "system.feeds.sync.feed_started", Info, Feed,
        "Feed sync started";
    FeedSyncCompleted = "system.feeds.sync.feed_completed", Info, Feed,
        "Feed sync completed";
    FeedSyncFailed = "system.feeds.sync.feed_failed", Error, Feed,
        "Feed sync failed";
    GroupSyncStarted = "system.feeds.sync.group_started", Info, FeedGroup,
        "Feed group sync started";
    GroupSyncCompleted = "system.feeds.sync.group_completed", Info, FeedGroup,
        "Feed group sync completed";
    GroupSyncFailed = "system.feeds.sync.group_failed", Error, FeedGroup,
        "Feed group sync failed";
    RegistryLookupFailed = "system.image_analysis.registry_lookup_failed", Error, ImageReference,
        "Referenced image not found in registry";
    AnalysisFailed = "system.image_analysis.failed", Error, ImageDigest,
        "Failed to analyze image";
    AnalysisCompleted = "system.image_analysis.completed", Info, ImageTag,
        "Image successfully analyzed";
    CatalogSaveFailed = "system.image_analysis.catalog_save_failed", Error, ImageDigest,
        "Failed to load image analysis from analyzer to catalog";
    PolicyEngineLoadFailed = "system.image_analysis.policy_engine_load_failed", Error, ImageDigest,
        "Failed to load image analysis from analyzer to policy engine";
    RestoredFromArchive = "system.image_analysis.restored_from_archive", Info, ImageDigest,
        "Archived image restored to active images";
    RestoreFromArchiveFailed = "system.image_analysis.restore_from_archive_failed", Error, ImageDigest,
        "Archived image restore to active images failed";
    ManifestParseFailed = "system.image_analysis.manifest_parse_fail", Error, ImageTag,
        "Failed to parse image manifest for tag";
    EndpointDisabled = "system.notifications.endpoint_disabled", Error, NotificationEndpoint,
        "Notification endpoint disabled after lasting failure";
    ListTagsFailed = "system.repository.list_tags_fail", Error, Repository,
        "Failed to list tags in repository";
    ServiceOrphaned = "system.service.state_transition.orphaned", Error, Service,
        "Service orphaned";
    ServiceDown = "system.service.state_transition.down", Error, Service,
        "Service down";
    ServiceRemoved = "system.service.removed", Error, Service,
        "Service removed";
    AuthorizerUnhealthy = "system.service.authz_plugin_healthcheck_failed", Error, Service,
        "Configured authz plugin failing health check";
    RandomWisdom = "system.test.random_wisdom", Info, Wisdom,
        "Unsolicited random wisdom of the moment";
    TagVulnerabilitiesUpdate = "user.checks.tag.vulnerabilities.update", Info, ImageTag,
        "Vulnerability update detected for tagged image";
    TagPolicyEvaluationUpdate = "user.checks.tag.policy_evaluation.update", Info, ImageTag,
        "Policy evaluation update detected for a tagged image";
    UserAnalysisFailed = "user.image.analysis.failed", Error, ImageTag,
        "Failed to analyze image";
    UserAnalysisCompleted = "user.image.analysis.completed", Info, ImageTag,
        "Image analysis available";
    TagUpdated = "user.image.tag.updated", Info, ImageTag,
        "Tag points at another image";
    ActivePolicyUpdated = "user.policy.active.updated", Info, PolicyBundle,
        "Active policy bundle updated to a different bundle";
    ActivePolicyContentChange = "user.policy.active.content_change", Info, PolicyBundle,
        "Active policy bundle content changed";
}

impl EventType {
    /// `system` or `user`
    pub fn category(self) -> &'static str {
        self.split().0
    }

    /// `image_analysis`, `checks`, …
    pub fn subcategory(self) -> &'static str {
        self.split().1
    }

    /// What is left of the type: `sync.started`
    pub fn name(self) -> &'static str {
        self.split().2
    }

    fn split(self) -> (&'static str, &'static str, &'static str) {
        let mut parts = self.as_str().splitn(3, '.');
        let mut part = || parts.next().unwrap_or_default();
        (part(), part(), part())
    }
}

/// What the categories and subcategories are about.
fn about(name: &str) -> &'static str {
    match name {
        "system" => "What the service does by itself: changes of state, background work and its failures",
        "user" => "What users want to know and act upon",
        "analysis_archive" => "Analyses that move to the archive and leave it",
        "checks" => "Images whose vulnerabilities or verdicts changed",
        "feeds" => "Synchronisation of vulnerability data",
        "image" => "Images that become available, and tags that come to stand for others",
        "image_analysis" => "The way of an image from its registry to its analysis",
        "notifications" => "Receivers of notices",
        "policy" => "Changes of policy bundles",
        "repository" => "Repositories that are watched for new tags",
        "service" => "The life of the parts of the service",
        "test" => "Events that are sent to see whether they arrive",
        _ => "",
    }
}

/// A category of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventCategory {
    #[schema(example = "user")]
    pub name: String,
    pub description: String,
    pub subcategories: Vec<EventSubcategory>,
}

/// A part of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventSubcategory {
    #[schema(example = "checks")]
    pub name: String,
    pub description: String,
    pub events: Vec<EventDescription>,
}

/// A type of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventDescription {
    /// The type without category and subcategory.
    pub name: String,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub message: String,
    pub resource_type: ResourceType,
}

/// The answer to `GET /event_types`: sorted by category and subcategory, types in the order of the table.
pub fn event_types() -> Vec<EventCategory> {
    let mut categories: Vec<EventCategory> = Vec::new();
    let mut types = EventType::ALL.to_vec();
    types.sort_by_key(|kind| (kind.category(), kind.subcategory()));
    for kind in types {
        if categories.last().is_none_or(|last| last.name != kind.category()) {
            let (name, description) = named(kind.category());
            categories.push(EventCategory { name, description, subcategories: Vec::new() });
        }
        let category = categories.last_mut().expect("one was pushed where there was none");
        if category.subcategories.last().is_none_or(|last| last.name != kind.subcategory()) {
            let (name, description) = named(kind.subcategory());
            category.subcategories.push(EventSubcategory { name, description, events: Vec::new() });
        }
        let subcategory = category.subcategories.last_mut().expect("one was pushed where there was none");
        subcategory.events.push(EventDescription {
            name: kind.name().to_owned(),
            kind,
            message: kind.message().to_owned(),
            resource_type: kind.resource_type(),
        });
    }
    categories
}

fn named(name: &str) -> (String, String) {
    (name.to_owned(), about(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_and_subcategory_is_described_and_appears_once() {
        let mut names = Vec::new();
        for category in event_types() {
            assert_ne!(category.description, "", "{}", category.name);
            for subcategory in category.subcategories {
                assert_ne!(subcategory.description, "", "{}", subcategory.name);
                names.push((category.name.clone(), subcategory.name));
            }
        }
        let sorted = names.clone();
        names.sort();
        names.dedup();
        assert_eq!(names, sorted);
    }

    #[test]
    fn a_type_is_its_three_parts() {
        let kind = EventType::FeedsSyncStarted;
        assert_eq!((kind.category(), kind.subcategory(), kind.name()), ("system", "feeds", "sync.started"));
        for kind in EventType::ALL {
            assert_eq!(format!("{}.{}.{}", kind.category(), kind.subcategory(), kind.name()), kind.as_str());
        }
    }
}
