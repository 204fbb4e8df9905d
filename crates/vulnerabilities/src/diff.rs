//! What changed between two databases, by content: row ids and the order of rows say nothing.

mod contents;
mod touched;

use std::collections::{BTreeMap, HashSet};

use crate::database::Database;
use crate::{Error, Result};
use contents::Contents;

pub use touched::{Touched, changes};

/// The advisories of one provider that differ. Exploit predictions are left out: all of them change every day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// `kev` stands for the known-exploited catalogue, whose advisories are CVEs.
    pub provider: String,
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

/// What `new` has and `old` has not, and the other way round; by provider, providers that agree left out, names sorted.
/// Indexes are not needed.
pub fn diff(old: &Database, new: &Database) -> Result<Vec<Difference>> {
    let (before, after) = both(old, new)?;
    let mut differences: BTreeMap<String, Difference> = BTreeMap::new();
    let mut tell = |database: &Database, contents: &Contents, keys: &HashSet<u128>, kind: Kind| -> Result<()> {
        let names = contents.names(database, keys).map_err(Error::sqlite("compare", database.path()))?;
        for (provider, name) in names {
            let difference = differences
                .entry(provider)
                .or_insert_with_key(|provider| Difference { provider: provider.clone(), ..Difference::default() });
            match kind {
                Kind::Added => difference.added.push(name),
                Kind::Changed => difference.changed.push(name),
                Kind::Removed => difference.removed.push(name),
            }
        }
        Ok(())
    };
    let change = Change::between(&before, &after);
    tell(new, &after, &change.added, Kind::Added)?;
    tell(new, &after, &change.changed, Kind::Changed)?;
    tell(old, &before, &change.removed, Kind::Removed)?;
    Ok(differences.into_values().collect())
}

#[derive(Clone, Copy)]
enum Kind {
    Added,
    Changed,
    Removed,
}

/// Keys of records that differ.
struct Change {
    added: HashSet<u128>,
    changed: HashSet<u128>,
    removed: HashSet<u128>,
}

impl Change {
    fn between(before: &Contents, after: &Contents) -> Self {
        let (old, new) = (&before.records, &after.records);
        let is_other = |key: &u128, content: &u128| old.get(key).is_some_and(|former| former != content);
        Self {
            added: new.keys().filter(|key| !old.contains_key(key)).copied().collect(),
            changed: new.iter().filter(|(key, content)| is_other(key, content)).map(|(key, _)| *key).collect(),
            removed: old.keys().filter(|key| !new.contains_key(key)).copied().collect(),
        }
    }
}

/// Both databases read, at once.
fn both(old: &Database, new: &Database) -> Result<(Contents, Contents)> {
    let read = |database: &Database| Contents::of(database).map_err(Error::sqlite("compare", database.path()));
    std::thread::scope(|scope| {
        let before = scope.spawn(|| read(old));
        let after = read(new)?;
        Ok((before.join().expect("reading rows does not panic")?, after))
    })
}
