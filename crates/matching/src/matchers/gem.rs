//! Ruby gems.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "ruby-gem-matcher",
    kinds: &[PackageType::Gem],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.ruby),
};
