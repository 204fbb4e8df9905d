//! Packages that are files of other packages (`spec/matching.md` §2.1).
//!
//! A Python library that Debian ships is Debian's to fix: its own version says nothing about Debian's patches.

use std::collections::{BTreeSet, HashMap};

use windlass_sbom::{Evidence, PackageType, RelationshipKind, Sbom};

use crate::Distribution;

/// Distributions whose data covers everything they ship, so that it answers for what their packages own.
const COMPREHENSIVE: &[&str] = &["archlinux", "azurelinux", "debian", "mariner", "redhat", "ubuntu"];

/// Distributions that are like one of those but cover less.
const PARTIAL: &[&str] = &["alpine", "amazonlinux", "opensuse-leap", "sles"];

/// Which packages own which; indexes into `Sbom::packages`.
#[derive(Debug, Default)]
pub(crate) struct Ownership {
    edges: BTreeSet<(usize, usize)>,
}

impl Ownership {
    /// As the document states it, else from the files that packages list.
    pub(crate) fn of(sbom: &Sbom) -> Self {
        let mut indexes: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, package) in sbom.packages.iter().enumerate() {
            indexes.entry(&package.id.0).or_default().push(index);
        }
        let at = |id: &str| indexes.get(id).map(Vec::as_slice).unwrap_or_default();
        let stated = sbom.relationships.iter().filter(|r| r.kind == RelationshipKind::OwnershipByFileOverlap);
        let mut edges = BTreeSet::new();
        let mut any_stated = false;
        for relationship in stated {
            any_stated = true;
            for &parent in at(&relationship.parent.0) {
                edges.extend(at(&relationship.child.0).iter().map(|&child| (parent, child)));
            }
        }
        edges.retain(|(parent, child)| parent != child);
        if any_stated { Self { edges } } else { Self { edges: by_files(sbom) } }
    }

    pub(crate) fn owns_any(&self, parent: usize) -> bool {
        self.edges.range((parent, 0)..).next().is_some_and(|(owner, _)| *owner == parent)
    }

    /// What a package owns.
    pub(crate) fn owned_by(&self, parent: usize) -> impl Iterator<Item = usize> {
        self.edges.range((parent, 0)..).take_while(move |(owner, _)| *owner == parent).map(|(_, child)| *child)
    }

    /// Packages that their owner answers for, each with its owner.
    pub(crate) fn answered(&self, sbom: &Sbom, distribution: Option<&Distribution>) -> HashMap<usize, usize> {
        let is_comprehensive =
            distribution.is_some_and(|own| own.is_like(COMPREHENSIVE) && !PARTIAL.contains(&own.kind.as_str()));
        let answers = |&(parent, child): &(usize, usize)| {
            let (owner, owned) = (&sbom.packages[parent], &sbom.packages[child]);
            let by_distribution = owner.kind.is_os_package()
                && (owned.kind == PackageType::Binary
                    || (!owned.kind.is_os_package()
                        && is_comprehensive
                        && is_version_of(&owner.version, &owned.version)));
            let by_bitnami = owner.kind == PackageType::Bitnami
                && !owned.kind.is_os_package()
                && is_version_of(&owner.version, &owned.version);
            by_distribution || by_bitnami
        };
        self.edges.iter().copied().filter(answers).map(|(parent, child)| (child, parent)).collect()
    }
}

/// Whether a distribution's version (`1:2.28.1+dfsg-1`) is one of the software's own (`2.28.1`).
fn is_version_of(packaged: &str, own: &str) -> bool {
    let upstream = packaged.split_once(':').map_or(packaged, |(_, upstream)| upstream);
    let own = own.trim_start_matches('v');
    upstream.strip_prefix(own).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Packages that list files, and packages of other kinds that those files prove.
fn by_files(sbom: &Sbom) -> BTreeSet<(usize, usize)> {
    let mut proofs: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, package) in sbom.packages.iter().enumerate().filter(|(_, package)| !package.kind.is_os_package()) {
        for location in package.locations.iter().filter(|location| location.evidence == Evidence::Primary) {
            proofs.entry(&location.path).or_default().push(index);
        }
    }
    let mut edges = BTreeSet::new();
    if proofs.is_empty() {
        return edges;
    }
    for (index, package) in sbom.packages.iter().enumerate() {
        for file in package.metadata.owned_files() {
            let is_licence = file.starts_with("/usr/share/doc/") && file.ends_with("/copyright");
            if let Some(owned) = proofs.get(file).filter(|_| !is_licence) {
                edges.extend(owned.iter().filter(|&&child| child != index).map(|&child| (index, child)));
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packaged_version_begins_with_the_softwares_own() {
        for (packaged, own, is) in [
            ("2.28.1+dfsg-1", "2.28.1", true),
            ("1:2.28.1-1", "2.28.1", true),
            ("2.28.1-1", "2.2", false),
            ("2.28.1-1", "2.28", true),
            ("2.28.1-1", "3.0", false),
        ] {
            assert_eq!(is_version_of(packaged, own), is, "{packaged} {own}");
        }
    }
}
