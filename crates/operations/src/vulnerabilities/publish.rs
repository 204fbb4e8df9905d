//! Putting a vulnerability database in force.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use windlass_matching::{namespace_of_package, namespace_of_products, namespace_of_release};
use windlass_sbom::PackageType;
use windlass_store::{
    AccountName, Moment, Transaction,
    jobs::{self, NewJob},
    vulnerability_data::{self, NewData},
};
use windlass_v1::vulnerabilities::feed_group;
use windlass_vulnerabilities::{Budget, Cache, Database, GroupScope, Indexes, RecordGroup, hydrate};

use super::{REMATCH, blocking, broken, feeds::groups_of};
use crate::{Error, Result, Service, identity};

/// A group of records as feeds show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) records: u64,
    /// When data first had it, that is in every one since; nothing before it is published.
    pub(super) since: Option<Moment>,
}

impl Service {
    /// Puts the database in `path` (a database file or an archive of one) in force, and tells whether it was not before.
    /// What is touched by it is matched again in the background.
    ///
    /// # Errors
    /// When it is no database that can be used; what was in force before stays so.
    pub async fn publish_vulnerability_data(&self, path: &Path) -> Result<bool> {
        let prepared = self.prepare_vulnerability_data(path).await?;
        self.put_in_force(prepared).await
    }

    /// Reads a database, and makes of it what is published.
    pub(super) async fn prepare_vulnerability_data(&self, path: &Path) -> Result<Prepared> {
        let folder = self.settings.vulnerabilities.folder.clone();
        let path = path.to_owned();
        blocking(move || prepare(&folder, &path)).await?.map_err(|error| broken(&error))
    }

    pub(super) async fn put_in_force(&self, mut prepared: Prepared) -> Result<bool> {
        let file = tokio::fs::File::open(&prepared.path);
        let file = file.await.map_err(|error| broken(&error))?;
        let stored = self.objects.put_stream(file).await?;
        let checksum = stored.key.to_string();
        let copy = self.copy_of(&checksum)?;
        if let Some(folder) = copy.parent() {
            // To fetch it again from where it was just put would be work for nothing; if it fails, it is done.
            let _ = tokio::fs::create_dir_all(folder).await;
            let _ = tokio::fs::rename(&prepared.path, &copy).await;
        }
        let now = self.clock.moment();
        let before = groups_of(self.store.vulnerability_data_in_force().await?.as_ref())?;
        for group in &mut prepared.groups {
            let known = before.iter().find(|known| known.name == group.name);
            group.since = Some(known.and_then(|known| known.since).unwrap_or(now));
        }
        let groups = serde_json::to_string(&prepared.groups).map_err(|error| broken(&error))?;
        let data = NewData { object: checksum, schema: prepared.schema, built_at: prepared.built_at, groups };
        let tx = self.store.begin().await?;
        let (_, is_new) = vulnerability_data::publish(&tx, data, now).await?;
        if is_new {
            self.ask_for_rematch(&tx).await?;
        }
        tx.commit().await.map_err(windlass_store::Error::from)?;
        self.work.notify_one();
        Ok(is_new)
    }

    /// Publishes the database that `windlass db` has installed on this machine, if it is newer than what is in force.
    ///
    /// # Errors
    /// As [`Service::publish_vulnerability_data`]. That none is installed is no error.
    pub async fn publish_installed_vulnerability_data(&self) -> Result<bool> {
        let Some(folder) = self.settings.vulnerabilities.installed.clone() else { return Ok(false) };
        let cache = Cache::new(&folder);
        let path = cache.database_path();
        let Ok(Ok(database)) = blocking(move || cache.open()).await else { return Ok(false) };
        let built_at = Moment::from(database.built_at());
        let in_force = self.store.vulnerability_data_in_force().await?;
        if in_force.is_some_and(|row| row.built_at >= built_at) {
            return Ok(false);
        }
        self.publish_vulnerability_data(&path).await
    }

    /// Writes the job that matches whatever is to be matched.
    pub(super) async fn ask_for_rematch(&self, tx: &Transaction) -> Result<()> {
        let now = self.clock.moment();
        let account = AccountName::parse(identity::SYSTEM).map_err(|error| Error::Broken(error.to_string()))?;
        let job = NewJob {
            kind: REMATCH,
            account: &account,
            key: "packages",
            payload: "{}".into(),
            // Before analyses: they are answered by what is matched.
            priority: 10,
            max_attempts: i64::MAX,
            not_before: now,
        };
        Ok(jobs::enqueue(tx, job, now).await?)
    }
}

/// A database as it is published, in a temporary folder.
pub(super) struct Prepared {
    path: PathBuf,
    schema: String,
    built_at: Moment,
    pub(super) groups: Vec<Group>,
    _folder: tempfile::TempDir,
}

fn prepare(folder: &Path, path: &Path) -> windlass_vulnerabilities::Result<Prepared> {
    let file = |source| windlass_vulnerabilities::Error::File { action: "prepare", path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(file)?;
    let incoming = tempfile::Builder::new().prefix(".incoming-").tempdir_in(folder).map_err(file)?;
    let cache = Cache::new(incoming.path());
    cache.import(path, &path.display().to_string(), None, Budget::default(), &mut |_| {})?;
    let path = cache.database_path();
    // Questions about records go from a record to what it affects, which needs all of the indexes.
    hydrate(&path, Indexes::All, &mut |_| {})?;
    let database = Database::open(&path)?;
    Ok(Prepared {
        schema: database.schema().to_string(),
        built_at: database.built_at().into(),
        groups: groups(database.record_groups()?),
        path,
        _folder: incoming,
    })
}

/// By name; what goes by one name is one group.
fn groups(records: Vec<RecordGroup>) -> Vec<Group> {
    let mut groups = std::collections::BTreeMap::<String, u64>::new();
    for RecordGroup { provider, scope, records } in records {
        let namespace = match scope {
            GroupScope::Release(release) => namespace_of_release(&provider, &release),
            GroupScope::Ecosystem(ecosystem) => namespace_of_package(&provider, PackageType::parse(&ecosystem), ""),
            GroupScope::Products => namespace_of_products(&provider),
        };
        *groups.entry(feed_group(&namespace)).or_default() += records;
    }
    groups.into_iter().map(|(name, records)| Group { name, records, since: None }).collect()
}
