//! Windows: the package is a Microsoft product, its version the updates that are installed.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "msrc-matcher",
    kinds: &[PackageType::MsrcKb],
    find: |search, candidate| by_ecosystem(search, candidate, false),
};
