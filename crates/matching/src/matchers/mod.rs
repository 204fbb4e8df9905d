//! One file a kind of package, and the list of them (`spec/matching.md` §3).

mod apk;
mod bitnami;
mod dotnet;
mod dpkg;
mod gem;
mod go;
mod hex;
mod java;
mod msrc;
mod npm;
mod pacman;
mod portage;
mod python;
mod rpm;
mod rust;
mod stock;

use packageurl::PackageUrl;
use windlass_advisories::LookupError;
use windlass_sbom::{Package, PackageType};

use crate::{
    MatchKind, Options, PackageInput,
    candidate::Candidate,
    qualifiers,
    search::{Found, Query, Search, cpe, distribution, ecosystem},
};

pub(crate) use apk::cpes_of_upstream;
pub(crate) use go::is_unversioned_main_module;

/// What a file of this folder tells about its kinds of package.
pub(crate) struct Matcher {
    /// As it is named in match details.
    pub(crate) name: &'static str,
    pub(crate) kinds: &'static [PackageType],
    pub(crate) find: fn(Search<'_>, &Candidate<'_>) -> Result<Found, LookupError>,
}

const MATCHERS: &[Matcher] = &[
    apk::MATCHER,
    bitnami::MATCHER,
    dotnet::MATCHER,
    dpkg::MATCHER,
    gem::MATCHER,
    go::MATCHER,
    hex::MATCHER,
    java::MATCHER,
    msrc::MATCHER,
    npm::MATCHER,
    pacman::MATCHER,
    portage::MATCHER,
    python::MATCHER,
    rpm::MATCHER,
    rust::MATCHER,
];

/// The matcher for a kind of package: the stock one for every kind without its own.
pub(crate) fn for_kind(kind: PackageType) -> &'static Matcher {
    MATCHERS.iter().find(|matcher| matcher.kinds.contains(&kind)).unwrap_or(&stock::MATCHER)
}

/// The name that each matcher writes into match details, for reading them back.
pub(crate) fn name_of(text: &str) -> Option<&'static str> {
    MATCHERS.iter().chain([&stock::MATCHER]).map(|matcher| matcher.name).find(|name| *name == text)
}

/// The names that records may know a package by.
pub(crate) fn names(package: &Package, purl: Option<&PackageUrl<'_>>) -> Vec<String> {
    let own = || {
        let mut names = vec![package.name.clone()];
        names.extend(qualifiers::upstream_name(package.kind, &package.name));
        names
    };
    match package.kind {
        PackageType::JavaArchive | PackageType::JenkinsPlugin => java::coordinates(package, purl),
        PackageType::Python => own().iter().map(|name| python::normalised(name)).collect(),
        PackageType::Bitnami => purl.map_or_else(own, |purl| vec![purl.name().to_owned()]),
        _ => own(),
    }
}

/// The question about the package under its own names.
fn direct(search: Search<'_>, candidate: &Candidate<'_>) -> Query {
    Query {
        names: candidate.package.names.clone(),
        version: candidate.package.version.clone(),
        kind: MatchKind::ExactDirect,
        missing_epoch: search.options.missing_epoch,
    }
}

/// The questions about the source packages it was built from.
fn indirect(search: Search<'_>, candidate: &Candidate<'_>) -> Vec<Query> {
    let question = |upstream: &crate::Upstream| Query {
        names: vec![upstream.name.clone()],
        version: upstream.version.as_ref().unwrap_or(&candidate.package.version).clone(),
        kind: MatchKind::ExactIndirect,
        missing_epoch: search.options.missing_epoch,
    };
    candidate.package.upstreams.iter().map(question).collect()
}

impl Found {
    fn extend(&mut self, other: Self) {
        self.hits.extend(other.hits);
        self.clearances.extend(other.clearances);
        self.incomparable.extend(other.incomparable);
    }
}

/// The package's own name and its sources', in its distribution.
fn by_distribution(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    let mut found = distribution::find(search, candidate, &direct(search, candidate))?;
    for query in indirect(search, candidate) {
        found.extend(distribution::find(search, candidate, &query)?);
    }
    Ok(found)
}

/// The package's own name in its ecosystem, and its CPEs where wanted.
fn by_ecosystem(search: Search<'_>, candidate: &Candidate<'_>, with_cpes: bool) -> Result<Found, LookupError> {
    let mut found = ecosystem::find(search, candidate, &direct(search, candidate))?;
    if with_cpes {
        found.extend(cpe::find(search, candidate)?);
    }
    Ok(found)
}

/// CPEs of packages whose distribution release gets no more updates, where wanted.
fn by_cpe_past_end_of_life(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    let today = search.options.today.as_deref();
    let is_past = candidate.distribution.is_some_and(|data| data.is_past_end_of_life(today));
    if search.options.cpes.end_of_life && is_past { cpe::find(search, candidate) } else { Ok(Found::default()) }
}

/// Whether CPEs of the package are searched, or may be once its distribution is past its end of life.
pub(crate) fn may_search_by_cpe(package: &PackageInput, options: &Options) -> bool {
    let may_age = options.cpes.end_of_life && matches!(package.kind, PackageType::Deb | PackageType::Rpm);
    may_age || searches_by_cpe(package, options)
}

/// Whether CPEs are searched for packages of this kind.
pub(crate) fn searches_by_cpe(package: &PackageInput, options: &Options) -> bool {
    let cpes = options.cpes;
    match package.kind {
        PackageType::Apk => true,
        PackageType::JavaArchive | PackageType::JenkinsPlugin => cpes.java,
        PackageType::Dotnet => cpes.dotnet,
        PackageType::GoModule => cpes.golang || (cpes.golang_stdlib && package.name == "stdlib"),
        PackageType::Npm => cpes.javascript,
        PackageType::Python => cpes.python,
        PackageType::Gem => cpes.ruby,
        PackageType::RustCrate => cpes.rust,
        PackageType::Hex | PackageType::Otp => cpes.hex,
        PackageType::Alpm
        | PackageType::Bitnami
        | PackageType::Deb
        | PackageType::MsrcKb
        | PackageType::Portage
        | PackageType::Rpm => false,
        _ => cpes.stock,
    }
}
