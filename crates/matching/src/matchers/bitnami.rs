//! Bitnami's packages, which are named by their purl.

use windlass_sbom::PackageType;

use super::{Matcher, direct};
use crate::search::{Query, ecosystem};

pub(super) const MATCHER: Matcher = Matcher {
    name: "bitnami-matcher",
    kinds: &[PackageType::Bitnami],
    find: |search, candidate| {
        let mut query = direct(search, candidate);
        if let Some(purl) = &candidate.purl {
            query = Query { names: vec![purl.name().to_owned()], ..query };
        }
        ecosystem::find(search, candidate, &query)
    },
};
