//! Feeds: the vulnerability data as clients see it (`spec/api.md` A4.12).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{timestamp::IsoSeconds, words::words};

/// The feed that all vulnerability data is in; clients wait for it.
pub const VULNERABILITIES: &str = "vulnerabilities";

/// A feed and its groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feed {
    #[schema(example = "vulnerabilities")]
    pub name: String,
    /// Whether it is synchronised.
    pub enabled: bool,
    pub created_at: IsoSeconds,
    pub updated_at: IsoSeconds,
    /// When every group was last synchronised.
    #[schema(required = true)]
    pub last_full_sync: Option<IsoSeconds>,
    pub groups: Vec<FeedGroup>,
}

/// The data of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedGroup {
    /// As `feed_group` of vulnerabilities: `debian:12`.
    #[schema(example = "debian:12")]
    pub name: String,
    pub enabled: bool,
    pub created_at: IsoSeconds,
    pub updated_at: IsoSeconds,
    #[schema(required = true)]
    pub last_sync: Option<IsoSeconds>,
    pub record_count: u64,
}

impl Feed {
    /// Whether clients that wait for the feed go on: it was synchronised, and so was each of its groups that is enabled.
    pub fn is_ready(&self) -> bool {
        let ready = |group: &FeedGroup| group.last_sync.is_some() || !group.enabled;
        self.last_full_sync.is_some() && !self.groups.is_empty() && self.groups.iter().all(ready)
    }
}

words! {
    /// How a synchronisation went.
    SyncStatus {
        /// The data is new.
        Success = "success",
        /// The data is what it was.
        Failure = "failure",
    }
}

/// What a synchronisation did to a feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedSync {
    pub feed: String,
    pub status: SyncStatus,
    pub total_time_seconds: f64,
    pub groups: Vec<GroupSync>,
}

/// What a synchronisation did to a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GroupSync {
    pub group: String,
    pub status: SyncStatus,
    pub total_time_seconds: f64,
    pub updated_record_count: u64,
    pub updated_image_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_ready_when_every_enabled_group_was_synchronised() {
        let moment = IsoSeconds::from(jiff::Timestamp::UNIX_EPOCH);
        let group = |last_sync, enabled| FeedGroup {
            name: "debian:12".into(),
            enabled,
            created_at: moment,
            updated_at: moment,
            last_sync,
            record_count: 0,
        };
        let feed = |last_full_sync, groups| Feed {
            name: VULNERABILITIES.into(),
            enabled: true,
            created_at: moment,
            updated_at: moment,
            last_full_sync,
            groups,
        };
        assert!(feed(Some(moment), vec![group(Some(moment), true), group(None, false)]).is_ready());
        assert!(!feed(Some(moment), vec![group(None, true)]).is_ready());
        assert!(!feed(Some(moment), vec![]).is_ready());
        assert!(!feed(None, vec![group(Some(moment), true)]).is_ready());
    }
}
