//! Gentoo.

use windlass_sbom::PackageType;

use super::{Matcher, direct};
use crate::search::distribution;

pub(super) const MATCHER: Matcher = Matcher {
    name: "portage-matcher",
    kinds: &[PackageType::Portage],
    find: |search, candidate| distribution::find(search, candidate, &direct(search, candidate)),
};
