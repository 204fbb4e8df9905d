//! What to upgrade: for each package the version that clears the most.

use std::{cmp::Ordering, collections::BTreeMap};

use windlass_matching::{Outcome, Severity};
use windlass_sbom::Sbom;
use windlass_versions::{Format, Version};

/// One package to move, and what that clears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgrade {
    pub name: String,
    pub kind: windlass_sbom::PackageType,
    pub installed: String,
    /// The highest of the versions that fix one of its findings: it fixes them all.
    pub to: String,
    /// Findings that are cleared.
    pub clears: usize,
    /// The worst of them.
    pub worst: Severity,
    /// How often the package is installed.
    pub places: usize,
}

/// The upgrades that clear every finding that a known version fixes: the worst first, then those that clear most.
pub fn upgrades(sbom: &Sbom, outcome: &Outcome) -> Vec<Upgrade> {
    let mut by_package: BTreeMap<(&str, &str, &str), Upgrade> = BTreeMap::new();
    let mut places: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for finding in &outcome.findings {
        let (Some(to), Some(package)) = (&finding.fix.suggested, sbom.packages.get(finding.package)) else { continue };
        let key = (package.name.as_str(), package.version.as_str(), package.kind.as_str());
        let upgrade = by_package.entry(key).or_insert_with(|| Upgrade {
            name: package.name.clone(),
            kind: package.kind,
            installed: package.version.clone(),
            to: to.clone(),
            clears: 0,
            worst: Severity::Unknown,
            places: 0,
        });
        upgrade.clears += 1;
        upgrade.worst = upgrade.worst.max(finding.severity());
        if is_higher(to, &upgrade.to, Format::of_package_type(package.kind.as_str())) {
            upgrade.to.clone_from(to);
        }
        let places = places.entry(key).or_default();
        if !places.contains(&finding.package) {
            places.push(finding.package);
        }
    }
    let mut upgrades: Vec<_> = by_package
        .into_iter()
        .map(|(key, mut upgrade)| {
            upgrade.places = places.get(&key).map_or(0, Vec::len);
            upgrade
        })
        .collect();
    upgrades.sort_by(|a, b| b.worst.cmp(&a.worst).then(b.clears.cmp(&a.clears)).then_with(|| a.name.cmp(&b.name)));
    upgrades
}

fn is_higher(candidate: &str, current: &str, format: Format) -> bool {
    let parse = |text: &str| Version::parse(text, format).ok();
    match (parse(candidate), parse(current)) {
        (Some(candidate), Some(current)) => candidate.compare(&current).is_ok_and(|order| order == Ordering::Greater),
        // A version that cannot be read is the poorer advice.
        (candidate, current) => candidate.is_some() && current.is_none(),
    }
}
