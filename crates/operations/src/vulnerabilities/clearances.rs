//! Findings that the owners of a package have fixed: Debian patches a library without changing its version.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sea_orm::ConnectionTrait;
use windlass_matching::{StoredFinding, StoredRest};
use windlass_store::{
    findings::{self, cleared},
    package_versions::{
        self,
        instances::{self, owners},
    },
};

use super::broken;
use crate::Result;

/// Where clearances are told anew.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope {
    Analysis(i64),
    Everywhere,
}

/// Tells which findings of these packages and of what they own are cleared. A finding is cleared in an image if every
/// package of it that has the finding is owned by some that have fixed the flaw.
pub(super) async fn write(
    on: &impl ConnectionTrait,
    scope: Scope,
    versions: impl IntoIterator<Item = i64>,
) -> Result<()> {
    let versions: BTreeSet<i64> = versions.into_iter().collect();
    if versions.is_empty() {
        return Ok(());
    }
    let versions: Vec<i64> = versions.into_iter().collect();
    let analysis = match scope {
        Scope::Analysis(analysis) => Some(analysis),
        Scope::Everywhere => None,
    };
    let owned = owners::concerned(on, &versions).await?;
    if owned.is_empty() {
        return Ok(());
    }
    // Who owns each package that is one of these, by image and package.
    let mut places: BTreeMap<(i64, i64), BTreeMap<i64, BTreeSet<i64>>> = BTreeMap::new();
    for row in owners::of_versions(on, &owned, analysis).await? {
        let places = places.entry((row.analysis, row.package_version)).or_default();
        places.entry(row.place).or_default().insert(row.owner);
    }
    let compared: HashMap<(i64, i64), i64> = instances::of_versions(on, &owned)
        .await?
        .into_iter()
        .map(|row| ((row.analysis, row.package_version), row.compared))
        .collect();
    let of_owners: Vec<i64> =
        places.values().flat_map(BTreeMap::values).flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut fixed: HashMap<i64, Vec<String>> = HashMap::new();
    for row in package_versions::of_ids(on, &of_owners).await? {
        let Some(rest) = row.rest else { continue };
        let rest: StoredRest = serde_json::from_str(&rest).map_err(|error| broken(&error))?;
        fixed.insert(row.id, rest.fixed);
    }
    let mut by_version: HashMap<i64, Vec<(i64, StoredFinding)>> = HashMap::new();
    for row in findings::open(on, &owned).await? {
        let finding = serde_json::from_str(&row.detail).map_err(|error| broken(&error))?;
        by_version.entry(row.package_version).or_default().push((row.id, finding));
    }

    // Images that are built alike are many: each way of owning a package is looked at once.
    let mut judged: HashMap<(i64, Vec<BTreeSet<i64>>), Vec<i64>> = HashMap::new();
    let mut rows = Vec::new();
    for ((analysis, version), places) in places {
        let count = compared.get(&(analysis, version)).copied().unwrap_or_default();
        if i64::try_from(places.len()).is_ok_and(|owned| owned < count) {
            continue;
        }
        let ways: Vec<BTreeSet<i64>> = places.into_values().collect::<BTreeSet<_>>().into_iter().collect();
        let of_version = by_version.get(&version).map(Vec::as_slice).unwrap_or_default();
        let cleared = judged.entry((version, ways)).or_insert_with_key(|(_, ways)| {
            let names: Vec<HashSet<&str>> = ways
                .iter()
                .map(|owners| {
                    owners.iter().filter_map(|owner| fixed.get(owner)).flatten().map(String::as_str).collect()
                })
                .collect();
            let is_cleared = |finding: &StoredFinding| names.iter().all(|fixed| finding.is_fixed_by(fixed));
            of_version.iter().filter(|(_, finding)| is_cleared(finding)).map(|(id, _)| *id).collect()
        });
        rows.extend(cleared.iter().map(|finding| cleared::Model { analysis, finding: *finding }));
    }
    Ok(cleared::replace(on, &owned, analysis, &rows).await?)
}
