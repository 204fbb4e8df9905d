//! Arch Linux. Its advisories name the packages themselves, so the base they were split from is not searched.

use windlass_sbom::PackageType;

use super::{Matcher, direct};
use crate::search::distribution;

pub(super) const MATCHER: Matcher = Matcher {
    name: "pacman-matcher",
    kinds: &[PackageType::Alpm],
    find: |search, candidate| distribution::find(search, candidate, &direct(search, candidate)),
};
