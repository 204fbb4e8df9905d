//! How packages and files belong together, for the formats that say so with relationships.

use std::collections::HashMap;

use super::document::short_hash;
use crate::{Evidence, File, Package, Sbom};

/// Why a file is tied to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// The package manager says the file is the package's.
    Owned,
    /// The file is where the package was found.
    Evidence(Evidence),
}

/// The listed files by path.
pub(super) struct Graph<'a> {
    files: HashMap<&'a str, &'a File>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(sbom: &'a Sbom) -> Self {
        // Where a path is listed for several layers, the last one is the visible one.
        Self { files: sbom.files.iter().map(|file| (file.location.path.as_str(), file)).collect() }
    }

    /// The listed files of a package: first those it owns, then those that prove it.
    pub(super) fn files_of(&self, package: &'a Package) -> impl Iterator<Item = (Tie, &'a File)> {
        let listed = |path: &str| self.files.get(path).copied();
        let owned = package.metadata.owned_files();
        let mut owned: Vec<&File> = owned.into_iter().filter_map(listed).collect();
        owned.sort_by(|a, b| a.location.cmp(&b.location));
        owned.dedup_by(|a, b| a.location == b.location);
        let evidence = package
            .locations
            .iter()
            .filter_map(move |location| Some((Tie::Evidence(location.evidence), listed(&location.path)?)));
        let evidence: Vec<_> = evidence.collect();
        owned.into_iter().map(|file| (Tie::Owned, file)).chain(evidence)
    }
}

/// Sixteen hexadecimal digits that name a file by its path and layer.
pub(super) fn file_id(file: &File) -> String {
    place_id(&file.location.path, file.location.layer.as_deref())
}

/// [`file_id`] for a place that has no file record.
pub(super) fn place_id(path: &str, layer: Option<&str>) -> String {
    short_hash(&["file", path, layer.unwrap_or_default()])
}
