//! The services of an installation and its feeds.

use serde::Deserialize;

use crate::{
    Text,
    lenient::{list, or_default},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SystemStatus {
    #[serde(deserialize_with = "list")]
    pub service_states: Vec<Service>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Service {
    pub servicename: Text,
    pub hostid: Text,
    pub base_url: Text,
    pub status: Text,
    pub status_message: Text,
    #[serde(rename = "service_detail", deserialize_with = "or_default")]
    detail: ServiceDetail,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceDetail {
    up: Text,
    version: Text,
    db_version: Text,
}

impl Service {
    /// Whether it says of itself that it works.
    pub fn is_up(&self) -> bool {
        self.detail.up.is_true()
    }

    /// Whether it was heard of lately.
    pub fn is_alive(&self) -> bool {
        self.status.is_true()
    }
}

impl SystemStatus {
    /// The versions of program and database: as the API that is alive says, else as the first service that knows.
    pub fn versions(&self) -> (Option<&str>, Option<&str>) {
        let of = |service: &'_ Service| service.servicename.is("apiext") && service.is_alive();
        let (api, others): (Vec<_>, Vec<_>) = self.service_states.iter().partition(|service| of(service));
        let details = || api.iter().chain(&others).map(|service| &service.detail);
        let code = details().find_map(|detail| detail.version.get());
        (code, details().find_map(|detail| detail.db_version.get()))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ErrorCode {
    pub name: Text,
    pub description: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Feed {
    pub name: Text,
    pub enabled: Text,
    pub last_full_sync: Text,
    #[serde(deserialize_with = "list")]
    pub groups: Vec<FeedGroup>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FeedGroup {
    pub name: Text,
    pub enabled: Text,
    pub last_sync: Text,
    pub record_count: Text,
}

impl Feed {
    /// Old services do not say; theirs are enabled.
    pub fn is_enabled(&self) -> bool {
        !self.enabled.is("false")
    }

    /// Whether there are data of every group that is wanted (`spec/api.md` A4.12).
    pub fn is_ready(&self) -> bool {
        let ready = |group: &FeedGroup| group.last_sync.get().is_some() || !group.is_enabled();
        self.last_full_sync.get().is_some() && !self.groups.is_empty() && self.groups.iter().all(ready)
    }
}

impl FeedGroup {
    pub fn is_enabled(&self) -> bool {
        !self.enabled.is("false")
    }
}

/// What a synchronisation did to one feed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct FeedSync {
    pub feed: Text,
    #[serde(deserialize_with = "list")]
    pub groups: Vec<GroupSync>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GroupSync {
    pub group: Text,
    pub status: Text,
    pub updated_record_count: Text,
    #[serde(deserialize_with = "or_default")]
    pub total_time_seconds: f64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_versions_are_those_of_the_api_that_is_alive() {
        let status = |api: bool| -> SystemStatus {
            serde_json::from_value(json!({"service_states": [
                {"servicename": "catalog", "status": true, "service_detail": {"version": "1", "db_version": "2"}},
                {"servicename": "apiext", "status": api, "service_detail": {"version": "3", "db_version": "4"}},
                {"servicename": "analyzer", "status": true, "service_detail": "unknown"}]}))
            .expect("a status")
        };
        assert_eq!(status(true).versions(), (Some("3"), Some("4")));
        assert_eq!(status(false).versions(), (Some("1"), Some("2")));
        assert_eq!(SystemStatus::default().versions(), (None, None));
    }

    #[test]
    fn a_feed_is_ready_when_every_group_that_is_wanted_has_data() {
        let ready = |document| serde_json::from_value::<Feed>(document).expect("a feed").is_ready();
        let day = "2024-01-01T00:00:00Z";
        assert!(ready(
            json!({"last_full_sync": day, "groups": [{"last_sync": day}, {"last_sync": null, "enabled": false}]})
        ));
        assert!(!ready(
            json!({"last_full_sync": day, "groups": [{"last_sync": day}, {"last_sync": null, "enabled": true}]})
        ));
        assert!(!ready(json!({"last_full_sync": day, "groups": []})));
        assert!(!ready(json!({"last_full_sync": null, "groups": [{"last_sync": day}]})));
    }
}

/// How much is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Storage {
    #[serde(rename = "use", deserialize_with = "or_default")]
    pub usage: StorageUse,
    #[serde(deserialize_with = "or_default")]
    pub forecast: StorageForecast,
    /// Of everything; none where one account is told of.
    #[serde(deserialize_with = "list")]
    pub accounts: Vec<AccountShare>,
    #[serde(deserialize_with = "or_default")]
    pub quota: Quota,
    #[serde(deserialize_with = "or_default")]
    pub of_quota: Quota,
    pub measured_at: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StorageUse {
    pub bytes: Text,
    #[serde(deserialize_with = "list")]
    pub tables: Vec<Kept>,
    #[serde(deserialize_with = "list")]
    pub documents: Vec<Kept>,
    #[serde(deserialize_with = "list")]
    pub bundles: Vec<Kept>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Kept {
    pub name: Text,
    pub count: Text,
    pub bytes: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StorageForecast {
    pub days: Text,
    pub bytes_per_day: Text,
    pub bytes_in_30_days: Text,
    pub bytes_in_365_days: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AccountShare {
    pub account: Text,
    #[serde(rename = "use", deserialize_with = "or_default")]
    pub usage: StorageUse,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Quota {
    pub images: Text,
    pub bytes: Text,
}
