//! The document as a whole.

use crate::{Distro, File, Inspection, Package, Relationship, Source};

/// What an artifact holds, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sbom {
    pub source: Source,
    pub distro: Option<Distro>,
    /// Sorted by name, version, type and first location ([`Sbom::sort`]).
    pub packages: Vec<Package>,
    /// Sorted by path.
    pub files: Vec<File>,
    /// Sorted by kind, parent and child.
    pub relationships: Vec<Relationship>,
    /// What could not be read, and why; sorted by path.
    pub unknowns: Vec<Unknown>,
    /// What was seen beside packages; part of Windlass's own document only.
    pub inspection: Inspection,
}

/// Something in the artifact that may hold packages but could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    pub path: String,
    /// Who tried: a cataloger's name.
    pub found_by: String,
    pub reason: String,
}

impl Sbom {
    /// Puts every list into its documented order; writers rely on it for reproducible bytes.
    pub fn sort(&mut self) {
        self.packages.sort_by(Package::document_order);
        self.files.sort_by(|a, b| a.location.cmp(&b.location));
        self.relationships.sort();
        self.relationships.dedup();
        self.unknowns.sort();
        self.unknowns.dedup();
    }
}
