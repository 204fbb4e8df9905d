//! Moving all objects from one storage to another while both are in use.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use crate::{Error, ObjectKey, Objects, check::listed};

/// How objects are moved.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// How many objects are on their way at once.
    pub parallel: usize,
    /// Objects up to and including this key have been verified in the new place: [`Progress::through`] of a run before. Those
    /// that are still listed there are not read again.
    pub after: Option<ObjectKey>,
    /// Removes what was moved from the old place, once everything is good in the new one.
    pub remove: bool,
}

impl Default for Migration {
    fn default() -> Self {
        Self { parallel: 8, after: None, remove: false }
    }
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Objects that are good in the new place.
    pub done: u64,
    /// Objects that are to be there, as far as is known.
    pub total: u64,
    /// Everything up to and including this key is verified in the new place. It stands still after the first failure, so that a
    /// run that goes on from here meets the failed objects again.
    pub through: Option<ObjectKey>,
}

/// What a move came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Copied and verified.
    pub copied: u64,
    /// Was in the new place already.
    pub present: u64,
    /// Bytes copied, as stored.
    pub bytes: u64,
    /// Removed from the old place.
    pub removed: u64,
    /// Not in the new place, or not good there, or not removed from the old one as asked.
    pub failed: Vec<(ObjectKey, Error)>,
}

impl Outcome {
    /// Everything was done. Else the old place is still needed.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }
}

/// What a move would have to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prospect {
    /// To be copied, and their bytes, as stored.
    pub objects: u64,
    pub bytes: u64,
    /// Listed in the new place already, where they would be verified.
    pub present: u64,
}

/// What [`migrate`] would have to do, by what both places list: no object is read, and nothing is written. `None` is a place
/// that is yet to be made.
pub async fn foresee(from: &Objects, to: Option<&Objects>) -> Result<Prospect, Error> {
    let there = match to {
        Some(to) if from.place() == to.place() => return Err(Error::SamePlace { place: from.place() }),
        Some(to) => listed(&to.alone()).await?,
        None => BTreeMap::new(),
    };
    let mut prospect = Prospect::default();
    for (key, object) in listed(&from.alone()).await? {
        if there.contains_key(&key) {
            prospect.present += 1;
        } else {
            prospect.objects += 1;
            prospect.bytes += object.size;
        }
    }
    Ok(prospect)
}

/// Moves every object of `from` to `to`. An error only if one of them cannot be listed or both are the same place; single objects
/// that fail are in the outcome, and do not keep others from being moved.
///
/// Meanwhile the service reads and writes through `to.falling_back_to(&from)`: then no object is unreadable at any time, and
/// nothing new arrives in `from`. What does arrive there, because not everybody has changed over yet, is looked for again
/// until nothing is found.
///
/// It may be ended at any time, and be run again: what is in the new place is verified there instead of copied, and skipped
/// if [`Migration::after`] says so. Nothing is removed from the old place unless all objects are good in the new one.
///
/// Places are told apart by name, not by kind, and before anything is removed also by what is in them. What failed is in the outcome (defects D-17 and D-18 of the specification,
/// operations.md §11.3).
pub async fn migrate(
    from: &Objects,
    to: &Objects,
    migration: Migration,
    mut progress: impl FnMut(Progress),
) -> Result<Outcome, Error> {
    if from.place() == to.place() {
        return Err(Error::SamePlace { place: from.place() });
    }
    let (from, to) = (&from.alone(), &to.alone());
    let mut outcome = Outcome::default();
    let mut moved = BTreeSet::new();
    // Moved, failed, or gone: not to be tried again.
    let mut settled = BTreeSet::new();
    let mut through = migration.after;
    if let Some(after) = migration.after {
        let there = listed(to).await?;
        let known = listed(from).await?.into_keys().filter(|key| *key <= after && there.contains_key(key));
        moved.extend(known);
        settled.clone_from(&moved);
        outcome.present = moved.len() as u64;
    }
    for pass in 0.. {
        let mut objects = listed(from).await?;
        objects.retain(|key, _| !settled.contains(key));
        if objects.is_empty() {
            break;
        }
        let total = (moved.len() + outcome.failed.len() + objects.len()) as u64;
        let moves = objects.values().map(|object| async move { (object, to.bring(&object.key, from).await) });
        let mut moves = stream::iter(moves).buffered(migration.parallel.max(1));
        while let Some((object, brought)) = moves.next().await {
            settled.insert(object.key);
            match brought {
                Ok(copied) => {
                    moved.insert(object.key);
                    outcome.copied += u64::from(copied);
                    outcome.present += u64::from(!copied);
                    outcome.bytes += if copied { object.size } else { 0 };
                }
                // Deleted since it was listed: nothing is to be moved.
                Err(Error::Missing { place, .. }) if place == from.place() => {}
                Err(error) => outcome.failed.push((object.key, error)),
            }
            // Later passes have keys of anywhere.
            if pass == 0 && outcome.failed.is_empty() {
                through = through.max(Some(object.key));
            }
            progress(Progress { done: moved.len() as u64, total, through });
        }
    }
    if migration.remove && outcome.is_complete() {
        // Two names may be those of one place. Whoever removes everything from it must know.
        if to.is_also(from).await? {
            return Err(Error::SamePlace { place: from.place() });
        }
        let deletes = stream::iter(&moved).map(|key| async move { (*key, from.delete(key).await) });
        let mut deletes = deletes.buffered(migration.parallel.max(1));
        while let Some((key, deleted)) = deletes.next().await {
            match deleted {
                Ok(()) => outcome.removed += 1,
                Err(error) => outcome.failed.push((key, error)),
            }
        }
    }
    Ok(outcome)
}
