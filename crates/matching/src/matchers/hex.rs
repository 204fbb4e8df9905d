//! Erlang and Elixir packages.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "hex-matcher",
    kinds: &[PackageType::Hex, PackageType::Otp],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.hex),
};
