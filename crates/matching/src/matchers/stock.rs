//! Everything without a matcher of its own: binaries, Conan, Hackage, PHP, Swift, WordPress, kernels, Java runtimes.

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "stock-matcher",
    kinds: &[],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.stock),
};
