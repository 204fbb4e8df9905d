//! .NET packages.

use windlass_sbom::PackageType;

use super::{Matcher, by_ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "dotnet-matcher",
    kinds: &[PackageType::Dotnet],
    find: |search, candidate| by_ecosystem(search, candidate, search.options.cpes.dotnet),
};
