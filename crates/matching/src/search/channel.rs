//! Fixes from a support channel: Red Hat's EUS, Ubuntu's ESM (`spec/matching.md` §3.3, §3.4).
//!
//! What is vulnerable is read from the base release; what is fixed from the base release and the channel together.

use windlass_advisories::{FixState, LookupError};

use super::{
    Found, Query, Search, Standpoint,
    distribution::{self, ByName, Partition},
    fix_of, tidy,
};
use crate::{AdvisoryLink, Fix, Verdict, candidate::Candidate, distribution::Releases};

/// Searches with the channel's fixes; `reachable` says whether a fixed version can be installed on this release.
pub(crate) fn find(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    channel: &Releases,
    reachable: &dyn Fn(&str) -> bool,
) -> Result<Found, LookupError> {
    let Some(data) = candidate.distribution else { return Ok(Found::default()) };
    let mut found = Found::default();
    let mut base = distribution::partition(search, candidate, query, &data.base)?;
    distribution::remove_unaffected(search, candidate, query, &data.base, &mut base, &mut found)?;
    let fixes = distribution::partition(search, candidate, query, channel)?;
    let resolutions: Vec<_> = fixes.vulnerable.iter().chain(&fixes.outside).cloned().collect();

    let resolutions = ByName::new(search, &resolutions)?;
    let mut remaining = Vec::new();
    for record in std::mem::take(&mut base.vulnerable) {
        let counterparts = resolutions.like(search, &record)?;
        let is_fixed = counterparts.iter().any(|resolution| {
            let versions = fix_of(resolution.blob.ranges.iter()).versions;
            versions.iter().any(|version| reachable(version))
                && search.standpoint(&resolution.blob, candidate.package.format(), query) == Standpoint::Outside
        });
        if is_fixed {
            search.note(candidate, query, record.vulnerability, &record.blob, || Verdict::Unaffected)?;
            base.outside.push(record);
            continue;
        }
        let mut fix = Fix { state: fix_of(record.blob.ranges.iter()).state, ..Fix::default() };
        for source in std::iter::once(&record).chain(counterparts) {
            let own = fix_of(source.blob.ranges.iter());
            let versions: Vec<_> = own.versions.into_iter().filter(|version| reachable(version)).collect();
            if versions.is_empty() {
                continue;
            }
            fix.state = FixState::Fixed;
            fix.available.extend(own.available.into_iter().filter(|fix| versions.contains(&fix.version)));
            fix.advisories.extend(own.advisories);
            fix.versions.extend(versions);
        }
        if fix.versions.is_empty() && fix.state == FixState::Fixed {
            fix.state = FixState::NotFixed;
        }
        tidy(&mut fix);
        remaining.push((record, fix));
    }

    for (record, fix) in remaining {
        let partition = Partition { vulnerable: vec![record], ..Partition::default() };
        distribution::finish(search, candidate, query, partition, &mut found)?;
        let hit = found.hits.last_mut().expect("a vulnerable record becomes a hit");
        hit.fix = fix;
    }
    base.incomparable.extend(fixes.incomparable);
    distribution::finish(search, candidate, query, base, &mut found)?;
    Ok(found)
}

/// AlmaLinux: what Red Hat discloses, without what AlmaLinux has fixed, and with AlmaLinux's own fixes for the rest.
pub(crate) fn find_alma(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    names: &[String],
) -> Result<Found, LookupError> {
    let Some(data) = candidate.distribution else { return Ok(Found::default()) };
    let mut found = Found::default();
    let mut base = distribution::partition(search, candidate, query, &data.base)?;
    distribution::remove_unaffected(search, candidate, query, &data.base, &mut base, &mut found)?;

    let own = Query { names: names.to_vec(), ..query.clone() };
    let fixed = distribution::unaffected(search, candidate, &own, &data.alma)?;
    distribution::remove_same_flaws(search, &mut base, &fixed)?;
    if candidate.package.owns_packages {
        base.outside.extend(fixed);
    }
    let mut errata = Vec::new();
    for name in names {
        let records =
            search.lookups.by_distribution(name, &data.alma.ids, windlass_advisories::Standing::Unaffected)?;
        let applies = |record: &&windlass_advisories::PackageAdvisory| {
            search.refuse(candidate, &own, &record.blob, windlass_advisories::Standing::Unaffected).is_ok()
        };
        errata.extend(records.iter().filter(applies).cloned());
    }

    let errata = ByName::new(search, &errata)?;
    for record in std::mem::take(&mut base.vulnerable) {
        let mut replaced = Fix { state: FixState::Fixed, ..Fix::default() };
        for erratum in errata.like(search, &record)? {
            let handle = search.lookups.vulnerability(erratum.vulnerability)?;
            for range in &erratum.blob.ranges {
                let stated = range.fix.as_ref().map(|fix| fix.version.as_str()).unwrap_or_default();
                let bound = range.version.constraint.trim().strip_prefix(">=").unwrap_or_default().trim();
                let version = if stated.is_empty() { bound } else { stated };
                if !version.is_empty() {
                    replaced.versions.push(version.to_owned());
                }
            }
            let link = handle.blob.references.first().map(|link| link.url.clone()).unwrap_or_default();
            replaced.advisories.push(AdvisoryLink { id: handle.name.clone(), link });
        }
        let partition = Partition { vulnerable: vec![record], ..Partition::default() };
        distribution::finish(search, candidate, query, partition, &mut found)?;
        if !replaced.versions.is_empty() {
            tidy(&mut replaced);
            found.hits.last_mut().expect("a vulnerable record becomes a hit").fix = replaced;
        }
    }
    distribution::finish(search, candidate, query, base, &mut found)?;
    Ok(found)
}
