//! Every package compared, on as many threads as pay.

use std::{
    collections::{BTreeSet, HashSet},
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use windlass_advisories::{Advisories, LookupError};

use crate::{
    IncomparableRecord, Match, Options, OwnClearance, PackageInput, PackageOutcome, Surroundings, Vulnerability,
    candidate::Candidate,
    enrich::Enricher,
    explain::Trace,
    fold,
    ignore::is_name_collision,
    lookups::Lookups,
    matchers,
    search::{ClearanceScope, Found, Hit, Search, identity},
};

/// Below this many packages a thread costs more than it saves.
const PACKAGES_PER_THREAD: usize = 64;

/// Compares inputs with every record about them; the answers are in the order of the inputs.
pub(super) fn match_all(
    inputs: &[PackageInput],
    surroundings: &Surroundings,
    advisories: &dyn Advisories,
    options: &Options,
    trace: Option<&Trace>,
) -> Result<Vec<PackageOutcome>, LookupError> {
    let (lookups, enricher) = (Lookups::new(advisories), Enricher::new(advisories));
    let matching = Matching { lookups: &lookups, enricher: &enricher, options, trace };
    let candidates: Vec<Candidate<'_>> = inputs
        .iter()
        .enumerate()
        .map(|(index, package)| Candidate { index, package, distribution: surroundings.of_package(package) })
        .collect();
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        chosen => chosen,
    };
    let threads = threads.min(candidates.len().div_ceil(PACKAGES_PER_THREAD)).max(1);
    let chunks = candidates.chunks(candidates.len().div_ceil(threads).max(1));
    let results: Vec<Result<Vec<PackageOutcome>, LookupError>> = if threads == 1 {
        chunks.map(|chunk| matching.match_some(chunk)).collect()
    } else {
        std::thread::scope(|scope| {
            let matching = &matching;
            let running: Vec<_> = chunks.map(|chunk| scope.spawn(move || matching.match_some(chunk))).collect();
            // A matcher's panic is caught where it happens, so a thread ends only with an answer.
            running.into_iter().map(|thread| thread.join().expect("the thread catches panics")).collect()
        })
    };
    let mut outcomes = Vec::with_capacity(inputs.len());
    for result in results {
        outcomes.extend(result?);
    }
    Ok(outcomes)
}

struct Matching<'a> {
    lookups: &'a Lookups<'a>,
    enricher: &'a Enricher<'a>,
    options: &'a Options,
    trace: Option<&'a Trace>,
}

impl Matching<'_> {
    fn match_some(&self, candidates: &[Candidate<'_>]) -> Result<Vec<PackageOutcome>, LookupError> {
        candidates.iter().map(|candidate| self.match_one(candidate)).collect()
    }

    /// A panic concerns one package, and must not take the others with it.
    fn match_one(&self, candidate: &Candidate<'_>) -> Result<PackageOutcome, LookupError> {
        if !candidate.package.has_version() {
            return Ok(PackageOutcome::default());
        }
        let matcher = matchers::for_kind(candidate.package.kind);
        let search = Search { lookups: self.lookups, options: self.options, trace: self.trace, matcher: matcher.name };
        match catch_unwind(AssertUnwindSafe(|| (matcher.find)(search, candidate))) {
            Ok(found) => self.outcome(found?, candidate.package),
            Err(panic) => {
                let reason = match panic.downcast_ref::<&str>() {
                    Some(message) => (*message).to_owned(),
                    None => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "no message".into()),
                };
                Ok(PackageOutcome { failure: Some(reason), ..PackageOutcome::default() })
            }
        }
    }

    fn outcome(&self, found: Found, package: &PackageInput) -> Result<PackageOutcome, LookupError> {
        // What a source says is not affected concerns only what was found.
        let own = if found.hits.is_empty() { HashSet::new() } else { self.names(&found, ClearanceScope::Own)? };
        let mut fixed: Vec<String> = self.names(&found, ClearanceScope::Owned)?.into_iter().collect();
        fixed.sort();
        let mut outcome = PackageOutcome { fixed, ..PackageOutcome::default() };
        for hit in found.hits {
            outcome.matches.push(self.matched(hit, package, &own)?);
        }
        outcome.matches.sort_by(fold::precedence);
        if self.options.by_cve {
            outcome.cves = self.cves(&outcome.matches)?;
        }
        for error in found.incomparable {
            let handle = self.lookups.vulnerability(error.vulnerability)?;
            outcome.incomparable.push(IncomparableRecord {
                vulnerability: handle.name.clone(),
                provider: handle.provider.clone(),
                reason: error.reason,
            });
        }
        outcome.incomparable.sort();
        outcome.incomparable.dedup();
        Ok(outcome)
    }

    fn matched(&self, hit: Hit, package: &PackageInput, unaffected: &HashSet<String>) -> Result<Match, LookupError> {
        let names = hit.identity();
        let cleared = match () {
            () if names.iter().any(|name| unaffected.contains(&name.to_ascii_uppercase())) => {
                Some(OwnClearance::Unaffected)
            }
            () if is_name_collision(package, &hit.vulnerability.name) => Some(OwnClearance::OtherSoftware),
            () => None,
        };
        Ok(Match {
            vulnerability: self.enricher.vulnerability(&hit.vulnerability, &hit.namespace)?,
            related: self.enricher.related(&hit.vulnerability, &names, package)?,
            names: names.into_iter().map(str::to_owned).collect(),
            fix: hit.fix,
            detail: hit.detail,
            cleared,
        })
    }

    /// The names, upper case, of what is cleared in that scope.
    fn names(&self, found: &Found, scope: ClearanceScope) -> Result<HashSet<String>, LookupError> {
        let mut names = HashSet::new();
        for clearance in found.clearances.iter().filter(|clearance| clearance.scope == scope) {
            let handle = self.lookups.vulnerability(clearance.vulnerability)?;
            names.extend(identity(&handle, &clearance.blob).into_iter().map(str::to_ascii_uppercase));
        }
        Ok(names)
    }

    /// The NVD's record of the first CVE that any record names: findings are renamed to one of those.
    fn cves(&self, matches: &[Match]) -> Result<Vec<Arc<Vulnerability>>, LookupError> {
        let first = |record: &Arc<Vulnerability>| {
            std::iter::once(&record.id).chain(&record.aliases).find(|name| name.starts_with("CVE-")).cloned()
        };
        let names: BTreeSet<String> = matches.iter().flat_map(Match::records).filter_map(first).collect();
        let mut records = Vec::new();
        for name in names {
            records.extend(self.enricher.nvd(&name)?);
        }
        Ok(records)
    }
}
