//! Why a vulnerability was or was not found.

use std::sync::{Mutex, PoisonError};

use crate::{Finding, IgnoredFinding, MatchKind, Refusal};

/// The answer to "what about this CVE?" for one artifact.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The name that was asked for.
    pub id: String,
    /// Other names of the same flaw, sorted.
    pub aliases: Vec<String>,
    /// Whether the database has any record of it.
    pub is_known: bool,
    /// Every record that was compared with a package, sorted by package, record and constraint. A package without
    /// an entry has no record of this vulnerability under any of the names it is searched by.
    pub considerations: Vec<Consideration>,
    /// What remained.
    pub findings: Vec<Finding>,
    /// What a rule took out.
    pub ignored: Vec<IgnoredFinding>,
}

/// One record compared with one package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Consideration {
    /// Index into `Sbom::packages`.
    pub package: usize,
    /// Name of the record.
    pub record: String,
    pub provider: String,
    pub kind: MatchKind,
    pub matcher: &'static str,
    /// The version that was compared.
    pub version: String,
    /// Empty: every version.
    pub constraint: String,
    /// The format the record writes the constraint in.
    pub format: String,
    pub verdict: Verdict,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The version is in an affected range.
    Affected,
    /// It is not: an older branch, or fixed.
    OutsideRange,
    /// The source says that this package is not affected, or a channel has fixed it.
    Unaffected,
    /// A condition of the record does not hold.
    Refused(Refusal),
    /// The source took the record back.
    Withdrawn,
    /// The versions cannot be compared; why.
    Incomparable(String),
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Affected => f.write_str("the version is in the affected range"),
            Self::OutsideRange => f.write_str("the version is outside the affected range"),
            Self::Unaffected => f.write_str("the source says the package is not affected"),
            Self::Refused(refusal) => write!(f, "the record does not apply: {}", refusal.as_str()),
            Self::Withdrawn => f.write_str("the source has withdrawn the record"),
            Self::Incomparable(reason) => write!(f, "the versions could not be compared: {reason}"),
        }
    }
}

/// Collects what searches see of one vulnerability.
pub(crate) struct Trace {
    names: Vec<String>,
    seen: Mutex<Vec<Consideration>>,
}

impl Trace {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names, seen: Mutex::default() }
    }

    pub(crate) fn concerns(&self, identity: &[&str]) -> bool {
        identity.iter().any(|name| self.names.iter().any(|own| own.eq_ignore_ascii_case(name)))
    }

    pub(crate) fn record(&self, consideration: Consideration) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(consideration);
    }

    /// In an order that no thread decides, each for every package of the input it was made of.
    pub(crate) fn into_considerations(self, packages: &[Vec<usize>]) -> Vec<Consideration> {
        let seen = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let of_packages = seen
            .iter()
            .flat_map(|one| packages[one.package].iter().map(|&package| Consideration { package, ..one.clone() }));
        let mut seen: Vec<Consideration> = of_packages.collect();
        seen.sort();
        seen.dedup();
        seen
    }
}
