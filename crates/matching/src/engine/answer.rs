//! Outcomes with the findings that images share.

use crate::{Finding, Inventory, Options, PackageInput, PackageOutcome};

/// What is said of a package version, with its findings in every image that clears none of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    outcome: PackageOutcome,
    /// Of the package at index 0.
    findings: Vec<Finding>,
}

impl Answer {
    /// `outcome` is that of `input`, matched with the same options.
    pub fn new(outcome: PackageOutcome, input: &PackageInput, options: &Options) -> Self {
        let findings = outcome.findings(input, options);
        Self { outcome, findings }
    }

    /// The answers to all inputs of an artifact.
    pub fn all(outcomes: Vec<PackageOutcome>, inventory: &Inventory, options: &Options) -> Vec<Self> {
        let inputs = inventory.inputs().iter();
        outcomes.into_iter().zip(inputs).map(|(outcome, input)| Self::new(outcome, input, options)).collect()
    }

    pub fn outcome(&self) -> &PackageOutcome {
        &self.outcome
    }

    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing about the package version itself shows that a match of it is none.
    pub(super) fn is_open(&self) -> bool {
        self.outcome.matches.iter().all(|one| one.cleared.is_none())
    }

    /// The findings of a package of an image.
    pub(super) fn of_package(&self, package: usize) -> impl Iterator<Item = Finding> {
        self.findings.iter().map(move |finding| finding.of_package(package))
    }

    /// About how many records it holds, and one.
    pub(super) fn weight(&self) -> usize {
        self.outcome.matches.len() + 1
    }
}
