//! Records keyed by a language ecosystem, tied to no distribution.

use std::sync::Arc;

use windlass_advisories::{LookupError, Standing, Status, VulnerabilityHandle};

use super::{Clearance, ClearanceScope, Found, Incomparable, Query, Search, Standpoint};
use crate::{Verdict, candidate::Candidate};

/// Searches the ecosystem of the package's type.
pub(crate) fn find(search: Search<'_>, candidate: &Candidate<'_>, query: &Query) -> Result<Found, LookupError> {
    let ecosystem = search.lookups.ecosystem(candidate.package.kind.as_str())?;
    let mut found = Found::default();
    for name in &query.names {
        for record in search.lookups.by_ecosystem(name, &ecosystem, Standing::Affected)?.iter() {
            let note = |verdict: Verdict| search.note(candidate, query, record.vulnerability, &record.blob, || verdict);
            if let Err(refusal) = search.refuse(candidate, query, &record.blob, Standing::Affected) {
                note(Verdict::Refused(refusal))?;
                continue;
            }
            match search.standpoint(&record.blob, candidate.package.format(), query) {
                Standpoint::Outside => note(Verdict::OutsideRange)?,
                Standpoint::Incomparable(reason) => {
                    note(Verdict::Incomparable(reason.clone()))?;
                    found.incomparable.push(Incomparable { vulnerability: record.vulnerability, reason });
                }
                Standpoint::Inside => {
                    let handle = search.lookups.vulnerability(record.vulnerability)?;
                    if is_withdrawn(&handle) {
                        note(Verdict::Withdrawn)?;
                        continue;
                    }
                    note(Verdict::Affected)?;
                    found.hits.push(search.hit(candidate, query, handle, &record.blob, None));
                }
            }
        }
    }
    if found.hits.is_empty() {
        return Ok(found);
    }
    for name in &query.names {
        for record in search.lookups.by_ecosystem(name, &ecosystem, Standing::Unaffected)?.iter() {
            let applies = search.refuse(candidate, query, &record.blob, Standing::Unaffected).is_ok()
                && search.standpoint(&record.blob, candidate.package.format(), query) == Standpoint::Inside;
            if applies {
                search.note(candidate, query, record.vulnerability, &record.blob, || Verdict::Unaffected)?;
                found.clearances.push(Clearance {
                    vulnerability: record.vulnerability,
                    blob: Arc::clone(&record.blob),
                    scope: ClearanceScope::Own,
                });
            }
        }
    }
    Ok(found)
}

/// Taken back by its source.
pub(crate) fn is_withdrawn(vulnerability: &VulnerabilityHandle) -> bool {
    vulnerability.status == Status::Rejected || vulnerability.withdrawn.is_some()
}
