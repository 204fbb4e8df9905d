//! A package beside what the database knows of its distribution.

use crate::{PackageInput, distribution::DistributionData};

/// A package that can be matched.
pub(crate) struct Candidate<'a> {
    /// Its place among the inputs that are matched together.
    pub(crate) index: usize,
    pub(crate) package: &'a PackageInput,
    /// The release it belongs to, where one is known; only for operating system packages.
    pub(crate) distribution: Option<&'a DistributionData>,
}

impl Candidate<'_> {
    pub(crate) fn canonical_distribution(&self) -> Option<&str> {
        self.package.distribution.as_ref().map(|own| own.kind.as_str())
    }
}
