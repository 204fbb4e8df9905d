//! Records for one processor architecture, or for source packages.

use windlass_advisories::Standing;
use windlass_sbom::PackageType;

use crate::{MatchKind, candidate::Candidate};

/// Stands for "a binary package of whatever architecture".
const ANY_BINARY: &str = "binary-no-arch-specified";
const SOURCE: &str = "src";

/// Names of the same architecture.
const ALIASES: &[(&str, &str)] = &[
    ("x86_64", "amd64"),
    ("x64", "amd64"),
    ("aarch64", "arm64"),
    ("i386", "386"),
    ("i486", "386"),
    ("i586", "386"),
    ("i686", "386"),
    ("x86", "386"),
    ("ppc64el", "ppc64le"),
    ("armhf", "arm"),
    ("armv7", "arm"),
    ("armv7hl", "arm"),
];

pub(super) fn holds(required: &str, candidate: &Candidate<'_>, kind: MatchKind, standing: Standing) -> bool {
    let indirect = kind == MatchKind::ExactIndirect;
    match required {
        "" => return true,
        SOURCE => return indirect,
        ANY_BINARY => return !indirect,
        _ if is_inert(required) => return true,
        // A binary-granular rpm advisory speaks of that binary, not of its siblings from the same source.
        _ if indirect && candidate.package.kind == PackageType::Rpm => return false,
        _ => {}
    }
    match candidate.package.architecture.as_str() {
        // Better one finding too many than one too few.
        "" => standing == Standing::Affected,
        own if is_inert(own) => true,
        own => canonical(own) == canonical(required),
    }
}

fn is_inert(architecture: &str) -> bool {
    matches!(architecture, "noarch" | "all")
}

fn canonical(architecture: &str) -> String {
    let lower = architecture.to_ascii_lowercase();
    ALIASES.iter().find(|(alias, _)| *alias == lower).map_or(lower, |(_, canonical)| (*canonical).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageInput;

    fn applies(required: &str, own: &str, kind: MatchKind, standing: Standing) -> bool {
        let package = PackageInput { kind: PackageType::Rpm, architecture: own.into(), ..PackageInput::default() };
        holds(required, &Candidate { index: 0, package: &package, distribution: None }, kind, standing)
    }

    #[test]
    fn an_architecture_goes_by_several_names() {
        use {MatchKind::ExactDirect, Standing::Affected};
        assert!(applies("x86_64", "amd64", ExactDirect, Affected));
        assert!(applies("aarch64", "arm64", ExactDirect, Affected));
        assert!(!applies("x86_64", "aarch64", ExactDirect, Affected));
        assert!(applies("noarch", "aarch64", ExactDirect, Affected));
        assert!(applies("x86_64", "noarch", ExactDirect, Affected));
    }

    #[test]
    fn records_for_sources_apply_to_what_was_built_from_them() {
        use {MatchKind::*, Standing::Affected};
        assert!(applies("src", "x86_64", ExactIndirect, Affected));
        assert!(!applies("src", "x86_64", ExactDirect, Affected));
        assert!(!applies("x86_64", "x86_64", ExactIndirect, Affected));
        assert!(applies(ANY_BINARY, "x86_64", ExactDirect, Affected));
        assert!(!applies(ANY_BINARY, "x86_64", ExactIndirect, Affected));
    }

    #[test]
    fn an_unknown_architecture_is_affected_but_never_cleared() {
        assert!(applies("x86_64", "", MatchKind::ExactDirect, Standing::Affected));
        assert!(!applies("x86_64", "", MatchKind::ExactDirect, Standing::Unaffected));
    }
}
