//! Vulnerability data as the feed that clients know (`spec/api.md` A4.12).

use std::{
    path::Path,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use windlass_channels::Facts;
use windlass_store::{AccountName, Moment, events::Level, package_versions, vulnerability_data};
use windlass_v1::{
    error::ErrorCode,
    events::{EventLevel, EventType},
    feeds::{Feed, FeedGroup, FeedSync, GroupSync, SyncStatus, VULNERABILITIES},
    timestamp::IsoSeconds,
};
use windlass_vulnerabilities::{Cache, Http, UpdateOptions, update};

use super::{blocking, broken, publish::Group};
use crate::{Error, Happening, Result, Service, identity};

/// The schedule that newer data is looked for by, whoever asks: it is looked for once at a time.
pub const FEED_SYNC: &str = "feed_sync";

/// Seconds after which a process that says nothing has lost the synchronisation, and how often it speaks.
const LEASE: i64 = 60;
const HEARTBEAT: Duration = Duration::from_secs(20);

/// How the feed was switched last, as a [`Switch`]; a setting of the store.
const SWITCH: &str = "feeds.vulnerabilities.switch";

/// Feeds that the original had, and this service has no data of its own in.
const OTHERS: &[&str] = &["packages", "nvdv2", "nvd", "github", "vulndb", "snyk", "third_party", "grypedb"];

/// Whether the feed is synchronised, and since when.
#[derive(Serialize, Deserialize)]
struct Switch {
    enabled: bool,
    since: Moment,
}

impl Service {
    /// All feeds.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feeds(&self) -> Result<Vec<Feed>> {
        Ok(vec![self.vulnerability_feed().await?])
    }

    /// Switches the synchronisation of a feed on or off.
    ///
    /// # Errors
    /// 404 for an unknown feed, 400 for one that is not synchronised here.
    pub async fn enable_feed(&self, feed: &str, enabled: bool) -> Result<Feed> {
        known_feed(feed)?;
        let switch = Switch { enabled, since: self.clock.moment() };
        self.store.set_setting(SWITCH, &json!(switch).to_string()).await?;
        self.vulnerability_feed().await
    }

    /// Refuses to remove a feed: its data is one file.
    ///
    /// # Errors
    /// Always: 501, or as [`Service::enable_feed`].
    pub fn delete_feed(&self, feed: &str) -> Result<Feed> {
        known_feed(feed)?;
        Err(Error::refused(501, format!("the data of the feed {feed} is one database: it cannot be removed")))
    }

    /// Refuses to switch or remove a part of a feed.
    ///
    /// # Errors
    /// Always: 501, 404 for an unknown group, or as [`Service::enable_feed`].
    pub async fn change_feed_group(&self, feed: &str, group: &str) -> Result<FeedGroup> {
        known_feed(feed)?;
        let feed = self.vulnerability_feed().await?;
        if !feed.groups.iter().any(|known| known.name == group) {
            return Err(Error::not_found(format!("the feed {} has no group {group}", feed.name)));
        }
        let message = format!("the groups of the feed {} are one database: none can be changed alone", feed.name);
        Err(Error::refused(501, message))
    }

    /// Looks for newer data and puts it in force. `flush`: everything is matched anew, whatever it brought.
    ///
    /// # Errors
    /// 409 while it is looked for already. That none could be had is told in the result.
    pub async fn synchronize_feeds(&self, flush: bool) -> Result<Vec<FeedSync>> {
        let now = self.clock.moment();
        self.store.prepare_schedule(FEED_SYNC, now, now).await?;
        let lease = now.plus_seconds(LEASE);
        let run = self.store.begin_run(FEED_SYNC, &self.settings.host_id, lease, now).await?;
        let Some(run) = run else {
            let refusal = Error::conflict("A synchronization of feeds is in progress already");
            return Err(refusal.with_code(ErrorCode::FeedSyncAlreadyInProgress));
        };
        let mut work = std::pin::pin!(self.synchronize(flush));
        let done = loop {
            tokio::select! {
                done = &mut work => break done,
                () = tokio::time::sleep(HEARTBEAT) => {
                    if !run.extend(&self.store, self.clock.moment().plus_seconds(LEASE)).await.unwrap_or(true) {
                        break Err(Error::Broken("another process has taken over the synchronisation of feeds".into()));
                    }
                }
            }
        };
        let failure = match &done {
            Ok(done) => done.failure.clone(),
            Err(error) => Some(error.to_string()),
        };
        // Where it does not recur, nobody looks at when it is due.
        let next = self.clock.moment().plus_seconds(self.interval(FEED_SYNC).unwrap_or_default());
        run.end(&self.store, failure.as_deref(), next).await?;
        Ok(done?.feeds)
    }

    /// The same, as it recurs: whoever calls has the lease of [`FEED_SYNC`].
    ///
    /// # Errors
    /// When the store fails, or no data could be had.
    pub async fn synchronize_feeds_on_schedule(&self) -> Result<()> {
        if !self.is_feed_enabled().await? {
            return Ok(());
        }
        self.synchronize(false).await?.failure.map_or(Ok(()), |failure| Err(Error::Broken(failure)))
    }

    async fn synchronize(&self, flush: bool) -> Result<Synchronized> {
        if !self.is_feed_enabled().await? {
            return Ok(Synchronized::default());
        }
        let begun = Instant::now();
        let types = json!({"sync_feed_types": [VULNERABILITIES]});
        self.tell_of_feeds([
            Told::of_all(EventType::FeedsSyncStarted, types.clone()),
            Told::of_feed(EventType::FeedSyncStarted, Value::Null),
        ])
        .await?;
        let done = match self.bring(flush).await {
            Ok(is_new) => {
                let completed =
                    json!({"msg": if is_new { "there is new data" } else { "the data is as new as its source's" }});
                self.tell_of_feeds([
                    Told::of_feed(EventType::FeedSyncCompleted, completed),
                    Told::of_all(EventType::FeedsSyncCompleted, types),
                ])
                .await?;
                Ok(is_new)
            }
            Err(error) => {
                let cause = error.to_string();
                tracing::warn!(cause, "no newer vulnerability data could be had");
                let failed = json!({"sync_feed_types": [VULNERABILITIES], "cause": cause});
                self.tell_of_feeds([
                    Told::of_feed(EventType::FeedSyncFailed, json!({"cause": cause})),
                    Told::of_all(EventType::FeedsSyncFailed, failed),
                ])
                .await?;
                Err(cause)
            }
        };
        let feed = self.vulnerability_feed().await?;
        let is_new = matches!(done, Ok(true));
        let status = if done.is_ok() { SyncStatus::Success } else { SyncStatus::Failure };
        let groups = feed.groups.into_iter().map(|group| GroupSync {
            group: group.name,
            status,
            total_time_seconds: 0.0,
            updated_record_count: if is_new { group.record_count } else { 0 },
            updated_image_count: 0,
        });
        let feed = FeedSync {
            feed: feed.name,
            status,
            total_time_seconds: begun.elapsed().as_secs_f64(),
            groups: groups.collect(),
        };
        let failure = done.err().map(|cause| format!("no newer vulnerability data could be had: {cause}"));
        Ok(Synchronized { feeds: vec![feed], failure })
    }

    /// Brings the newest data of the source; whether it was not in force before.
    async fn bring(&self, flush: bool) -> Result<bool> {
        let settings = &self.settings.vulnerabilities;
        let folder = settings.installed.clone().unwrap_or_else(|| settings.folder.join("source"));
        let cache = Cache::new(&folder);
        let path = cache.database_path();
        let options = UpdateOptions {
            source: settings.source.clone(),
            offline: settings.offline,
            every: SignedDuration::ZERO,
            ..UpdateOptions::default()
        };
        let now = self.clock.now();
        let updated = blocking(move || {
            let http = Http::new(concat!("windlass/", env!("CARGO_PKG_VERSION"))).map_err(|error| broken(&error))?;
            update(&cache, &http, &options, now, &mut |_| {}).map_err(|error| not_had(&error))?;
            cache.open().map(|database| database.built_at()).map_err(|error| broken(&error))
        });
        let built_at: Timestamp = updated.await??;
        let in_force = self.store.vulnerability_data_in_force().await?;
        let is_newer = in_force.as_ref().is_none_or(|row| row.built_at < Moment::from(built_at));
        let is_new = is_newer && self.publish_groups(&path, in_force.as_ref()).await?;
        if flush && !is_new {
            let tx = self.store.begin().await?;
            if vulnerability_data::in_force(&tx).await?.is_some() {
                package_versions::forget_all_matches(&tx).await?;
                self.ask_for_rematch(&tx).await?;
            }
            tx.commit().await.map_err(windlass_store::Error::from)?;
            self.work.notify_one();
        }
        Ok(is_new)
    }

    /// Publishes newer data, and tells of the groups that have other numbers of records by it than by what was in force. They
    /// come into force together, or none of them does.
    async fn publish_groups(&self, path: &Path, in_force: Option<&vulnerability_data::Model>) -> Result<bool> {
        let begun = Instant::now();
        let prepared = self.prepare_vulnerability_data(path).await?;
        let changed = changed(&groups_of(in_force)?, &prepared.groups);
        self.tell_of_groups(EventType::GroupSyncStarted, &changed, |_| Value::Null).await?;
        let published = self.put_in_force(prepared).await;
        match &published {
            Ok(_) => {
                let result = |group: &Group| {
                    json!({"result": GroupSync {
                        group: group.name.clone(),
                        status: SyncStatus::Success,
                        total_time_seconds: begun.elapsed().as_secs_f64(),
                        updated_record_count: group.records,
                        updated_image_count: 0,
                    }})
                };
                self.tell_of_groups(EventType::GroupSyncCompleted, &changed, result).await?;
            }
            Err(error) => {
                let cause = error.to_string();
                self.tell_of_groups(EventType::GroupSyncFailed, &changed, |_| json!({ "cause": cause })).await?;
            }
        }
        published
    }

    async fn tell_of_groups(&self, kind: EventType, groups: &[Group], details: impl Fn(&Group) -> Value) -> Result<()> {
        let told = |group: &Group| {
            let about = Some(format!("{VULNERABILITIES}/{}", group.name));
            Told { kind, about, details: details(group) }
        };
        let events: Vec<Told> = groups.iter().map(told).collect();
        self.tell_of_feeds(events).await
    }

    async fn is_feed_enabled(&self) -> Result<bool> {
        Ok(self.feed_switch().await?.is_none_or(|switch| switch.enabled))
    }

    /// `None`: nobody has switched it yet.
    async fn feed_switch(&self) -> Result<Option<Switch>> {
        let text = self.store.setting(SWITCH).await?;
        text.map(|text| serde_json::from_str(&text).map_err(|error| broken(&error))).transpose()
    }

    async fn vulnerability_feed(&self) -> Result<Feed> {
        let switch = self.feed_switch().await?;
        let row = self.store.vulnerability_data_in_force().await?;
        let groups = groups_of(row.as_ref())?;
        // It is as old as the installation, whose own account was made first of all.
        let installation = self.store.find_account(identity::SYSTEM).await?;
        let created = installation.map(|account| account.created_at).unwrap_or_default();
        let imported = row.map(|row| row.imported_at);
        let switched = switch.as_ref().map(|switch| switch.since);
        let time = |moment: Moment| IsoSeconds::from(Timestamp::from(moment));
        let synced = imported.map(time);
        let group = |group: Group| FeedGroup {
            name: group.name,
            enabled: true,
            created_at: time(group.since.unwrap_or(created)),
            updated_at: time(imported.unwrap_or(created)),
            last_sync: synced,
            record_count: group.records,
        };
        Ok(Feed {
            name: VULNERABILITIES.to_owned(),
            enabled: switch.is_none_or(|switch| switch.enabled),
            created_at: time(created),
            updated_at: time(imported.max(switched).unwrap_or(created)),
            last_full_sync: synced,
            groups: groups.into_iter().map(group).collect(),
        })
    }

    async fn tell_of_feeds(&self, events: impl IntoIterator<Item = Told>) -> Result<()> {
        let account = AccountName::parse(identity::ADMIN).map_err(|error| Error::Broken(error.to_string()))?;
        let tx = self.store.begin().await?;
        let mut telling = self.telling(&tx, &account).await?;
        for Told { kind, about, details } in events {
            telling.add(Happening {
                kind: kind.as_str(),
                level: if kind.level() == EventLevel::Error { Level::Error } else { Level::Info },
                message: kind.message().to_owned(),
                details,
                resource: (kind.resource_type().as_str(), about.as_deref()),
                source: "policy_engine",
                facts: Facts::default(),
            })?;
        }
        telling.write(&tx).await?;
        Ok(tx.commit().await.map_err(windlass_store::Error::from)?)
    }
}

/// What looking for newer data came to.
#[derive(Default)]
struct Synchronized {
    feeds: Vec<FeedSync>,
    /// Why none could be had, which is no error of whoever asked.
    failure: Option<String>,
}

/// An event to be told, and the feed or group that it is about.
struct Told {
    kind: EventType,
    about: Option<String>,
    details: Value,
}

impl Told {
    fn of_all(kind: EventType, details: Value) -> Self {
        Self { kind, about: None, details }
    }

    fn of_feed(kind: EventType, details: Value) -> Self {
        Self { kind, about: Some(VULNERABILITIES.to_owned()), details }
    }
}

/// Why no data could be had from its source, and what can be done where that is for want of a network.
fn not_had(error: &windlass_vulnerabilities::Error) -> Error {
    match (broken(error), error) {
        (Error::Broken(reason), windlass_vulnerabilities::Error::Fetch { .. }) => Error::Broken(format!(
            "{reason}; where there is no network, set `vulnerabilities.offline`, and bring data with `windlass db import`"
        )),
        (other, _) => other,
    }
}

pub(super) fn groups_of(row: Option<&vulnerability_data::Model>) -> Result<Vec<Group>> {
    let read = |row: &vulnerability_data::Model| serde_json::from_str(&row.groups).map_err(|error| broken(&error));
    row.map_or_else(|| Ok(Vec::new()), read)
}

/// The groups that have other numbers of records than before; those that are gone have none.
fn changed(before: &[Group], after: &[Group]) -> Vec<Group> {
    let gone = before.iter().filter(|group| !after.iter().any(|other| other.name == group.name));
    let gone = gone.map(|group| Group { records: 0, ..group.clone() });
    let is_same = |group: &Group, other: &Group| (&group.name, group.records) == (&other.name, other.records);
    let other = after.iter().filter(|group| !before.iter().any(|known| is_same(known, group)));
    other.cloned().chain(gone).collect()
}

fn known_feed(feed: &str) -> Result<()> {
    if feed == VULNERABILITIES {
        return Ok(());
    }
    if OTHERS.contains(&feed) {
        let message = format!("the feed {feed} is not synchronised here: its data is part of {VULNERABILITIES}");
        return Err(Error::invalid(message).with("feed", feed).with("configured_provider", "grype"));
    }
    Err(Error::not_found(format!("there is no feed {feed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_network_learns_the_reason_and_which_setting_is_meant_for_that() {
        let source = std::io::Error::other("failed to look up the address");
        let location = "https://there.example/latest.json".to_owned();
        let error = not_had(&windlass_vulnerabilities::Error::Fetch { location, source: source.into() });
        assert_eq!(
            error.to_string(),
            "could not fetch https://there.example/latest.json: failed to look up the address; where there is no network, \
             set `vulnerabilities.offline`, and bring data with `windlass db import`"
        );
    }
}
