//! JavaScript packages.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "javascript-matcher",
    kinds: &[PackageType::Npm],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.javascript),
};
