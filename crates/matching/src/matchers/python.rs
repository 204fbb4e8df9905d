//! Python distributions, whose names come in several spellings (PEP 503).

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "python-matcher",
    kinds: &[PackageType::Python],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.python),
};

/// Lower case, and every run of `-`, `_` and `.` one `-`.
pub(super) fn normalised(name: &str) -> String {
    let mut normalised = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            normalised.push(c.to_ascii_lowercase());
        } else if !normalised.ends_with('-') {
            normalised.push('-');
        }
    }
    normalised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_in_their_normal_form() {
        for (name, normal) in [("Jinja2", "jinja2"), ("zope.interface", "zope-interface"), ("a_-._b", "a-b")] {
            assert_eq!(normalised(name), normal);
        }
    }
}
