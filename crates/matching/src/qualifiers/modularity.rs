//! Records for one stream of an rpm module.

use windlass_sbom::PackageType;

use crate::candidate::Candidate;

pub(super) fn holds(module: Option<&str>, candidate: &Candidate<'_>) -> bool {
    let (Some(module), PackageType::Rpm) = (module, candidate.package.kind) else { return true };
    let Some(label) = candidate.package.modularity.as_deref() else { return true };
    // Oracle Linux builds modular packages without the label.
    if label.is_empty() && candidate.canonical_distribution() == Some("oraclelinux") {
        return true;
    }
    if module.is_empty() { label.is_empty() } else { label.starts_with(module) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Distribution, PackageInput};

    fn applies(module: Option<&str>, label: Option<&str>, distribution: &str) -> bool {
        let package = PackageInput {
            kind: PackageType::Rpm,
            modularity: label.map(str::to_owned),
            distribution: Some(Distribution::parse(distribution).unwrap()),
            ..PackageInput::default()
        };
        holds(module, &Candidate { index: 0, package: &package, distribution: None })
    }

    #[test]
    fn a_stream_is_told_by_the_start_of_the_label() {
        let label = Some("nodejs:16:8060020220523160029:ad008a3a");
        assert!(applies(Some("nodejs:16"), label, "rhel:8"));
        assert!(!applies(Some("nodejs:18"), label, "rhel:8"));
        assert!(!applies(Some(""), label, "rhel:8"));
        assert!(applies(None, label, "rhel:8"));
    }

    #[test]
    fn packages_outside_modules_take_the_records_for_them() {
        assert!(applies(Some(""), Some(""), "rhel:8"));
        assert!(!applies(Some("nodejs:16"), Some(""), "rhel:8"));
        assert!(applies(Some("nodejs:16"), Some(""), "ol:8"), "Oracle Linux does not label");
        assert!(applies(Some("nodejs:16"), None, "rhel:8"), "unknown");
    }
}
