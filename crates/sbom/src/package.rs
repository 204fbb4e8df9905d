//! One package and everything known of it.

use std::{cmp::Ordering, fmt, sync::Arc};

use sha2::{Digest as _, Sha256};

use crate::{Cpe, Evidence, License, Location, Metadata, PackageType};

/// Sixteen hexadecimal digits that name a package within and across documents: equal packages at equal places have
/// equal ids. A document read from elsewhere keeps the ids it came with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageId(pub Arc<str>);

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A package found in an artifact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Package {
    /// Set by [`Package::assign_id`] once everything else is known.
    pub id: PackageId,
    pub name: String,
    pub version: String,
    pub kind: PackageType,
    /// The cataloger that found it.
    pub found_by: String,
    /// Sorted; the first is where it was found.
    pub locations: Vec<Location>,
    /// Diff ID of the layer that introduced this version, where layers are known.
    pub introduced_by: Option<Arc<str>>,
    /// Sorted by value.
    pub licenses: Vec<License>,
    /// Most trusted first.
    pub cpes: Vec<Cpe>,
    /// The package URL, percent-encoded; `None` where the kind has none.
    pub purl: Option<String>,
    pub metadata: Metadata,
}

impl Package {
    /// A package with nothing known but its name, version and kind.
    pub fn new(kind: PackageType, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { kind, name: name.into(), version: version.into(), ..Self::default() }
    }

    /// Derives the id from name, version, kind, purl and the places that prove the package.
    pub fn assign_id(&mut self) {
        let mut hash = Sha256::new();
        let mut field = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        field(&self.name);
        field(&self.version);
        field(self.kind.as_str());
        field(self.purl.as_deref().unwrap_or_default());
        for location in self.locations.iter().filter(|location| location.evidence == Evidence::Primary) {
            field(&location.path);
            field(location.layer.as_deref().unwrap_or_default());
        }
        if let Metadata::JavaArchive(java) = &self.metadata {
            field(&java.virtual_path);
        }
        let digest = hash.finalize();
        let id = u64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 digest has 32 bytes"));
        self.id = PackageId(format!("{id:016x}").into());
    }

    /// The order of packages in every document: name, version, kind, first location, id.
    pub fn document_order(&self, other: &Self) -> Ordering {
        let first_path = || {
            let first = other.locations.first().map(|location| &location.path);
            self.locations.first().map(|location| &location.path).cmp(&first)
        };
        self.name
            .cmp(&other.name)
            .then_with(|| self.version.cmp(&other.version))
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(first_path)
            .then_with(|| self.id.cmp(&other.id))
    }

    /// Names and versions of the source packages it was built from, other than itself; empty version where the package
    /// does not say (`spec/matching.md` §2.1).
    pub fn upstreams(&self) -> Vec<(String, String)> {
        self.metadata.upstreams(&self.name, &self.version)
    }
}
