//! Debian and what descends from it.

use windlass_advisories::LookupError;
use windlass_sbom::PackageType;
use windlass_versions::MissingEpoch;

use super::{Matcher, by_cpe_past_end_of_life, direct, indirect};
use crate::{
    candidate::Candidate,
    search::{Found, Query, Search, channel, distribution},
};

pub(super) const MATCHER: Matcher = Matcher { name: "dpkg-matcher", kinds: &[PackageType::Deb], find };

fn find(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    let mut found = by_cpe_past_end_of_life(search, candidate)?;
    for query in std::iter::once(direct(search, candidate)).chain(indirect(search, candidate)) {
        // Debian policy: a missing epoch is zero, always.
        let query = Query { missing_epoch: MissingEpoch::Zero, ..query };
        found.extend(match candidate.distribution.and_then(|data| data.channel.as_ref()) {
            Some((_, esm)) => channel::find(search, candidate, &query, esm, &|_| true)?,
            None => distribution::find(search, candidate, &query)?,
        });
    }
    Ok(found)
}
