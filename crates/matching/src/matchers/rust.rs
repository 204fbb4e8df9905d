//! Rust crates.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "rust-matcher",
    kinds: &[PackageType::RustCrate],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.rust),
};
