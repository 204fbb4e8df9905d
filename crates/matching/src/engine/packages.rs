//! Every package compared, on as many threads as pay.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
};

use windlass_advisories::LookupError;
use windlass_sbom::Sbom;

use crate::{
    IgnoreRule, Options, PackageFailure,
    candidate::Candidate,
    explain::Trace,
    ignore::is_name_collision,
    lookups::Lookups,
    matchers,
    ownership::Ownership,
    search::{Clearance, ClearanceScope, Found, Hit, Incomparable, Search, identity},
};

/// Below this many packages a thread costs more than it saves.
const PACKAGES_PER_THREAD: usize = 64;

/// What was found, by package index.
#[derive(Default)]
pub(super) struct Matched {
    pub(super) found: BTreeMap<usize, Vec<Hit>>,
    /// Hits that a clearance took out, with the reason.
    pub(super) cleared: BTreeMap<usize, Vec<(Hit, IgnoreRule)>>,
    clearances: Vec<(usize, Clearance)>,
    pub(super) incomparable: Vec<(usize, Incomparable)>,
    pub(super) failures: Vec<PackageFailure>,
}

type PerPackage = (usize, Result<Found, String>);

pub(super) fn match_all(
    candidates: &[Candidate<'_>],
    lookups: &Lookups<'_>,
    options: &Options,
    trace: Option<&Trace>,
) -> Result<Matched, LookupError> {
    let match_some = |candidates: &[Candidate<'_>]| -> Result<Vec<PerPackage>, LookupError> {
        candidates.iter().map(|candidate| match_one(candidate, lookups, options, trace)).collect()
    };
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, NonZero::get),
        chosen => chosen,
    };
    let threads = threads.min(candidates.len().div_ceil(PACKAGES_PER_THREAD)).max(1);
    let chunks = candidates.chunks(candidates.len().div_ceil(threads).max(1));
    let results: Vec<_> = if threads == 1 {
        chunks.map(match_some).collect()
    } else {
        std::thread::scope(|scope| {
            let running: Vec<_> = chunks.map(|chunk| scope.spawn(move || match_some(chunk))).collect();
            // A matcher's panic is caught where it happens, so a thread ends only with an answer.
            running.into_iter().map(|thread| thread.join().expect("the thread catches panics")).collect()
        })
    };

    let mut matched = Matched::default();
    for result in results {
        for (package, found) in result? {
            match found {
                Ok(found) => matched.add(package, found),
                Err(reason) => matched.failures.push(PackageFailure { package, reason }),
            }
        }
    }
    Ok(matched)
}

/// A panic concerns one package, and must not take the others with it.
fn match_one(
    candidate: &Candidate<'_>,
    lookups: &Lookups<'_>,
    options: &Options,
    trace: Option<&Trace>,
) -> Result<PerPackage, LookupError> {
    let matcher = matchers::for_kind(candidate.package.kind);
    let search = Search { lookups, options, trace, matcher: matcher.name };
    let found = match catch_unwind(AssertUnwindSafe(|| (matcher.find)(search, candidate))) {
        Ok(found) => Ok(found?),
        Err(panic) => Err(match panic.downcast_ref::<&str>() {
            Some(message) => (*message).to_owned(),
            None => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "no message".into()),
        }),
    };
    Ok((candidate.index, found))
}

impl Matched {
    fn add(&mut self, package: usize, found: Found) {
        if !found.hits.is_empty() {
            self.found.insert(package, found.hits);
        }
        self.clearances.extend(found.clearances.into_iter().map(|clearance| (package, clearance)));
        self.incomparable.extend(found.incomparable.into_iter().map(|error| (package, error)));
    }

    /// Takes out what a package's distribution has fixed, what a source says is not affected, and name collisions.
    pub(super) fn clear(
        &mut self,
        sbom: &Sbom,
        ownership: &Ownership,
        lookups: &Lookups<'_>,
    ) -> Result<(), LookupError> {
        let mut names: HashMap<(usize, ClearanceScope), HashSet<String>> = HashMap::new();
        for (package, clearance) in &self.clearances {
            let targets: Vec<usize> = match clearance.scope {
                ClearanceScope::Own => vec![*package],
                ClearanceScope::Owned => ownership.owned_by(*package).collect(),
            };
            // Most of what a distribution fixed concerns packages without any findings.
            for target in targets.into_iter().filter(|target| self.found.contains_key(target)) {
                let handle = lookups.vulnerability(clearance.vulnerability)?;
                let identity = identity(&handle, &clearance.blob).into_iter().map(str::to_ascii_uppercase);
                names.entry((target, clearance.scope)).or_default().extend(identity);
            }
        }
        let cleared_by = |package: usize, hit: &Hit| -> Option<&'static str> {
            let is_cleared = |scope| {
                names
                    .get(&(package, scope))
                    .is_some_and(|names| hit.identity().iter().any(|name| names.contains(&name.to_ascii_uppercase())))
            };
            match () {
                () if is_cleared(ClearanceScope::Own) => Some("UnaffectedPackageEntry"),
                () if is_cleared(ClearanceScope::Owned) => Some("DistroPackageFixed"),
                () if is_name_collision(&sbom.packages[package], &hit.vulnerability.name) => {
                    Some("another software of the same name")
                }
                () => None,
            }
        };
        let found = std::mem::take(&mut self.found);
        for (package, hits) in found {
            for hit in hits {
                match cleared_by(package, &hit) {
                    None => self.found.entry(package).or_default().push(hit),
                    Some(reason) => {
                        let rule = IgnoreRule {
                            vulnerability: hit.vulnerability.name.clone(),
                            reason: reason.into(),
                            ..IgnoreRule::default()
                        };
                        self.cleared.entry(package).or_default().push((hit, rule));
                    }
                }
            }
        }
        Ok(())
    }
}
