//! What a result is worth: which packages were compared with whose data, and which were not, and why.
//!
//! "No findings" means something only beside this. [`State`] keeps the three answers apart.

mod providers;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_advisories::{Advisories, LookupError, Provider};
use windlass_sbom::{PackageType, Unknown};

pub(crate) use providers::{of_ecosystem, of_release};

/// The answer of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Everything was compared, and nothing was found.
    Clean,
    /// Something was found.
    Vulnerable,
    /// Nothing was found, but not everything could be compared.
    Unknown,
}

impl State {
    /// `clean`, `vulnerable`, `unknown`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Vulnerable => "vulnerable",
            Self::Unknown => "unknown",
        }
    }
}

/// How much of an artifact was compared, and with what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// `None` where the artifact names none.
    pub distribution: Option<DistributionCoverage>,
    /// Every package is in exactly one group; sorted.
    pub groups: Vec<GroupCoverage>,
    /// What the artifact holds that could not be read.
    pub unreadable: Vec<Unknown>,
    /// Records that could not be compared with a package; sorted.
    pub incomparable: Vec<RecordError>,
    /// Packages whose matcher failed; sorted.
    pub failures: Vec<PackageFailure>,
}

/// The distribution and the data that stands for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionCoverage {
    /// `debian 12.5`
    pub name: String,
    /// The releases whose records were read, such as `debian 12` or, for Rocky Linux, `redhat 9.4`; empty: none.
    pub read_as: Vec<String>,
    pub fit: Fit,
    /// Name of the support channel whose fixes counted.
    pub channel: Option<String>,
    /// Last day of security updates, `YYYY-MM-DD`; empty where unknown.
    pub eol_date: String,
    /// That day has passed: vulnerabilities found since are in nobody's data.
    pub is_past_end_of_life: bool,
}

/// How well the releases of the database fit the artifact's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Fit {
    /// The same release.
    #[default]
    Exact,
    /// The same major release, which is how the source keys its records.
    Major,
    /// Other minor releases of the same major one, for lack of this one: a guess.
    OtherMinor,
}

/// Packages that fared alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupCoverage {
    pub kind: PackageType,
    pub standing: GroupStanding,
    pub packages: usize,
    /// The first few names, sorted.
    pub examples: Vec<String>,
}

/// What became of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupStanding {
    /// Compared with the data of these sources.
    Matched(Vec<DataSource>),
    /// Files of packages whose distribution answers for them; compared as those.
    Answered,
    /// Not compared.
    Unknown(Gap),
}

/// A source and how old its data is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataSource {
    pub provider: String,
    /// RFC 3339, UTC; `None` where the database does not say.
    pub captured: Option<String>,
}

/// Why packages were not compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gap {
    /// The artifact does not say which distribution it is.
    DistributionUnknown,
    /// The database has nothing for it.
    NoDataForDistribution(String),
    /// It has records of other minor releases only; these were used.
    OtherReleaseOnly(String),
    /// No version, or none that means anything, such as `(devel)`.
    NoVersion,
    /// The database has no source for the ecosystem.
    NoProvider(String),
    /// A Java archive without group and artifact.
    NoCoordinates,
    /// Only a CPE could be searched, and the package has none.
    NoCpe,
    /// The matcher failed; see [`Coverage::failures`].
    Failed,
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DistributionUnknown => f.write_str("the distribution is unknown"),
            Self::NoDataForDistribution(name) => write!(f, "the database has no data for {name}"),
            Self::OtherReleaseOnly(name) => {
                write!(f, "the database has no data for {name}, only for other releases, which were used instead")
            }
            Self::NoVersion => f.write_str("the version is unknown"),
            Self::NoProvider(ecosystem) => write!(f, "the database has no source for {ecosystem} packages"),
            Self::NoCoordinates => f.write_str("the archive does not say its Maven group"),
            Self::NoCpe => f.write_str("nothing says which product it is"),
            Self::Failed => f.write_str("matching failed"),
        }
    }
}

/// A record that could not be compared with a package's version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordError {
    pub vulnerability: String,
    pub provider: String,
    /// Index into `Sbom::packages`.
    pub package: usize,
    pub reason: String,
}

/// A package whose matcher failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageFailure {
    /// Index into `Sbom::packages`.
    pub package: usize,
    pub reason: String,
}

impl Coverage {
    /// Whether everything the artifact holds was compared with current data.
    pub fn is_complete(&self) -> bool {
        let is_unknown = |group: &GroupCoverage| matches!(group.standing, GroupStanding::Unknown(_));
        !self.groups.is_empty()
            && !self.groups.iter().any(is_unknown)
            && self.unreadable.is_empty()
            && self.incomparable.is_empty()
            && self.failures.is_empty()
            && !self.distribution.as_ref().is_some_and(|own| own.is_past_end_of_life)
    }

    /// How many packages were not compared.
    pub fn unmatched_packages(&self) -> usize {
        let unknown = |group: &&GroupCoverage| matches!(group.standing, GroupStanding::Unknown(_));
        self.groups.iter().filter(unknown).map(|group| group.packages).sum()
    }
}

/// Names kept per group: enough to recognise it.
const EXAMPLES: usize = 5;

/// Collects packages into groups.
#[derive(Default)]
pub(crate) struct Groups {
    groups: BTreeMap<(PackageType, GroupStanding), Vec<String>>,
}

impl Groups {
    pub(crate) fn add(&mut self, kind: PackageType, standing: GroupStanding, name: &str) {
        self.groups.entry((kind, standing)).or_default().push(name.to_owned());
    }

    pub(crate) fn finish(self) -> Vec<GroupCoverage> {
        let group = |((kind, standing), mut names): ((PackageType, GroupStanding), Vec<String>)| {
            let packages = names.len();
            names.sort();
            names.dedup();
            names.truncate(EXAMPLES);
            GroupCoverage { kind, standing, packages, examples: names }
        };
        self.groups.into_iter().map(group).collect()
    }
}

/// The sources of a database, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sources(Vec<Provider>);

impl Sources {
    pub(crate) fn of(advisories: &dyn Advisories) -> Result<Self, LookupError> {
        advisories.providers().map(Self)
    }

    /// Those of these ids that the database has, sorted.
    pub(crate) fn among(&self, ids: &[&str]) -> Vec<DataSource> {
        let wanted = self.0.iter().filter(|provider| ids.contains(&provider.id.as_str()));
        let mut sources: Vec<DataSource> = wanted
            .map(|provider| DataSource { provider: provider.id.clone(), captured: provider.date_captured.clone() })
            .collect();
        sources.sort();
        sources
    }
}
