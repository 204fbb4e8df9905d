//! Moving all objects from one storage to another while both are in use.

use futures::{StreamExt, stream};

use crate::{Error, ObjectKey, Objects, StoredObject, check::listed};

/// How objects are moved.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// How many objects are on their way at once.
    pub parallel: usize,
    /// Objects up to and including this key are known to be good in the new place: [`Progress::through`] of a run before.
    pub after: Option<ObjectKey>,
    /// Removes what was moved from the old place, once everything has been verified in the new one.
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
    pub done: u64,
    pub total: u64,
    /// Everything up to and including this key is verified in the new place; not told any more after the first failure, so that
    /// a run that goes on from here meets the failed objects again.
    pub through: Option<ObjectKey>,
}

/// What a move came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Copied and verified.
    pub copied: u64,
    /// Was in the new place already, or was known to be; verified.
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

/// Moves every object of `from` to `to`. An error only if one of them cannot be listed or both are the same place; single objects
/// that fail are in the outcome, and do not keep others from being moved.
///
/// Meanwhile the service reads and writes through `to.falling_back_to(&from)`: then no object is unreadable at any time, and
/// nothing new arrives in `from`. What does arrive there, because not everybody has changed over yet, is looked for again
/// until nothing is found.
///
/// It may be ended at any time, and be run again: what is in the new place is verified there instead of copied, and skipped
/// if [`Migration::after`] says so. Nothing is removed from the old place unless all objects are good in the new one.
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
    let mut moved: Vec<ObjectKey> = Vec::new();
    let mut through = migration.after;
    let mut first = true;
    loop {
        let mut objects = listed(from).await?;
        if first && let Some(after) = migration.after {
            let rest = objects.split_off(&after);
            outcome.present += objects.len() as u64 + u64::from(rest.contains_key(&after));
            moved.extend(objects.into_keys().chain(rest.contains_key(&after).then_some(after)));
            objects = rest;
            objects.remove(&after);
        }
        moved.sort_unstable();
        objects.retain(|key, _| moved.binary_search(key).is_err());
        objects.retain(|key, _| !outcome.failed.iter().any(|(failed, _)| failed == key));
        if objects.is_empty() {
            break;
        }
        let there = listed(to).await?;
        let total = (moved.len() + outcome.failed.len() + objects.len()) as u64;
        let moves = objects.into_values().map(|object| {
            let present = there.contains_key(&object.key);
            async move { (object, bring(from, to, &object, present).await) }
        });
        let mut moves = stream::iter(moves).buffered(migration.parallel.max(1));
        while let Some((object, brought)) = moves.next().await {
            match brought {
                Ok(copied) => {
                    outcome.copied += u64::from(copied);
                    outcome.present += u64::from(!copied);
                    outcome.bytes += if copied { object.size } else { 0 };
                    moved.push(object.key);
                    if first && outcome.failed.is_empty() {
                        through = Some(object.key);
                    }
                }
                // Deleted since it was listed: nothing is to be moved.
                Err(Error::Missing { place, .. }) if place == from.place() => {}
                Err(error) => outcome.failed.push((object.key, error)),
            }
            progress(Progress { done: moved.len() as u64, total, through });
        }
        first = false;
    }
    if migration.remove && outcome.is_complete() {
        remove(from, &moved, migration.parallel, &mut outcome).await;
    }
    Ok(outcome)
}

/// Sees to it that an object is good in the new place. Whether it had to be copied.
async fn bring(from: &Objects, to: &Objects, object: &StoredObject, present: bool) -> Result<bool, Error> {
    if present {
        match to.verify(&object.key).await {
            Ok(_) => return Ok(false),
            Err(Error::Damaged { .. } | Error::Missing { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    to.copy_from(from, object).await?;
    to.verify(&object.key).await?;
    Ok(true)
}

async fn remove(from: &Objects, moved: &[ObjectKey], parallel: usize, outcome: &mut Outcome) {
    let deletes = stream::iter(moved).map(|key| async move { (*key, from.delete(key).await) });
    let mut deletes = deletes.buffered(parallel.max(1));
    while let Some((key, deleted)) = deletes.next().await {
        match deleted {
            Ok(()) => outcome.removed += 1,
            Err(error) => outcome.failed.push((key, error)),
        }
    }
}
