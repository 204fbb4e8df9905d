//! Whether every reference leads to an undamaged object: on a live system, and without a service.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use windlass_objects::{Checking, Error as ObjectsError, ObjectKey, Objects, check, repair};
use windlass_store::{Store, object_references::Storage};

use crate::{Error, Result};

/// Unreferenced objects that are younger are not told: what refers to them may not be written yet.
const YOUNG: Duration = Duration::from_hours(1);

/// What a check of one storage came to.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// `documents` or `bundles`
    pub storage: &'static str,
    pub place: String,
    /// Objects that rows refer to.
    pub referenced: u64,
    /// Those of them that were read and are good.
    pub good: u64,
    /// Bytes of content that were read.
    pub bytes: u64,
    /// By key.
    pub troubles: Vec<Trouble>,
    pub orphans: Vec<Orphan>,
}

/// An object that is referred to and cannot be had.
#[derive(Clone, Debug, Serialize)]
pub struct Trouble {
    pub object: String,
    pub state: State,
    /// What is wrong with it.
    pub reason: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Who refers to it, in words; of many a few.
    pub holders: Vec<String>,
    /// What repairing did; none where it was not asked for, or could do nothing.
    pub repair: Option<Mended>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Missing,
    Damaged,
    /// Whether it is good is not known.
    Unread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mended {
    /// From a good copy.
    Restored,
    /// There is no good copy: it was removed, so that analysing its image again writes it anew.
    Removed,
}

/// An object that nothing refers to.
#[derive(Clone, Debug, Serialize)]
pub struct Orphan {
    pub object: String,
    /// Bytes it takes.
    pub size: u64,
}

impl Checked {
    /// Every reference leads to a good object, now. Orphans are no harm.
    pub fn is_sound(&self) -> bool {
        self.troubles.iter().all(|trouble| trouble.repair == Some(Mended::Restored))
    }

    /// Whether it is not known of some objects if they are good.
    pub fn is_uncertain(&self) -> bool {
        self.troubles.iter().any(|trouble| trouble.state == State::Unread)
    }
}

/// Reads every object of a storage that rows refer to, and lists those that none refers to. With `repair_from`, what is
/// missing or damaged is brought from the first of these places that has a good copy. `progress` gets how many of how many
/// objects are read.
///
/// # Errors
/// When the store fails, or the storage cannot be listed.
pub async fn check_objects(
    store: &Store,
    storage: Storage,
    objects: &Objects,
    parallel: usize,
    repair_from: Option<&[Objects]>,
    progress: impl FnMut(u64, u64),
) -> Result<Checked> {
    let unreferenced_before = SystemTime::now().checked_sub(YOUNG).unwrap_or(SystemTime::UNIX_EPOCH);
    let references = store.all_referenced_objects(storage).await?;
    let references: BTreeSet<ObjectKey> = references.iter().map(|key| parsed(key)).collect::<Result<_>>()?;
    let checking = Checking { parallel, unreferenced_before };
    let mut report = check(objects, &references, checking, progress).await?;
    // What was let go of meanwhile may be gone by right.
    report.missing = still_referenced(store, storage, report.missing).await?;
    let orphans: Vec<String> = report.orphans.iter().map(|orphan| orphan.key.to_string()).collect();
    let claimed = store.referenced_objects(storage, &orphans).await?;
    report.orphans.retain(|orphan| !claimed.contains(&orphan.key.to_string()));
    let mended = match repair_from {
        Some(sources) => Some(repair(objects, &report, sources).await),
        None => None,
    };
    let place = objects.place();
    let lost = |key: &ObjectKey| ObjectsError::Missing { object: *key, place: place.clone() };
    let missing: Vec<(ObjectKey, ObjectsError)> = report.missing.iter().map(|key| (*key, lost(key))).collect();
    let hint = match storage {
        Storage::Documents => ObjectsError::hint,
        Storage::Bundles => ObjectsError::hint_of_bundle,
    };
    let mut troubles = Vec::new();
    for (state, found) in [(State::Missing, missing), (State::Damaged, report.damaged), (State::Unread, report.unread)]
    {
        for (key, error) in found {
            let mut trouble = Trouble {
                object: key.to_string(),
                state,
                reason: error.to_string(),
                remedy: hint(&error),
                holders: store.holders_of_object(storage, &key.to_string()).await?,
                repair: None,
            };
            if let Some(mended) = &mended {
                if mended.restored.contains(&key) {
                    trouble.repair = Some(Mended::Restored);
                } else if mended.removed.contains(&key) {
                    trouble.repair = Some(Mended::Removed);
                } else if let Some((_, error)) = mended.failed.iter().find(|(failed, _)| *failed == key) {
                    trouble.reason = format!("{}; it could not be repaired: {error}", trouble.reason);
                    trouble.remedy = hint(error);
                }
            }
            troubles.push(trouble);
        }
    }
    troubles.sort_by(|one, other| one.object.cmp(&other.object));
    Ok(Checked {
        storage: storage.as_str(),
        place,
        referenced: references.len() as u64,
        good: report.good,
        bytes: report.bytes,
        troubles,
        orphans: report
            .orphans
            .iter()
            .map(|orphan| Orphan { object: orphan.key.to_string(), size: orphan.size })
            .collect(),
    })
}

async fn still_referenced(store: &Store, storage: Storage, keys: Vec<ObjectKey>) -> Result<Vec<ObjectKey>> {
    let texts: Vec<String> = keys.iter().map(ObjectKey::to_string).collect();
    let referenced = store.referenced_objects(storage, &texts).await?;
    Ok(keys.into_iter().filter(|key| referenced.contains(&key.to_string())).collect())
}

fn parsed(key: &str) -> Result<ObjectKey> {
    key.parse().map_err(|_| Error::Broken(format!("{key} is no object's key, though a row refers to it as one")))
}
