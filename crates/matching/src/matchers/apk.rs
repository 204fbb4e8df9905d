//! Alpine, Wolfi, Chainguard (`spec/matching.md` §3.5).
//!
//! Their security databases list only what was *fixed*, so what is still open is looked up at the NVD by CPE, minus
//! everything the distribution has spoken about.

use std::collections::HashSet;

use windlass_advisories::{FixState, LookupError, PackageBlob, Standing};
use windlass_sbom::{Cpe, PackageType};

use super::{Matcher, by_distribution, direct, indirect};
use crate::{
    Fix, PackageInput,
    candidate::Candidate,
    search::{Found, Hit, Search, cpe, identity},
};

pub(super) const MATCHER: Matcher = Matcher { name: "apk-matcher", kinds: &[PackageType::Apk], find };

fn find(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    let mut found = by_distribution(search, candidate)?;
    found.hits.retain(|hit| !is_never_affected(&hit.blob));

    let mut open = cpe::find(search, candidate)?;
    for upstream in indirect(search, candidate) {
        let cpes = cpes_of_upstream(candidate.package, &upstream.names[0]);
        open.extend(cpe::find_by(search, candidate, &cpes)?);
    }
    let known = if open.hits.is_empty() { HashSet::new() } else { spoken_of(search, candidate)? };
    let is_open = |hit: &Hit| !hit.identity().iter().any(|name| known.contains(&name.to_ascii_uppercase()));
    open.hits.retain(is_open);
    for hit in &mut open.hits {
        // The NVD knows the version upstream fixed it in, not whether Alpine ships it.
        hit.fix = Fix { state: FixState::Unknown, ..Fix::default() };
    }
    found.extend(open);
    Ok(found)
}

/// Every name of every flaw that the distribution has a record of, for this package or its origin.
fn spoken_of(search: Search<'_>, candidate: &Candidate<'_>) -> Result<HashSet<String>, LookupError> {
    let mut names = HashSet::new();
    let Some(data) = candidate.distribution else { return Ok(names) };
    for query in std::iter::once(direct(search, candidate)).chain(indirect(search, candidate)) {
        for name in &query.names {
            for record in search.lookups.by_distribution(name, &data.base.ids, Standing::Affected)?.iter() {
                let handle = search.lookups.vulnerability(record.vulnerability)?;
                names.extend(identity(&handle, &record.blob).into_iter().map(str::to_ascii_uppercase));
            }
        }
    }
    Ok(names)
}

/// The package's CPEs under the name of its origin.
pub(crate) fn cpes_of_upstream(package: &PackageInput, upstream: &str) -> Vec<Cpe> {
    let own = package.name.as_str();
    let renamed = |word: &str| if word == own { upstream.to_owned() } else { word.to_owned() };
    let cpes = package.cpes.iter();
    let mut cpes: Vec<Cpe> = cpes
        .map(|cpe| Cpe { vendor: renamed(&cpe.vendor), product: renamed(&cpe.product), ..cpe.clone() })
        .filter(|cpe| !package.cpes.contains(cpe))
        .collect();
    cpes.dedup();
    cpes
}

/// A range below zero is how the security database says "this was never a flaw here".
fn is_never_affected(blob: &PackageBlob) -> bool {
    !blob.ranges.is_empty() && blob.ranges.iter().all(|range| range.version.constraint.replace(' ', "") == "<0")
}
