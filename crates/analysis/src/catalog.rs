//! What catalogers and analysers add to.

use windlass_sbom::{Inspection, Package, Unknown};

/// The packages found so far, the dependencies between them by number, and what was seen beside them.
#[derive(Default)]
pub struct Catalog {
    pub(crate) packages: Vec<Package>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) unknowns: Vec<Unknown>,
    pub(crate) inspection: Inspection,
}

/// One package needs another: indexes into [`Catalog::packages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) needed: usize,
    pub(crate) by: usize,
}

impl Catalog {
    /// Adds a package and returns its number, by which [`Catalog::depends`] knows it.
    ///
    /// A package without a name is no package and is reported as unknown instead; one without a version is kept.
    pub fn add(&mut self, package: Package) -> usize {
        self.packages.push(package);
        self.packages.len() - 1
    }

    /// A package by its number.
    pub fn package(&self, number: usize) -> &Package {
        &self.packages[number]
    }

    /// Where analysers put what they saw.
    pub fn inspection(&mut self) -> &mut Inspection {
        &mut self.inspection
    }

    /// States that package `by` needs package `needed`.
    pub fn depends(&mut self, by: usize, needed: usize) {
        if by != needed {
            self.dependencies.push(Dependency { needed, by });
        }
    }

    /// States that something could not be understood although the file itself could be read.
    #[expect(clippy::needless_pass_by_value, reason = "takes texts and errors alike")]
    pub fn unknown(&mut self, path: &str, found_by: &'static str, reason: impl ToString) {
        self.unknowns.push(Unknown { path: path.into(), found_by: found_by.into(), reason: reason.to_string() });
    }
}
