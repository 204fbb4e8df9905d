//! The smallest change that clears an image: which packages to upgrade, and what remains to be done otherwise.

use serde_json::Value;
use windlass_sbom::Package;
use windlass_versions::{Format, Version};

use crate::{About, Action, Evaluation, FindingFact, Image, Problem, evaluation::Row};

/// What keeps an image from passing, sorted by what removes it.
#[derive(Debug)]
pub struct Clearance<'e> {
    /// Packages whose upgrade removes findings, in the order of their first finding.
    pub upgrades: Vec<Upgrade<'e>>,
    /// Findings that no upgrade removes: the image, its files or the rule must change, or the finding be accepted.
    pub remaining: Vec<&'e Row<'e>>,
    /// Rules that could not be evaluated.
    pub problems: Vec<&'e Problem>,
    /// The entry of the list of denied images, which no change of findings undoes.
    pub denied: Option<&'e Value>,
}

/// A package and the version that removes findings from it.
#[derive(Debug)]
pub struct Upgrade<'e> {
    pub package: &'e Package,
    /// The highest of the versions that are suggested for its findings.
    pub to: &'e str,
    /// The findings that it removes.
    pub clears: Vec<&'e Row<'e>>,
}

impl Evaluation<'_> {
    /// The plan for a stopped image; `None` for one that passes. `image` is the one that was evaluated.
    pub fn clearance<'e>(&'e self, image: &'e Image<'_>) -> Option<Clearance<'e>> {
        if self.final_action != Action::Stop {
            return None;
        }
        let mut clearance = Clearance {
            upgrades: Vec::new(),
            remaining: Vec::new(),
            problems: self.problems.iter().filter(|problem| problem.stops()).collect(),
            denied: self.denied_image,
        };
        for (_, row) in self.rows().filter(|(_, row)| row.action == Action::Stop) {
            match suggestion(row, image) {
                Some((finding, version)) => clearance.upgrade(finding, version, row),
                None => clearance.remaining.push(row),
            }
        }
        Some(clearance)
    }
}

/// The finding that a row is about, and the version that is suggested for it.
fn suggestion<'e>(row: &Row<'_>, image: &'e Image<'_>) -> Option<(&'e FindingFact<'e>, &'e str)> {
    let About::Finding(index) = row.about else { return None };
    let finding = image.findings().get(index)?;
    Some((finding, finding.finding.fix.suggested.as_deref()?))
}

impl<'e> Clearance<'e> {
    fn upgrade(&mut self, finding: &FindingFact<'e>, version: &'e str, row: &'e Row<'e>) {
        let package = finding.package.package;
        match self.upgrades.iter_mut().find(|upgrade| std::ptr::eq(upgrade.package, package)) {
            None => self.upgrades.push(Upgrade { package, to: version, clears: vec![row] }),
            Some(upgrade) => {
                if is_above(version, upgrade.to, package) {
                    upgrade.to = version;
                }
                upgrade.clears.push(row);
            }
        }
    }
}

/// Versions that cannot be read are above nothing.
fn is_above(version: &str, other: &str, package: &Package) -> bool {
    let format = Format::of_package_type(package.kind.as_str());
    let read = |text: &str| Version::parse(text, format).ok();
    let order = read(version).zip(read(other)).and_then(|(version, other)| version.compare(&other).ok());
    order.is_some_and(std::cmp::Ordering::is_gt)
}
