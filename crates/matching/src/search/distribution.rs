//! Records keyed by a distribution release.

use std::collections::{BTreeSet, HashMap};

use windlass_advisories::{LookupError, PackageAdvisory, Standing};

use super::{Clearance, ClearanceScope, Found, Incomparable, Query, Search, Standpoint, identity};
use crate::{Verdict, candidate::Candidate, distribution::Releases};

/// Records about a package, by what they say of its version.
#[derive(Default)]
pub(crate) struct Partition {
    pub(crate) vulnerable: Vec<PackageAdvisory>,
    /// The version is outside the affected ranges: fixed, for one who follows the distribution.
    pub(crate) outside: Vec<PackageAdvisory>,
    pub(crate) incomparable: Vec<Incomparable>,
}

/// Searches the candidate's own releases, and takes out what the distribution says is not affected.
pub(crate) fn find(search: Search<'_>, candidate: &Candidate<'_>, query: &Query) -> Result<Found, LookupError> {
    let Some(data) = candidate.distribution else { return Ok(Found::default()) };
    let mut partition = partition(search, candidate, query, &data.base)?;
    let mut found = Found::default();
    remove_unaffected(search, candidate, query, &data.base, &mut partition, &mut found)?;
    finish(search, candidate, query, partition, &mut found)?;
    Ok(found)
}

/// Compares every affected record of these releases.
pub(crate) fn partition(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    releases: &Releases,
) -> Result<Partition, LookupError> {
    let mut partition = Partition::default();
    for name in &query.names {
        for record in search.lookups.by_distribution(name, &releases.ids, Standing::Affected)?.iter() {
            let note = |verdict: Verdict| search.note(candidate, query, record.vulnerability, &record.blob, || verdict);
            if let Err(refusal) = search.refuse(candidate, query, &record.blob, Standing::Affected) {
                note(Verdict::Refused(refusal))?;
                continue;
            }
            match search.standpoint(&record.blob, candidate.package.format(), query) {
                Standpoint::Inside => {
                    note(Verdict::Affected)?;
                    partition.vulnerable.push(record.clone());
                }
                Standpoint::Outside => {
                    note(Verdict::OutsideRange)?;
                    partition.outside.push(record.clone());
                }
                Standpoint::Incomparable(reason) => {
                    note(Verdict::Incomparable(reason.clone()))?;
                    partition.incomparable.push(Incomparable { vulnerability: record.vulnerability, reason });
                }
            }
        }
    }
    Ok(partition)
}

/// Records that say the package is not affected win over those that say it is.
pub(crate) fn remove_unaffected(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    releases: &Releases,
    partition: &mut Partition,
    found: &mut Found,
) -> Result<(), LookupError> {
    let unaffected = unaffected(search, candidate, query, releases)?;
    remove_same_flaws(search, partition, &unaffected)?;
    if candidate.package.owns_packages {
        found.clearances.extend(unaffected.into_iter().map(|record| clearance(&record)));
    }
    Ok(())
}

/// The unaffected records of these releases that hold for the version.
pub(crate) fn unaffected(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    releases: &Releases,
) -> Result<Vec<PackageAdvisory>, LookupError> {
    let mut holding = Vec::new();
    for name in &query.names {
        for record in search.lookups.by_distribution(name, &releases.ids, Standing::Unaffected)?.iter() {
            let applies = search.refuse(candidate, query, &record.blob, Standing::Unaffected).is_ok()
                && search.standpoint(&record.blob, candidate.package.format(), query) == Standpoint::Inside;
            if applies {
                search.note(candidate, query, record.vulnerability, &record.blob, || Verdict::Unaffected)?;
                holding.push(record.clone());
            }
        }
    }
    Ok(holding)
}

/// Takes out of `partition.vulnerable` what any of `records` speaks of as well.
pub(crate) fn remove_same_flaws(
    search: Search<'_>,
    partition: &mut Partition,
    records: &[PackageAdvisory],
) -> Result<(), LookupError> {
    if partition.vulnerable.is_empty() || records.is_empty() {
        return Ok(());
    }
    let mut cleared = std::collections::HashSet::new();
    for record in records {
        let handle = search.lookups.vulnerability(record.vulnerability)?;
        cleared.extend(identity(&handle, &record.blob).into_iter().map(str::to_ascii_uppercase));
    }
    let mut kept = Vec::with_capacity(partition.vulnerable.len());
    for record in std::mem::take(&mut partition.vulnerable) {
        let handle = search.lookups.vulnerability(record.vulnerability)?;
        let is_cleared =
            identity(&handle, &record.blob).into_iter().any(|name| cleared.contains(&name.to_ascii_uppercase()));
        if !is_cleared {
            kept.push(record);
        }
    }
    partition.vulnerable = kept;
    Ok(())
}

/// Turns what is left into hits, and what is fixed into clearances for the packages this one owns.
pub(crate) fn finish(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    partition: Partition,
    found: &mut Found,
) -> Result<(), LookupError> {
    for record in partition.vulnerable {
        let handle = search.lookups.vulnerability(record.vulnerability)?;
        let release = record.operating_system.and_then(|id| candidate.distribution?.row(id));
        found.hits.push(search.hit(candidate, query, handle, &record.blob, release));
    }
    if candidate.package.owns_packages {
        found.clearances.extend(partition.outside.iter().map(clearance));
    }
    found.incomparable.extend(partition.incomparable);
    Ok(())
}

fn clearance(record: &PackageAdvisory) -> Clearance {
    Clearance {
        vulnerability: record.vulnerability,
        blob: std::sync::Arc::clone(&record.blob),
        scope: ClearanceScope::Owned,
    }
}

/// Records by every name they go by: kernels have thousands on both sides of a comparison.
pub(crate) struct ByName<'r> {
    records: &'r [PackageAdvisory],
    places: HashMap<String, Vec<usize>>,
}

impl<'r> ByName<'r> {
    pub(crate) fn new(search: Search<'_>, records: &'r [PackageAdvisory]) -> Result<Self, LookupError> {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, record) in records.iter().enumerate() {
            let handle = search.lookups.vulnerability(record.vulnerability)?;
            for name in identity(&handle, &record.blob) {
                places.entry(name.to_ascii_uppercase()).or_default().push(place);
            }
        }
        Ok(Self { records, places })
    }

    /// The records that speak of the same flaw, in their own order.
    pub(crate) fn like(
        &self,
        search: Search<'_>,
        record: &PackageAdvisory,
    ) -> Result<Vec<&'r PackageAdvisory>, LookupError> {
        let handle = search.lookups.vulnerability(record.vulnerability)?;
        let names = identity(&handle, &record.blob).into_iter().map(str::to_ascii_uppercase);
        let found: BTreeSet<usize> = names.filter_map(|name| self.places.get(&name)).flatten().copied().collect();
        Ok(found.into_iter().map(|place| &self.records[place]).collect())
    }
}
