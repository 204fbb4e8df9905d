//! Whether everything that is referred to is there and undamaged, and what is there that nobody refers to.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

use futures::{StreamExt, TryStreamExt, stream};

use crate::{Error, ObjectKey, Objects, StoredObject};

/// How a check goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Checking {
    /// How many objects are read at once.
    pub parallel: usize,
    /// Unreferenced objects written later than this are not reported: what refers to them may not be written yet.
    pub unreferenced_before: SystemTime,
}

/// What a check found. Keys are in order, each in one list only.
#[derive(Debug, Default)]
pub struct Report {
    /// Objects that were read and are good.
    pub good: u64,
    /// Bytes of content that were read and verified.
    pub bytes: u64,
    pub missing: Vec<ObjectKey>,
    /// There, but not what their keys say.
    pub damaged: Vec<(ObjectKey, Error)>,
    /// Not known to be good or bad: the storage could not be read.
    pub unread: Vec<(ObjectKey, Error)>,
    pub orphans: Vec<StoredObject>,
}

impl Report {
    /// Every reference leads to a good object. Orphans are no harm.
    pub fn is_sound(&self) -> bool {
        self.missing.is_empty() && self.damaged.is_empty() && self.unread.is_empty()
    }
}

/// What a listing and references have in common and what not; each in order of keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Referred to and listed.
    pub present: Vec<StoredObject>,
    /// Referred to and not listed.
    pub missing: Vec<ObjectKey>,
    /// Listed and not referred to, and old enough.
    pub orphans: Vec<StoredObject>,
}

/// Compares what is listed with what is referred to. An unreferenced object is an orphan if it was written before
/// `unreferenced_before`, or if nobody knows when.
pub fn compare(
    references: &BTreeSet<ObjectKey>,
    listed: &BTreeMap<ObjectKey, StoredObject>,
    unreferenced_before: SystemTime,
) -> Comparison {
    let old = |object: &&StoredObject| object.modified.is_none_or(|written| written < unreferenced_before);
    Comparison {
        present: references.iter().filter_map(|key| listed.get(key)).copied().collect(),
        missing: references.iter().filter(|key| !listed.contains_key(key)).copied().collect(),
        orphans: listed.values().filter(|object| !references.contains(&object.key)).filter(old).copied().collect(),
    }
}

/// Reads every object of `references` through and lists the orphans. An error only if `objects` cannot be listed; `progress`
/// gets how many of how many objects are read.
///
/// References must have been collected before: an object that is written and referred to meanwhile is no orphan as long as
/// [`Checking::unreferenced_before`] lies before the collection.
pub async fn check(
    objects: &Objects,
    references: &BTreeSet<ObjectKey>,
    checking: Checking,
    mut progress: impl FnMut(u64, u64),
) -> Result<Report, Error> {
    let listed = listed(objects).await?;
    let Comparison { present, missing, orphans } = compare(references, &listed, checking.unreferenced_before);
    let mut report = Report { missing, orphans, ..Report::default() };
    let total = present.len() as u64;
    let reads = stream::iter(present).map(|object| async move { (object.key, objects.verify(&object.key).await) });
    let mut reads = reads.buffered(checking.parallel.max(1));
    let mut done = 0;
    while let Some((key, read)) = reads.next().await {
        match read {
            Ok(bytes) => {
                report.good += 1;
                report.bytes += bytes;
            }
            // Deleted since the listing, which a live system may do to what was referred to then.
            Err(Error::Missing { .. }) => report.missing.push(key),
            Err(error @ Error::Damaged { .. }) => report.damaged.push((key, error)),
            Err(error) => report.unread.push((key, error)),
        }
        done += 1;
        progress(done, total);
    }
    report.missing.sort_unstable();
    Ok(report)
}

/// What a repair came to. Keys are in one list only.
#[derive(Debug, Default)]
pub struct Repair {
    /// Good again, from a copy elsewhere.
    pub restored: Vec<ObjectKey>,
    /// Was damaged and is in no other place: removed, so that the same content can be put again.
    pub removed: Vec<ObjectKey>,
    /// Was missing and is in no other place.
    pub lost: Vec<ObjectKey>,
    pub failed: Vec<(ObjectKey, Error)>,
}

/// Mends what a check of `objects` found: from the first of `sources` that has a good copy. What could not be read is left
/// alone, and so are orphans.
pub async fn repair(objects: &Objects, report: &Report, sources: &[Objects]) -> Repair {
    let mut repair = Repair::default();
    let damaged = report.damaged.iter().map(|(key, _)| (key, true));
    for (key, damaged) in report.missing.iter().map(|key| (key, false)).chain(damaged) {
        match restore(objects, key, sources).await {
            Ok(true) => repair.restored.push(*key),
            Ok(false) if !damaged => repair.lost.push(*key),
            Ok(false) => match objects.delete(key).await {
                Ok(()) => repair.removed.push(*key),
                Err(error) => repair.failed.push((*key, error)),
            },
            Err(error) => repair.failed.push((*key, error)),
        }
    }
    repair
}

/// Whether the object is good now. An error if a place that may have it could not be asked, or if it could not be written.
async fn restore(objects: &Objects, key: &ObjectKey, sources: &[Objects]) -> Result<bool, Error> {
    let mut trouble = None;
    for source in sources {
        match objects.bring(key, source).await {
            Ok(_) => return Ok(true),
            Err(Error::Missing { .. } | Error::Damaged { .. }) => {}
            Err(error) => trouble = Some(error),
        }
    }
    trouble.map_or(Ok(false), Err)
}

/// All objects by key. A hundred bytes of memory each.
pub(crate) async fn listed(objects: &Objects) -> Result<BTreeMap<ObjectKey, StoredObject>, Error> {
    objects.list().map_ok(|object| (object.key, object)).try_collect().await
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(content: &str, modified: Option<u64>) -> StoredObject {
        let modified = modified.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        StoredObject { key: ObjectKey::of(content.as_bytes()), size: 1, modified }
    }

    #[test]
    fn what_is_referred_to_and_what_is_there_are_told_apart() {
        let kept = at("kept", Some(1));
        let orphan = at("orphan", Some(1));
        let fresh = at("fresh", Some(100));
        let ageless = at("ageless", None);
        let lost = ObjectKey::of(b"lost");
        let listed = [kept, orphan, fresh, ageless].map(|object| (object.key, object)).into();
        let compared = compare(&[kept.key, lost].into(), &listed, UNIX_EPOCH + Duration::from_secs(50));
        let mut orphans = vec![orphan, ageless];
        orphans.sort_by_key(|object| object.key);
        assert_eq!(compared, Comparison { present: vec![kept], missing: vec![lost], orphans });
    }

    proptest::proptest! {
        #[test]
        fn every_key_is_in_exactly_one_list(references: Vec<u8>, listed: Vec<u8>) {
            let references = references.iter().map(|n| ObjectKey::from([*n; 32])).collect();
            let listed: BTreeMap<_, _> =
                listed.iter().map(|n| StoredObject { key: ObjectKey::from([*n; 32]), size: 0, modified: None }).map(|o| (o.key, o)).collect();
            let found = compare(&references, &listed, UNIX_EPOCH);
            proptest::prop_assert_eq!(found.present.len() + found.missing.len(), references.len());
            proptest::prop_assert_eq!(found.present.len() + found.orphans.len(), listed.len());
        }
    }
}
