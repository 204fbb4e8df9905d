//! Findings that the owners of a package have fixed: Debian patches a library without changing its version.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sea_orm::ConnectionTrait;
use windlass_matching::{StoredFinding, StoredRest};
use windlass_store::{
    finding_changes::clearances::{NewClearance, told_as_opened},
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

/// Open findings that became none in some images, or findings again.
#[derive(Default)]
pub(super) struct Shifted {
    /// What was cleared, and is or is not now: finding and, by whether it is cleared now, analyses.
    analyses: BTreeMap<(i64, bool), Vec<i64>>,
    findings: HashMap<i64, findings::Model>,
}

/// Tells which findings of these packages and of what they own are cleared, and answers with what it was told otherwise
/// before. A finding is cleared in an image if every package of it that has the finding is owned by some that have fixed the
/// flaw.
pub(super) async fn write(
    on: &impl ConnectionTrait,
    scope: Scope,
    versions: impl IntoIterator<Item = i64>,
) -> Result<Shifted> {
    let versions: BTreeSet<i64> = versions.into_iter().collect();
    if versions.is_empty() {
        return Ok(Shifted::default());
    }
    let versions: Vec<i64> = versions.into_iter().collect();
    let analysis = match scope {
        Scope::Analysis(analysis) => Some(analysis),
        Scope::Everywhere => None,
    };
    cleared::lock(on).await?;
    let owned = owners::concerned(on, &versions).await?;
    if owned.is_empty() {
        return Ok(Shifted::default());
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
    let open = findings::open(on, &owned).await?;
    for row in &open {
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
    let former = match scope {
        Scope::Analysis(_) => Vec::new(),
        Scope::Everywhere => cleared::of_versions(on, &owned).await?,
    };
    cleared::replace(on, &owned, analysis, &rows).await?;
    Ok(match scope {
        // Nobody was told anything of it before.
        Scope::Analysis(_) => Shifted::default(),
        Scope::Everywhere => shifted(former, rows, open),
    })
}

fn shifted(former: Vec<cleared::Model>, now: Vec<cleared::Model>, open: Vec<findings::Model>) -> Shifted {
    let pairs = |rows: Vec<cleared::Model>| rows.into_iter().map(|row| (row.finding, row.analysis));
    let (former, now): (BTreeSet<_>, BTreeSet<_>) = (pairs(former).collect(), pairs(now).collect());
    let mut shifted = Shifted::default();
    for ((finding, analysis), is_cleared) in
        now.difference(&former).map(|pair| (pair, true)).chain(former.difference(&now).map(|pair| (pair, false)))
    {
        shifted.analyses.entry((*finding, is_cleared)).or_default().push(*analysis);
    }
    let concerned: HashSet<i64> = shifted.analyses.keys().map(|(finding, _)| *finding).collect();
    shifted.findings = open.into_iter().filter(|row| concerned.contains(&row.id)).map(|row| (row.id, row)).collect();
    shifted
}

/// What of it is news: a finding that this data brought and nobody was told of until change `told` is none by being cleared.
pub(super) async fn news(
    on: &impl ConnectionTrait,
    shifted: Shifted,
    data: i64,
    told: i64,
) -> Result<Vec<NewClearance>> {
    let Shifted { analyses, findings } = shifted;
    let brought: Vec<i64> = findings.values().filter(|row| row.opened_by == data).map(|row| row.id).collect();
    let told = told_as_opened(on, &brought, told).await?;
    let is_news = |row: &findings::Model| row.opened_by != data || told.contains(&row.id);
    let news = analyses.into_iter().filter_map(|((finding, is_cleared), analyses)| {
        let row = findings.get(&finding).filter(|row| !is_cleared || is_news(row))?;
        let (package_version, detail) = (row.package_version, row.detail.clone());
        Some(NewClearance { package_version, finding, detail, is_cleared, analyses })
    });
    Ok(news.collect())
}
