//! What matching one package version found, whatever image it is in.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use windlass_advisories::LookupKey;

use crate::{Fix, MatchDetail, Vulnerability, enrich};

/// The answer about one [`PackageInput`](crate::PackageInput). Records are held as `V`: in memory by themselves, stored
/// ([`StoredOutcome`](crate::StoredOutcome)) by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "V: Deserialize<'de>"))]
pub struct PackageOutcome<V = Arc<Vulnerability>> {
    /// Every record that applies, in the order of who speaks first for a flaw.
    pub matches: Vec<Match<V>>,
    /// Names, upper case and sorted, of the flaws that its distribution has fixed or denies in this version; only of
    /// packages that own others, since it clears those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// Records that could not be compared; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomparable: Vec<IncomparableRecord>,
    /// Why its matcher failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The NVD's records that findings may be renamed to; only with `Options::by_cve`.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub cves: Vec<V>,
}

/// A record that applies to a package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "V: Deserialize<'de>"))]
pub struct Match<V = Arc<Vulnerability>> {
    pub vulnerability: V,
    /// What the NVD and GitHub say under its names.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<V>,
    /// Every name the flaw goes by: the record's own, its aliases, and the CVEs it concerns for this package.
    pub names: Vec<String>,
    pub fix: Fix,
    pub detail: MatchDetail,
    /// Why it is none, where the package alone shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<OwnClearance>,
}

/// Why a match is no finding in any image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnClearance {
    /// A source says that this version is not affected.
    Unaffected,
    /// The flaw is known to be one of other software of the same name.
    OtherSoftware,
}

/// A record that could not be compared with the package's version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IncomparableRecord {
    pub vulnerability: String,
    pub provider: String,
    pub reason: String,
}

impl Match {
    pub(crate) fn namespace(&self) -> &str {
        &self.vulnerability.namespace
    }

    /// The records it tells of.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<Vulnerability>> {
        std::iter::once(&self.vulnerability).chain(&self.related)
    }
}

impl PackageOutcome {
    /// What the answer depends on because of what was found, sorted: what others say of the same flaws. With
    /// [`PackageInput::lookup_keys`](crate::PackageInput::lookup_keys) these are all the keys it depends on.
    pub fn lookup_keys(&self) -> Vec<LookupKey> {
        let mut keys = Vec::new();
        for one in &self.matches {
            let of_records = one.records().flat_map(|record| std::iter::once(&record.id).chain(&record.aliases));
            for name in one.names.iter().chain(of_records) {
                keys.extend(enrich::describing(name).map(|provider| LookupKey::record(provider, name)));
            }
            keys.extend(one.records().flat_map(|record| &record.cves).map(|cve| LookupKey::cve(cve)));
        }
        keys.sort();
        keys.dedup();
        keys
    }
}

impl<V> Match<V> {
    /// The same with records held otherwise.
    pub(crate) fn try_map<W, E>(&self, to: &mut impl FnMut(&V) -> Result<W, E>) -> Result<Match<W>, E> {
        Ok(Match {
            vulnerability: to(&self.vulnerability)?,
            related: self.related.iter().map(&mut *to).collect::<Result<_, E>>()?,
            names: self.names.clone(),
            fix: self.fix.clone(),
            detail: self.detail.clone(),
            cleared: self.cleared,
        })
    }
}
