//! From packages and advisories to findings, with the coverage of every answer.
//!
//! [`match_sbom`] is a function of its three inputs: the bill of materials, a vulnerability database behind the
//! [`Advisories`](windlass_advisories::Advisories) trait, and [`Options`]. It reads no clock and no network, and its
//! result does not depend on the number of threads or the order of packages. The way of a package through it:
//!
//! 1. Its **distribution** is found among the releases of the database ([`Distribution`]), which may be another one's.
//! 2. The **matcher** of its type (one file each under `matchers/`) asks the shared **searches** (`search/`): by
//!    distribution under its own name and that of its source, by ecosystem, by CPE. Records are compared by version
//!    first and loaded only if they survive.
//! 3. Records of one flaw are **folded** into one [`Finding`], spoken for by whoever knows the package best.
//! 4. **Rules** take findings out ([`IgnoreRule`]), with the reason kept.
//! 5. What is left is **sorted** by risk, and [`Coverage`] says what the answer is worth: every package is either
//!    compared with a named source of a stated age, or listed with the reason why not. Nothing found in an artifact
//!    that could not be compared is [`State::Unknown`], never [`State::Clean`].
//!
//! The rules are those of `spec/matching.md` §1–§7; where the baseline errs, Windlass does what the specification
//! recommends, and [`Options::like_grype`] restores the baseline for comparison.

mod candidate;
mod content_key;
mod coverage;
mod cvss;
mod decoration;
mod distribution;
mod engine;
mod enrich;
mod explain;
mod finding;
mod fold;
mod ignore;
mod input;
mod inventory;
mod lookups;
mod matchers;
mod namespace;
mod options;
mod outcome;
mod ownership;
mod package_outcome;
mod qualifiers;
mod risk;
mod search;
mod severity;
mod stored;
mod surroundings;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod vex;

pub use content_key::{ContentKey, InvalidContentKey};
pub use coverage::{
    Coverage, DataSource, DistributionCoverage, Fit, Gap, GroupCoverage, GroupStanding, PackageFailure, RecordError,
    State,
};
pub use cvss::{Cvss, CvssKind, CvssMetrics};
pub use decoration::Decoration;
pub use distribution::{Distribution, InvalidDistribution};
pub use engine::{MatchError, compose, explain, match_packages, match_sbom};
pub use explain::{Consideration, Explanation, Verdict};
pub use finding::{
    AdvisoryLink, AlertKind, AvailableFix, Finding, Fix, FoundBy, IgnoredFinding, MatchDetail, MatchKind, PackageAlert,
    SearchKey, SearchedBy, Vulnerability,
};
pub use ignore::{IgnorePackage, IgnoreRule, InvalidIgnoreRule};
pub use input::{PackageInput, Upstream};
pub use inventory::Inventory;
pub use options::{ChannelMode, Channels, CpeUse, Options};
pub use outcome::Outcome;
pub use package_outcome::{IncomparableRecord, Match, OwnClearance, PackageOutcome};
pub use qualifiers::Refusal;
pub use risk::SortBy;
pub use severity::Severity;
pub use stored::{MissingRecord, Records, StoredFinding, StoredOutcome, StoredRest};
pub use surroundings::Surroundings;
pub use vex::{InvalidVex, UnmatchedStatement, VexDocument, VexStatus};
