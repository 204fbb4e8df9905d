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
//! # Package versions apart from images
//!
//! An image is the sum of its packages and of what they are to each other, and [`match_sbom`] is a composition of these
//! parts, which a service uses one by one:
//!
//! | part | asks the database | what it does |
//! |---|---|---|
//! | [`Inventory::of`] | no | a bill of materials as distinct [`PackageInput`]s, and who owns whom |
//! | [`match_packages`] | records | inputs to [`PackageOutcome`]s, whatever images they are in |
//! | [`Surroundings::look_up`] | small tables | sources and their age, releases of distributions |
//! | [`Answer::new`] | no | the findings of an outcome, which images share |
//! | [`compose`] | no | answers put together: owners, folding, ignore rules, VEX, order, coverage, alerts |
//!
//! Who matches one image after the other keeps the [`Answer`]s of the inputs they share, as [`Matcher`] does: all that
//! is left to do for an image is to compose it.
//!
//! A store interns inputs by [`PackageInput::key`] and keeps, written with serde and read back without loss:
//!
//! * per input: the input, its [look-up keys](PackageInput::lookup_keys) and those of its
//!   [outcome](PackageOutcome::lookup_keys), and the [`StoredRest`] of its outcome;
//! * per finding of an input: a [`StoredFinding`] with the times it was opened and closed ([`StoredOutcome::changes_to`]);
//! * per vulnerability record: the record by its [`ContentKey`] ([`Records`]), and per CVE a [`Decoration`];
//! * per package of an image: the key of its input ([`Inventory::input`]), whether its owner answers for it
//!   ([`Inventory::owner`]), and which findings its owner clears ([`Inventory::cleared`]). What ignore rules and VEX
//!   documents take out depends on who asks, and is applied when an outcome is composed.
//!
//! "Which images does this CVE affect?" is then answered by rows: open findings with that name, joined over the input to
//! packages that are not answered for and do not have the finding cleared.
//!
//! When a new database arrives, `windlass_vulnerabilities::changes` says which [`LookupKey`]s have another answer. The
//! inputs that depend on one of these are matched again; all others have the outcome they had, except that
//! [decorations](Vulnerability::decorated) are read anew. Images are touched where an input of theirs has another
//! outcome; an owner's outcome counts for the packages it owns. Two things change outcomes without any record:
//! other [`Options`], and the [day](Options::today) with `cpes.end_of_life`.
//!
//! [`LookupKey`]: windlass_advisories::LookupKey
//!
//! # Rules
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
mod finding_changes;
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
pub use engine::{Answer, MatchError, Matcher, compose, explain, match_packages, match_sbom};
pub use enrich::describe;
pub use explain::{Consideration, Explanation, Verdict};
pub use finding::{
    AdvisoryLink, AlertKind, AvailableFix, Finding, Fix, Flaw, FoundBy, IgnoredFinding, MatchDetail, MatchKind,
    PackageAlert, SearchKey, SearchedBy, Vulnerability,
};
pub use finding_changes::FindingChanges;
pub use ignore::{IgnorePackage, IgnoreRule, InvalidIgnoreRule};
pub use input::{PackageInput, Upstream};
pub use inventory::Inventory;
pub use namespace::{namespace_of_package, namespace_of_products, namespace_of_release};
pub use options::{ChannelMode, Channels, CpeUse, Options};
pub use outcome::Outcome;
pub use package_outcome::{IncomparableRecord, Match, OwnClearance, PackageOutcome};
pub use qualifiers::Refusal;
pub use risk::SortBy;
pub use severity::Severity;
pub use stored::{MissingRecord, Records, StoredFinding, StoredOutcome, StoredRest};
pub use surroundings::Surroundings;
pub use vex::{InvalidVex, UnmatchedStatement, VexDocument, VexStatus};
