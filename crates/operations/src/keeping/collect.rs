//! Removing objects that nothing refers to, and what packages and vulnerabilities leave behind.

use std::{
    collections::HashSet,
    time::{Duration, Instant, SystemTime},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use windlass_matching::ContentKey;
use windlass_objects::{ABANDONED, ObjectKey, Objects};
use windlass_store::{Moment, object_references::Storage, unused::RecordsOf};

use crate::{Error, Result, Service};

/// Objects that are removed in one round, and at once.
const ROUND: u64 = 200;
const AT_ONCE: usize = 8;
/// Seconds that claims wait for a round at most. No removal begins in its second half, and none takes as long as that: who
/// waited may be sure.
const LEASE: i64 = 600;
const BEGINNING: Duration = Duration::from_secs(LEASE as u64 / 2);
const LONGEST_REMOVAL: Duration = Duration::from_secs(LEASE as u64 / 4);
/// Objects of a listing that are compared with references at once.
const PAGE: usize = 1000;
/// Rows that are removed in one transaction.
const BATCH: u64 = 1000;

/// What became of objects that nothing refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollectedObjects {
    pub removed: usize,
    /// Could not be removed now.
    pub put_off: usize,
}

impl Service {
    /// Has those of these documents removed that nothing refers to, after a while.
    pub(crate) async fn remove_unreferenced(&self, keys: &[String]) -> Result<()> {
        self.store.mark_unreferenced(Storage::Documents, keys, self.clock.moment()).await?;
        Ok(())
    }

    /// The storage of that kind.
    pub fn objects_of(&self, storage: Storage) -> &Objects {
        match storage {
            Storage::Documents => &self.objects,
            Storage::Bundles => &self.archive_objects,
        }
    }

    /// Removes the objects that nothing has referred to for the time of grace.
    ///
    /// # Errors
    /// When the store fails. What object storage does not remove is tried again after another time of grace.
    pub async fn collect_objects(&self) -> Result<CollectedObjects> {
        let mut collected = CollectedObjects::default();
        for storage in Storage::ALL {
            loop {
                let found = self.collect_round(storage).await?;
                collected.removed += found.removed;
                collected.put_off += found.put_off;
                if found == CollectedObjects::default() {
                    break;
                }
            }
        }
        Ok(collected)
    }

    async fn collect_round(&self, storage: Storage) -> Result<CollectedObjects> {
        let now = self.clock.moment();
        let (before, until) = (self.before_grace(), now.plus_seconds(LEASE));
        let begun = Instant::now();
        let keys = self.store.begin_removals(storage, before, until, now, ROUND).await?;
        let removals = keys.into_iter().map(|key| async move {
            let removed = begun.elapsed() < BEGINNING && self.remove_object(storage, &key).await;
            (key, removed)
        });
        let ended: Vec<(String, bool)> = stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
        let (removed, left): (Vec<_>, Vec<_>) = ended.into_iter().partition(|(_, removed)| *removed);
        let keys = |ended: Vec<(String, bool)>| ended.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        let (removed, left) = (keys(removed), keys(left));
        self.store.end_removals(storage, &removed, until).await?;
        self.store.put_off_removals(storage, &left, until, self.clock.moment()).await?;
        Ok(CollectedObjects { removed: removed.len(), put_off: left.len() })
    }

    async fn remove_object(&self, storage: Storage, key: &str) -> bool {
        let Ok(parsed) = key.parse::<ObjectKey>() else {
            tracing::warn!(key, "a mark is that of no object");
            return true;
        };
        match tokio::time::timeout(LONGEST_REMOVAL, self.objects_of(storage).delete(&parsed)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, hint = error.hint(), "an object that nobody refers to stays for now");
                false
            }
            Err(_) => {
                tracing::warn!(key, "object storage did not remove an object in time; it stays for now");
                false
            }
        }
    }

    /// Looks through object storage for objects that nothing refers to, as a process leaves them that dies before it has
    /// written what refers to them: they are removed after the time of grace. Tells how many it found.
    ///
    /// # Errors
    /// When the store fails or object storage cannot be listed.
    pub async fn sweep_objects(&self) -> Result<u64> {
        let mut found = 0;
        for storage in Storage::ALL {
            self.end_unfinished(storage).await;
            let mut pages = self.objects_of(storage).list().try_chunks(PAGE);
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| Error::from(error.1))?;
                let keys: Vec<String> = page.iter().map(|object| object.key.to_string()).collect();
                found += self.store.mark_unreferenced(storage, &keys, self.clock.moment()).await?;
            }
        }
        Ok(found)
    }

    /// Removes what uploads left that nobody finished. A storage may not allow to look for them.
    async fn end_unfinished(&self, storage: Storage) {
        let Some(before) = SystemTime::now().checked_sub(ABANDONED) else { return };
        match self.objects_of(storage).end_unfinished(before).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, storage = storage.as_str(), "removed what unfinished uploads left"),
            Err(error) => tracing::warn!(%error, hint = error.hint(), "what unfinished uploads left stays for now"),
        }
    }

    /// Removes packages that no image has held for the time of grace, with their findings, and records of vulnerabilities
    /// that no finding has used for as long. Tells how many of each.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn collect_packages(&self) -> Result<(u64, u64)> {
        let (now, before) = (self.clock.moment(), self.before_grace());
        let packages = self.store.collect_package_versions(before, now, BATCH).await?;
        let used = self.used_records().await?;
        let (mut removed, mut after) = (0, Vec::new());
        loop {
            let page = self.store.vulnerability_record_marks(&after, BATCH).await?;
            let Some((last, _)) = page.last() else { return Ok((packages, removed)) };
            after.clone_from(last);
            let (mut marked, mut new, mut due) = (Vec::new(), Vec::new(), Vec::new());
            for (key, since) in page {
                match (used.contains(key.as_slice()), since) {
                    (true, Some(_)) => marked.push(key),
                    (false, None) => new.push(key),
                    (false, Some(since)) if since < before => due.push(key),
                    _ => {}
                }
            }
            self.store.mark_vulnerability_records(&marked, None).await?;
            self.store.mark_vulnerability_records(&new, Some(now)).await?;
            removed += self.store.remove_vulnerability_records(&due, before).await?;
        }
    }

    /// The keys of records that findings use, or seem to: 16 bytes of memory each.
    async fn used_records(&self) -> Result<HashSet<[u8; 16]>> {
        let mut used = HashSet::new();
        for of in [RecordsOf::Packages, RecordsOf::Findings] {
            let mut after = 0;
            while let Some((last, texts)) = self.store.texts_with_records(of, after, BATCH).await? {
                after = last;
                used.extend(texts.iter().flat_map(|text| keys_in(text)));
            }
        }
        Ok(used)
    }

    /// What was let go of before is removed now.
    fn before_grace(&self) -> Moment {
        let grace = i64::try_from(self.settings.keeping.object_grace.as_secs()).unwrap_or(i64::MAX);
        self.clock.moment().plus_seconds(-grace)
    }
}

/// Every text of a JSON document that has the form of a record's key: one too many does no harm.
fn keys_in(text: &str) -> impl Iterator<Item = [u8; 16]> {
    text.split('"').filter_map(|part| part.parse::<ContentKey>().ok()).map(|key| key.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_records_are_found_wherever_they_stand() {
        let (one, other) = ("00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100");
        let text = format!(r#"{{"matches":[{{"record":"{one}","note":"no key"}}],"cves":["{other}"]}}"#);
        let found: Vec<String> = keys_in(&text).map(|key| ContentKey(key).to_string()).collect();
        assert_eq!(found, [one, other]);
    }
}
