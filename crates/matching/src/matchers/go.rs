//! Go modules and the standard library linked into Go binaries (`spec/matching.md` §3.8).

use windlass_advisories::LookupError;
use windlass_sbom::PackageType;

use super::{Matcher, direct};
use crate::{
    Options, PackageInput,
    candidate::Candidate,
    search::{Found, Search, cpe, ecosystem},
};

pub(super) const MATCHER: Matcher = Matcher { name: "go-module-matcher", kinds: &[PackageType::GoModule], find };

fn find(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    if is_unversioned_main_module(candidate.package, search.options) {
        return Ok(Found::default());
    }
    let mut found = ecosystem::find(search, candidate, &direct(search, candidate))?;
    let cpes = search.options.cpes;
    if cpes.golang || (cpes.golang_stdlib && candidate.package.name == "stdlib") {
        found.extend(cpe::find(search, candidate)?);
    }
    Ok(found)
}

/// Go writes no version of the main module into a binary unless it was built from a tagged checkout.
pub(crate) fn is_unversioned_main_module(package: &PackageInput, options: &Options) -> bool {
    let is_pseudo = package.version.starts_with("v0.0.0-") && !options.allow_main_module_pseudo_versions;
    package.is_main_module && (package.version.starts_with("(devel)") || is_pseudo)
}
