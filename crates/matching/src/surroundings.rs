//! What matching reads of a database beside records: its sources, and what it knows of distributions.

use serde::{Deserialize, Serialize};
use windlass_advisories::{Advisories, LookupError};
use windlass_sbom::{PackageType, Sbom};

use crate::{
    AlertKind, Distribution, DistributionCoverage, Fit, Gap, GroupStanding, Inventory, Options, PackageAlert,
    PackageInput,
    coverage::{Sources, of_ecosystem, of_release},
    distribution::DistributionData,
    matchers,
};

/// A small part of one database, for some distributions; serialisable, so that an outcome can be composed without the
/// database. It changes with every database: the age of the sources is part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    sources: Sources,
    distributions: Vec<DistributionData>,
}

impl Surroundings {
    /// What the database knows of these distributions. Of the options the channels count.
    pub fn look_up(
        distributions: impl IntoIterator<Item = Distribution>,
        advisories: &dyn Advisories,
        options: &Options,
    ) -> Result<Self, LookupError> {
        let look_up = |distribution| DistributionData::look_up(distribution, advisories, options.channels);
        let distributions = distributions.into_iter().map(look_up).collect::<Result<_, _>>()?;
        Ok(Self { sources: Sources::of(advisories)?, distributions })
    }

    fn of(&self, distribution: &Distribution) -> Option<&DistributionData> {
        self.distributions.iter().find(|data| data.distribution == *distribution)
    }

    /// The release of an operating system package.
    pub(crate) fn of_package(&self, package: &PackageInput) -> Option<&DistributionData> {
        package.distribution.as_ref().filter(|_| package.kind.is_os_package()).and_then(|own| self.of(own))
    }

    /// Whose data a package is compared with, or why with none. A matcher's failure is told by the
    /// [outcome](crate::PackageOutcome::failure).
    pub fn standing(&self, package: &PackageInput, options: &Options) -> GroupStanding {
        if !package.has_version() || matchers::is_unversioned_main_module(package, options) {
            return GroupStanding::Unknown(Gap::NoVersion);
        }
        if package.kind.is_os_package() {
            return match self.of_package(package) {
                None => GroupStanding::Unknown(Gap::DistributionUnknown),
                Some(data) => self.standing_of_release(data, package.kind),
            };
        }
        if matches!(package.kind, PackageType::JavaArchive | PackageType::JenkinsPlugin) && package.names.is_empty() {
            return GroupStanding::Unknown(Gap::NoCoordinates);
        }
        let mut ids = of_ecosystem(package.kind).to_vec();
        let by_cpe = matchers::searches_by_cpe(package, options);
        if by_cpe && !package.cpes.is_empty() {
            ids.push("nvd");
        }
        let sources = self.sources.among(&ids);
        if !sources.is_empty() {
            return GroupStanding::Matched(sources);
        }
        let is_nameless = by_cpe && ids.is_empty();
        let ecosystem = || package.kind.as_str().to_owned();
        GroupStanding::Unknown(if is_nameless { Gap::NoCpe } else { Gap::NoProvider(ecosystem()) })
    }

    fn standing_of_release(&self, data: &DistributionData, kind: PackageType) -> GroupStanding {
        let name = data.distribution.to_string();
        let gap = match data.base.fit {
            _ if data.base.is_empty() => Gap::NoDataForDistribution(name),
            Fit::OtherMinor => Gap::OtherReleaseOnly(name),
            Fit::Exact | Fit::Major => {
                let mut ids: Vec<&str> = data.base.rows.iter().flat_map(|(_, row)| of_release(row)).collect();
                if !data.alma.is_empty() {
                    ids.push("alma");
                }
                if kind == PackageType::Apk {
                    ids.push("nvd");
                }
                return GroupStanding::Matched(self.sources.among(&ids));
            }
        };
        GroupStanding::Unknown(gap)
    }

    /// The data that stands for the artifact's own distribution.
    pub(crate) fn described(&self, inventory: &Inventory, options: &Options) -> Option<DistributionCoverage> {
        let own = inventory.distribution()?;
        self.of(&own).map(|data| described(data, options))
    }

    /// Warnings about packages of distributions that are unknown or past their end of life.
    pub(crate) fn alerts(&self, sbom: &Sbom, inventory: &Inventory, options: &Options) -> Vec<PackageAlert> {
        let today = options.today.as_deref();
        let alert = |package: usize| {
            let data = self.of_package(&inventory.inputs()[inventory.input(package)?])?;
            let (kind, message) = if data.base.is_empty() {
                let name = &data.distribution;
                (AlertKind::DistroUnknown, format!("the vulnerability database has no data for {name}"))
            } else if data.is_past_end_of_life(today) {
                let (name, day) = (&data.distribution, &data.eol_date);
                (AlertKind::DistroEndOfLife, format!("{name} gets no security updates since {day}"))
            } else {
                return None;
            };
            Some(PackageAlert { package, kind, message })
        };
        (0..sbom.packages.len()).filter_map(alert).collect()
    }
}

fn described(data: &DistributionData, options: &Options) -> DistributionCoverage {
    let release = |row: &windlass_advisories::OperatingSystem| {
        let version = match (row.major_version.as_str(), row.minor_version.as_str()) {
            ("", _) => row.label_version.clone(),
            (major, "") => major.to_owned(),
            (major, minor) => format!("{major}.{minor}"),
        };
        format!("{} {version}", row.name).trim_end().to_owned()
    };
    DistributionCoverage {
        name: data.distribution.to_string(),
        read_as: data.base.rows.iter().map(|(_, row)| release(row)).collect(),
        fit: data.base.fit,
        channel: data.channel.as_ref().map(|(name, _)| name.clone()),
        eol_date: data.eol_date.clone(),
        is_past_end_of_life: data.is_past_end_of_life(options.today.as_deref()),
    }
}
