//! Bitnami's packages, which are named by their purl.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "bitnami-matcher",
    kinds: &[PackageType::Bitnami],
    find: |search, candidate| by_ecosystem(search, candidate, false),
};
