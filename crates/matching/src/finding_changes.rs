//! What became of the findings of a package version when it was matched again.

use std::collections::{BTreeMap, btree_map::Entry};

use crate::{StoredFinding, StoredOutcome};

/// Findings by what became of them; those that are as they were are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingChanges<'f> {
    pub opened: Vec<&'f StoredFinding>,
    /// Before and after.
    pub altered: Vec<(&'f StoredFinding, &'f StoredFinding)>,
    pub closed: Vec<&'f StoredFinding>,
}

impl FindingChanges<'_> {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.opened.is_empty() && self.altered.is_empty() && self.closed.is_empty()
    }
}

impl StoredOutcome {
    /// The way from these findings to those of `new`. A finding is known by its vulnerability and namespace; of several
    /// with the same ones the first is the first again.
    pub fn changes_to<'f>(&'f self, new: &'f Self) -> FindingChanges<'f> {
        let (mut former, present) = (by_identity(&self.findings), by_identity(&new.findings));
        let mut changes = FindingChanges::default();
        for (identity, finding) in present {
            match former.remove(&identity) {
                None => changes.opened.push(finding),
                Some(before) if before != finding => changes.altered.push((before, finding)),
                Some(_) => {}
            }
        }
        changes.closed.extend(former.into_values());
        changes
    }
}

type Identity<'f> = (&'f str, &'f str, usize);

fn by_identity(findings: &[StoredFinding]) -> BTreeMap<Identity<'_>, &StoredFinding> {
    let mut by_identity = BTreeMap::new();
    for finding in findings {
        let mut number = 0;
        loop {
            match by_identity.entry((finding.vulnerability.as_str(), finding.namespace.as_str(), number)) {
                Entry::Occupied(_) => number += 1,
                Entry::Vacant(free) => {
                    free.insert(finding);
                    break;
                }
            }
        }
    }
    by_identity
}

#[cfg(test)]
mod tests {
    use windlass_sbom::PackageType;

    use crate::{
        Options, PackageInput, Records, StoredOutcome, match_packages,
        testing::{MemoryAdvisories, advisory, package},
    };

    fn matched(database: &MemoryAdvisories) -> StoredOutcome {
        let input = PackageInput::of(&package(PackageType::Npm, "ws", "7.0.0"), None, false);
        let outcomes = match_packages(std::slice::from_ref(&input), database, &Options::default()).unwrap();
        outcomes[0].store(&input, &Options::default(), &mut Records::new())
    }

    #[test]
    fn findings_open_close_and_change() {
        let of = |ghsa: &str| advisory(ghsa, "github").in_ecosystem("npm", "ws", "< 8.0.0");
        let former = matched(&MemoryAdvisories::new().with(of("GHSA-1")).with(of("GHSA-2")).with(of("GHSA-3")));
        let present =
            matched(&MemoryAdvisories::new().with(of("GHSA-2")).with(of("GHSA-3").fixed("8.0.0")).with(of("GHSA-4")));
        let changes = former.changes_to(&present);
        let names = |findings: &[&crate::StoredFinding]| {
            findings.iter().map(|finding| finding.vulnerability.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!((names(&changes.opened), names(&changes.closed)), ("GHSA-4".into(), "GHSA-1".into()));
        let [(before, after)] = changes.altered.as_slice() else { panic!("{changes:?}") };
        assert_eq!((before.fix.versions.len(), after.fix.versions.join("")), (0, "8.0.0".into()));
        assert!(former.changes_to(&former).is_empty());
    }
}
