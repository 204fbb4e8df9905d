//! Matching packages: those that are new, and those that new data touches.
//!
//! A package's row says by which data it was matched, and data say since which of those before them findings are the same.
//! New data is first compared with what was in force: of the packages that it touches is forgotten, in one transaction, that
//! they were matched, and of all others nothing is written. What was matched by too old data, or by none, is then matched in
//! batches, each in a transaction of its own. A process that dies leaves packages that are matched and packages that are
//! not, and whoever takes over goes on with the latter.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use sea_orm::ConnectionTrait;
use windlass_advisories::FixState;
use windlass_matching::{
    PackageInput, PackageOutcome, Records, StoredFinding, StoredOutcome, StoredRest, match_packages,
};
use windlass_store::{
    finding_changes,
    findings::{self, Changes, Former, NewFinding},
    jobs::Claim,
    package_versions::{self, Matched},
    tag_changes::{self, Part},
    vulnerability_data, vulnerability_records,
};
use windlass_v1::vulnerabilities::{SeverityName, feed_group};
use windlass_vulnerabilities::changes;

use super::{
    blocking, broken,
    clearances::{self, Scope},
    hashed,
    local::Data,
    options,
};
use crate::{Result, Service};

/// The kind of the job.
pub(crate) const REMATCH: &str = "rematch";

/// Packages that are matched in one transaction.
const BATCH: u64 = 200;

impl Service {
    /// Matches whatever is to be matched, then ends the job.
    pub(crate) async fn rematch_claimed(&self, claim: &Claim) -> Result<()> {
        loop {
            let Some(data) = self.vulnerability_data().await? else {
                let tx = self.store.begin().await?;
                claim.complete(&tx).await?;
                return Ok(tx.commit().await.map_err(windlass_store::Error::from)?);
            };
            self.compare_vulnerability_data().await?;
            let matched = self.match_pending(&data).await?;
            tracing::info!(data = data.id, packages = matched, "packages were matched");
            let tx = self.store.begin().await?;
            let in_force = vulnerability_data::in_force(&tx).await?;
            let since = in_force.filter(|row| row.id == data.id).map(|row| row.holds_since());
            if let Some(since) = since
                && !package_versions::has_pending(&tx, since).await?
            {
                vulnerability_data::set_matched(&tx, data.id, self.clock.moment()).await?;
                self.look_again_after_matching(&tx).await?;
                claim.complete(&tx).await?;
                tx.commit().await.map_err(windlass_store::Error::from)?;
                self.work.notify_waiters();
                return Ok(());
            }
        }
    }

    /// Finds out which packages the data in force touches, and makes them be matched again: the first step of what follows
    /// from new data. Done again, it finds nothing to do.
    ///
    /// # Errors
    /// When the store or the data fails.
    pub async fn compare_vulnerability_data(&self) -> Result<()> {
        let Some((data, row)) = self.vulnerability_data_with_row().await? else { return Ok(()) };
        if row.holds_since.is_some() {
            return Ok(());
        }
        let former = match row.previous {
            Some(former) => self.store.vulnerability_data(former).await?,
            None => None,
        };
        let mut since = data.id;
        let mut lookups = Vec::new();
        // Where the former is no longer kept, nobody can say what differs: everything is matched again.
        if let Some(former) = former.filter(|row| row.object.is_some()) {
            let old = self.open_data(&former).await?;
            let new = Arc::clone(&data);
            let touched = blocking(move || changes(&old.database, &new.database)).await?;
            let touched = touched.map_err(|error| broken(&error))?;
            if !touched.everything {
                since = former.holds_since();
                lookups = touched.keys.iter().map(hashed).collect::<BTreeSet<i64>>().into_iter().collect();
            }
        }
        let tx = self.store.begin().await?;
        // Nobody matches meanwhile: who reads that findings hold must not have read them before they were forgotten.
        if vulnerability_data::pause_matching(&tx).await?.is_some_and(|row| row.id == data.id) {
            package_versions::forget_touched(&tx, since..data.id, &lookups).await?;
            vulnerability_data::set_holds_since(&tx, data.id, since).await?;
            tx.commit().await.map_err(windlass_store::Error::from)?;
        }
        Ok(())
    }

    /// Matches packages until all are matched by this data, or it is in force no more. How many were.
    async fn match_pending(&self, data: &Arc<Data>) -> Result<usize> {
        let Some(row) = self.store.vulnerability_data(data.id).await? else { return Ok(0) };
        let (mut after, mut matched) = (package_versions::Place::default(), 0);
        loop {
            let rows = self.store.pending_package_versions(row.holds_since(), after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(matched) };
            after = last.place();
            match self.match_rows(rows, data, true).await? {
                Some(count) => matched += count,
                None => return Ok(matched),
            }
        }
    }

    /// Makes sure that these packages are matched by the data in force, and says which that is and since which of those
    /// before it findings are the same; `None`: there is none.
    pub(super) async fn match_package_versions(&self, ids: &[i64]) -> Result<Option<MatchedBy>> {
        'anew: loop {
            let Some((data, row)) = self.vulnerability_data_with_row().await? else { return Ok(None) };
            // Read before the packages are: of those that are read the later way it may be too strict, and never wrong.
            let since = row.holds_since();
            let mut rows = self.store.package_versions(ids).await?;
            rows.retain(|row| row.matched_by < since);
            rows.sort_by_key(|row| row.id);
            while !rows.is_empty() {
                let rest = rows.split_off(rows.len().min(BATCH as usize));
                if self.match_rows(rows, &data, false).await?.is_none() {
                    continue 'anew;
                }
                rows = rest;
            }
            return Ok(Some(MatchedBy { data: data.id, since }));
        }
    }

    /// Matches packages and writes what changed. How many were; `None`: other data is in force. `ends` says whether
    /// whoever calls ends the job that sees to it that changes are told.
    async fn match_rows(
        &self,
        rows: Vec<package_versions::Model>,
        data: &Arc<Data>,
        ends: bool,
    ) -> Result<Option<usize>> {
        let known = Arc::clone(data);
        let found = blocking(move || find(&rows, &known)).await??;
        let ids: Vec<i64> = found.packages.iter().map(|package| package.matched.id).collect();
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        let in_force = vulnerability_data::in_force(&tx).await?.filter(|row| row.id == data.id);
        let Some(since) = in_force.map(|row| row.holds_since()) else { return Ok(None) };
        // Another process may have matched the same meanwhile.
        let before: HashMap<i64, package_versions::Model> =
            package_versions::lock(&tx, &ids).await?.into_iter().map(|row| (row.id, row)).collect();
        let is_pending = |id: i64| before.get(&id).is_some_and(|row| row.matched_by < since);
        let packages: Vec<FoundPackage> =
            found.packages.into_iter().filter(|package| is_pending(package.matched.id)).collect();
        let ids: Vec<i64> = packages.iter().map(|package| package.matched.id).collect();
        let (changes, changed) = differences(&tx, &packages, &before).await?;
        vulnerability_records::insert_missing(&tx, found.records).await?;
        let mut changes = findings::apply(&tx, changes, data.id, now).await?;
        let matched: Vec<Matched> = packages.into_iter().map(|package| package.matched).collect();
        package_versions::set_matched(&tx, &matched, data.id).await?;
        // What is found in a package for the first time is no change of anything.
        let is_known = |id: i64| before.get(&id).is_some_and(|row| row.rest.is_some());
        changes.retain(|change| is_known(change.package_version));
        let touched: BTreeSet<i64> = changes.iter().map(|change| change.package_version).collect();
        let touched: Vec<i64> = touched.into_iter().collect();
        let newest = finding_changes::newest(&tx).await?;
        finding_changes::insert(&tx, changes, data.id, now).await?;
        let mut handed_on = tag_changes::hand_on(&tx, newest, &touched, Part::Former).await?;
        let cleared = clearances::write(&tx, Scope::Everywhere, changed).await?;
        handed_on += tag_changes::hand_on(&tx, newest, &touched, Part::New).await?;
        let cleared = clearances::news(&tx, cleared, data.id, newest).await?;
        let cleared = finding_changes::clearances::insert(&tx, &cleared, data.id, now).await?;
        handed_on += tag_changes::hand_on_clearances(&tx, &cleared).await?;
        if handed_on > 0 && !ends {
            self.ask_for_rematch(&tx).await?;
        }
        tx.commit().await.map_err(windlass_store::Error::from)?;
        Ok(Some(ids.len()))
    }
}

/// By what packages are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MatchedBy {
    pub(super) data: i64,
    /// The first data whose findings are those of `data`.
    pub(super) since: i64,
}

/// What was found in some packages.
struct FoundIn {
    packages: Vec<FoundPackage>,
    records: Vec<vulnerability_records::Model>,
}

struct FoundPackage {
    matched: Matched,
    outcome: StoredOutcome,
}

fn find(rows: &[package_versions::Model], data: &Data) -> Result<FoundIn> {
    let inputs = rows.iter().map(|row| serde_json::from_str(&row.input).map_err(|error| broken(&error)));
    let inputs: Vec<PackageInput> = inputs.collect::<Result<_>>()?;
    let options = options();
    let outcomes = match_packages(&inputs, &data.database, &options).map_err(|error| broken(&error))?;
    let mut records = Records::new();
    let found = rows.iter().zip(&inputs).zip(&outcomes).map(|((row, input), outcome): (_, &PackageOutcome)| {
        let stored = outcome.store(input, &options, &mut records);
        let rest = serde_json::to_string(&stored.rest).map_err(|error| broken(&error))?;
        let lookups = input.lookup_keys(&options).into_iter().chain(outcome.lookup_keys());
        let lookups: BTreeSet<i64> = lookups.map(|key| hashed(&key)).collect();
        let matched = Matched { id: row.id, rest, lookups: lookups.into_iter().collect() };
        Ok(FoundPackage { matched, outcome: stored })
    });
    let packages = found.collect::<Result<Vec<_>>>()?;
    let records = records.iter().map(|(key, record)| {
        let record = serde_json::to_string(&**record).map_err(|error| broken(&error))?;
        Ok(vulnerability_records::Model { key: key.0.to_vec(), record, unused_since: None })
    });
    Ok(FoundIn { packages, records: records.collect::<Result<_>>()? })
}

/// What is to be written, and the packages of which something changed.
async fn differences(
    on: &impl ConnectionTrait,
    packages: &[FoundPackage],
    before: &HashMap<i64, package_versions::Model>,
) -> Result<(Changes, Vec<i64>)> {
    let ids: Vec<i64> = packages.iter().map(|package| package.matched.id).collect();
    let mut former: HashMap<i64, (Vec<Former>, StoredOutcome)> = HashMap::new();
    for row in findings::open(on, &ids).await? {
        let finding = serde_json::from_str(&row.detail).map_err(|error| broken(&error))?;
        let (rows, outcome) = former.entry(row.package_version).or_default();
        rows.push(Former { id: row.id, package_version: row.package_version, detail: row.detail });
        outcome.findings.push(finding);
    }
    let (mut all, mut changed) = (Changes::default(), HashSet::new());
    for package in packages {
        let id = package.matched.id;
        let (rows, old) = former.remove(&id).unwrap_or_default();
        let row_of_old = |finding: &StoredFinding| {
            let at = old.findings.iter().position(|one| std::ptr::eq(one, finding));
            rows[at.expect("changes name findings of the outcome")].clone()
        };
        let changes = old.changes_to(&package.outcome);
        if !changes.is_empty() || has_other_fixes(before.get(&id), &package.outcome.rest)? {
            changed.insert(id);
        }
        let new = |finding: &StoredFinding| row_of(id, finding, &package.outcome);
        for finding in &changes.opened {
            all.opened.push(new(finding)?);
        }
        for (old, finding) in &changes.altered {
            all.altered.push((row_of_old(old), new(finding)?));
        }
        all.closed.extend(changes.closed.iter().map(|finding| row_of_old(finding)));
    }
    Ok((all, changed.into_iter().collect()))
}

/// Whether what its distribution has fixed differs: that clears findings of what it owns.
fn has_other_fixes(before: Option<&package_versions::Model>, rest: &StoredRest) -> Result<bool> {
    let former = before.and_then(|row| row.rest.as_deref());
    let former: StoredRest = match former {
        Some(text) => serde_json::from_str(text).map_err(|error| broken(&error))?,
        None => StoredRest::default(),
    };
    Ok(former.fixed != rest.fixed)
}

fn row_of(package_version: i64, finding: &StoredFinding, outcome: &StoredOutcome) -> Result<NewFinding> {
    let earlier = outcome.findings.iter().take_while(|one| !std::ptr::eq(*one, finding));
    let same = |one: &&StoredFinding| one.vulnerability == finding.vulnerability && one.namespace == finding.namespace;
    let ordinal = i64::try_from(earlier.filter(same).count()).expect("no package has that many findings");
    let names: BTreeSet<String> = finding.names.iter().map(|name| name.to_uppercase()).collect();
    Ok(NewFinding {
        package_version,
        vulnerability: finding.vulnerability.clone(),
        namespace: finding.namespace.clone(),
        ordinal,
        feed_group: feed_group(&finding.namespace),
        severity: SeverityName::from(finding.severity).as_str().to_owned(),
        will_not_fix: finding.fix.state == FixState::WontFix,
        detail: serde_json::to_string(finding).map_err(|error| broken(&error))?,
        names: names.into_iter().collect(),
    })
}
