//! What is decided before any package is compared: distributions, owners, and who is not compared at all.

use std::collections::{BTreeSet, HashMap};

use packageurl::PackageUrl;
use windlass_advisories::{Advisories, LookupError};
use windlass_sbom::{Package, PackageType, Sbom};

use crate::{
    AlertKind, Coverage, Distribution, DistributionCoverage, Fit, Gap, GroupStanding, Options, PackageAlert,
    PackageFailure, RecordError,
    candidate::Candidate,
    coverage::{Groups, Sources, of_ecosystem, of_release},
    distribution::DistributionData,
    lookups::Lookups,
    matchers,
    ownership::Ownership,
};

/// Per package what is known before it is compared; indexes are those of `Sbom::packages`.
pub(super) struct Prepared<'a> {
    purls: Vec<Option<PackageUrl<'a>>>,
    /// Index into `distributions` for packages of a known distribution.
    places: Vec<Option<usize>>,
    /// The artifact's own comes first, where it has one.
    distributions: Vec<DistributionData>,
    has_own: bool,
    pub(super) ownership: Ownership,
    /// Packages that their owner answers for.
    answered: HashMap<usize, usize>,
    sources: Sources,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(sbom: &'a Sbom, advisories: &dyn Advisories, options: &Options) -> Result<Self, LookupError> {
        let stated = options.distribution.clone().map(|mut distribution| {
            // A user names the release; what else the artifact shows of itself still holds.
            let shown = sbom.distro.as_ref().and_then(Distribution::of_artifact);
            distribution.extended_support |= shown.is_some_and(|shown| shown.extended_support);
            distribution
        });
        let own = stated.or_else(|| sbom.distro.as_ref().and_then(Distribution::of_artifact));
        let has_own = own.is_some();
        let mut known: Vec<Distribution> = own.into_iter().collect();
        let purl = |package: &'a Package| package.purl.as_deref().and_then(|text| text.parse().ok());
        let purls: Vec<Option<PackageUrl<'a>>> = sbom.packages.iter().map(purl).collect();
        let places = purls.iter().map(|purl| {
            if has_own {
                return Some(0);
            }
            let distribution = Distribution::parse(purl.as_ref()?.qualifiers().get("distro")?).ok()?;
            Some(known.iter().position(|other| *other == distribution).unwrap_or_else(|| {
                known.push(distribution);
                known.len() - 1
            }))
        });
        let places: Vec<Option<usize>> = places.collect();
        let ownership = Ownership::of(sbom);
        let answered = ownership.answered(sbom, known.first().filter(|_| has_own));
        let look_up = |distribution| DistributionData::look_up(distribution, advisories, options.channels);
        let distributions = known.into_iter().map(look_up).collect::<Result<_, _>>()?;
        Ok(Self { purls, places, distributions, has_own, ownership, answered, sources: Sources::of(advisories)? })
    }

    fn distribution(&self, index: usize) -> Option<&DistributionData> {
        self.places[index].map(|place| &self.distributions[place])
    }

    fn candidate(&'a self, index: usize, package: &'a Package) -> Candidate<'a> {
        let owns = self.ownership.owns_any(index);
        Candidate::new(index, package, self.purls[index].clone(), self.distribution(index), owns)
    }

    /// The packages to compare.
    pub(super) fn candidates(&'a self, sbom: &'a Sbom) -> Vec<Candidate<'a>> {
        let packages = sbom.packages.iter().enumerate();
        packages
            .filter(|(index, package)| has_version(package) && !self.answered.contains_key(index))
            .map(|(index, package)| self.candidate(index, package))
            .collect()
    }

    pub(super) fn coverage(
        &self,
        sbom: &Sbom,
        lookups: &Lookups<'_>,
        options: &Options,
        incomparable: Vec<(usize, crate::search::Incomparable)>,
        mut failures: Vec<PackageFailure>,
    ) -> Result<Coverage, LookupError> {
        failures.sort();
        let failed: BTreeSet<usize> = failures.iter().map(|failure| failure.package).collect();
        let mut groups = Groups::default();
        for (index, package) in sbom.packages.iter().enumerate() {
            let standing = match () {
                () if failed.contains(&index) => GroupStanding::Unknown(Gap::Failed),
                () if self.answered.contains_key(&index) => GroupStanding::Answered,
                () => self.standing(&self.candidate(index, package), options),
            };
            groups.add(package.kind, standing, &package.name);
        }
        let mut errors = Vec::new();
        for (package, error) in incomparable {
            let handle = lookups.vulnerability(error.vulnerability)?;
            errors.push(RecordError {
                vulnerability: handle.name.clone(),
                provider: handle.provider.clone(),
                package,
                reason: error.reason,
            });
        }
        errors.sort();
        errors.dedup();
        Ok(Coverage {
            distribution: self.distributions.first().filter(|_| self.has_own).map(|data| described(data, options)),
            groups: groups.finish(),
            unreadable: sbom.unknowns.clone(),
            incomparable: errors,
            failures,
        })
    }

    fn standing(&self, candidate: &Candidate<'_>, options: &Options) -> GroupStanding {
        let package = candidate.package;
        if !has_version(package) || matchers::is_unversioned_main_module(package, options) {
            return GroupStanding::Unknown(Gap::NoVersion);
        }
        if package.kind.is_os_package() {
            return match candidate.distribution {
                None => GroupStanding::Unknown(Gap::DistributionUnknown),
                Some(data) => self.standing_of_release(data, package.kind),
            };
        }
        if matches!(package.kind, PackageType::JavaArchive | PackageType::JenkinsPlugin)
            && matchers::coordinates(candidate).is_empty()
        {
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

    /// Warnings about packages of distributions that are unknown or past their end of life.
    pub(super) fn alerts(&self, sbom: &Sbom, options: &Options) -> Vec<PackageAlert> {
        let today = options.today.as_deref();
        let alert = |(index, package): (usize, &Package)| {
            let data = self.distribution(index).filter(|_| package.kind.is_os_package())?;
            let (kind, message) = if data.base.is_empty() {
                let name = &data.distribution;
                (AlertKind::DistroUnknown, format!("the vulnerability database has no data for {name}"))
            } else if data.is_past_end_of_life(today) {
                let (name, day) = (&data.distribution, &data.eol_date);
                (AlertKind::DistroEndOfLife, format!("{name} gets no security updates since {day}"))
            } else {
                return None;
            };
            Some(PackageAlert { package: index, kind, message })
        };
        sbom.packages.iter().enumerate().filter_map(alert).collect()
    }
}

fn has_version(package: &Package) -> bool {
    !package.name.is_empty() && !package.version.is_empty() && !package.version.eq_ignore_ascii_case("unknown")
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
        channel: data.channel.as_ref().map(|(name, _)| (*name).to_owned()),
        eol_date: data.eol_date.clone(),
        is_past_end_of_life: data.is_past_end_of_life(options.today.as_deref()),
    }
}
