//! The searches that matchers are made of (`spec/matching.md` §3.2).

pub(crate) mod channel;
pub(crate) mod cpe;
pub(crate) mod distribution;
pub(crate) mod ecosystem;

use std::sync::Arc;

use windlass_advisories::{
    FixState, LookupError, OperatingSystem, PackageBlob, Range, Standing, VulnerabilityHandle, VulnerabilityId,
};
use windlass_versions::{Format, MissingEpoch, satisfies};

use crate::{
    AdvisoryLink, AvailableFix, Fix, FoundBy, MatchDetail, MatchKind, Options, Refusal, SearchKey, SearchedBy, Verdict,
    candidate::Candidate, explain::Trace, lookups::Lookups, namespace, qualifiers,
};

/// Everything a search needs besides its question.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) lookups: &'a Lookups<'a>,
    pub(crate) options: &'a Options,
    pub(crate) trace: Option<&'a Trace>,
    /// Name of the matcher that searches.
    pub(crate) matcher: &'static str,
}

/// What is asked: names to look up and the version to compare.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) names: Vec<String>,
    pub(crate) version: String,
    pub(crate) kind: MatchKind,
    pub(crate) missing_epoch: MissingEpoch,
}

/// A record that applies to a package.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) vulnerability: Arc<VulnerabilityHandle>,
    pub(crate) blob: Arc<PackageBlob>,
    pub(crate) namespace: String,
    pub(crate) fix: Fix,
    pub(crate) detail: MatchDetail,
}

impl Hit {
    pub(crate) fn identity(&self) -> Vec<&str> {
        identity(&self.vulnerability, &self.blob)
    }
}

/// A record that says a package is not, or no longer, affected.
#[derive(Clone, Debug)]
pub(crate) struct Clearance {
    pub(crate) vulnerability: VulnerabilityId,
    pub(crate) blob: Arc<PackageBlob>,
    pub(crate) scope: ClearanceScope,
}

/// Whose findings a clearance takes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ClearanceScope {
    /// Those of packages that the package owns by its files: `DistroPackageFixed`.
    Owned,
    /// Those of the package itself: `UnaffectedPackageEntry`.
    Own,
}

/// A record whose versions could not be compared with the package's.
#[derive(Clone, Debug)]
pub(crate) struct Incomparable {
    pub(crate) vulnerability: VulnerabilityId,
    pub(crate) reason: String,
}

/// What the matchers of one package found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) clearances: Vec<Clearance>,
    pub(crate) incomparable: Vec<Incomparable>,
}

/// Every name a record goes by: its own, its aliases, and the CVEs it concerns.
pub(crate) fn identity<'r>(vulnerability: &'r VulnerabilityHandle, blob: &'r PackageBlob) -> Vec<&'r str> {
    let names = std::iter::once(&vulnerability.name).chain(&vulnerability.blob.aliases).chain(&blob.cves);
    names.map(String::as_str).collect()
}

/// How a version stands to the ranges of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standpoint {
    Inside,
    Outside,
    /// No range contains it, and at least one could not be read; why.
    Incomparable(String),
}

impl Search<'_> {
    fn versions(&self, query: &Query) -> windlass_versions::Options {
        windlass_versions::Options { missing_epoch: query.missing_epoch, ignore_rpm_caret: self.options.like_grype }
    }

    /// Compares the version with the ranges; a record without any concerns every version.
    pub(crate) fn standpoint(&self, blob: &PackageBlob, format: Format, query: &Query) -> Standpoint {
        let mut failure = None;
        for range in &blob.ranges {
            match self.is_inside(range, format, query) {
                Ok(true) => return Standpoint::Inside,
                Ok(false) => {}
                Err(reason) => failure = Some(reason),
            }
        }
        match failure {
            Some(reason) => Standpoint::Incomparable(reason),
            None if blob.ranges.is_empty() => Standpoint::Inside,
            None => Standpoint::Outside,
        }
    }

    fn is_inside(&self, range: &Range, format: Format, query: &Query) -> Result<bool, String> {
        let wanted = Format::parse(&range.version.format);
        satisfies(&query.version, format, &range.version.constraint, wanted, &self.versions(query))
            .map_err(|error| error.to_string())
    }

    /// What the record says of a fix for this version.
    pub(crate) fn fix(&self, blob: &PackageBlob, format: Format, query: &Query) -> Fix {
        // The baseline offers the fixes of every range, also of branches the package is not on.
        let all = self.options.like_grype;
        let concerned = blob.ranges.iter().filter(|range| all || self.is_inside(range, format, query) == Ok(true));
        fix_of(concerned)
    }

    /// Tells an explanation, if one was asked for, what became of a record.
    pub(crate) fn note(
        &self,
        candidate: &Candidate<'_>,
        query: &Query,
        vulnerability: VulnerabilityId,
        blob: &PackageBlob,
        verdict: impl FnOnce() -> Verdict,
    ) -> Result<(), LookupError> {
        let Some(trace) = self.trace else { return Ok(()) };
        let handle = self.lookups.vulnerability(vulnerability)?;
        if trace.concerns(&identity(&handle, blob)) {
            trace.record(crate::Consideration {
                package: candidate.index,
                record: handle.name.clone(),
                provider: handle.provider.clone(),
                kind: query.kind,
                matcher: self.matcher,
                version: query.version.clone(),
                constraint: constraint_text(blob),
                format: constraint_format(blob),
                verdict: verdict(),
            });
        }
        Ok(())
    }

    pub(crate) fn refuse(
        &self,
        candidate: &Candidate<'_>,
        query: &Query,
        blob: &PackageBlob,
        standing: Standing,
    ) -> Result<(), Refusal> {
        qualifiers::check(blob.qualifiers.as_ref(), candidate, query.kind, standing, self.options.like_grype)
    }

    /// A hit by name in a release (`Some`) or an ecosystem.
    pub(crate) fn hit(
        &self,
        candidate: &Candidate<'_>,
        query: &Query,
        vulnerability: Arc<VulnerabilityHandle>,
        blob: &Arc<PackageBlob>,
        release: Option<&OperatingSystem>,
    ) -> Hit {
        let namespace = match release {
            Some(release) => namespace::of_release(&vulnerability.provider, release),
            None => namespace::of_ecosystem(&vulnerability.provider, candidate.package),
        };
        let key = match (release, candidate.distribution) {
            (Some(_), Some(data)) => SearchKey::Distribution {
                kind: data.distribution.kind.clone(),
                version: data.distribution.version.clone(),
            },
            _ => SearchKey::Ecosystem(namespace::ecosystem_word(candidate.package).to_owned()),
        };
        let imports = blob.qualifiers.as_ref().map(|qualifiers| qualifiers.go_imports.as_slice()).unwrap_or_default();
        let detail = MatchDetail {
            kind: query.kind,
            matcher: self.matcher,
            searched_by: SearchedBy {
                namespace: namespace.clone(),
                name: searched_name(candidate, query),
                version: query.version.clone(),
                key,
            },
            found: FoundBy {
                vulnerability: vulnerability.name.clone(),
                constraint: constraint_text(blob),
                format: constraint_format(blob),
                cpes: Vec::new(),
                symbols: qualifiers::linked_symbols(imports, candidate),
            },
        };
        let fix = self.fix(blob, candidate.package.format(), query);
        Hit { vulnerability, blob: Arc::clone(blob), namespace, fix, detail }
    }
}

/// The name a person would recognise: the package's own unless the source's was searched.
fn searched_name(candidate: &Candidate<'_>, query: &Query) -> String {
    match query.kind {
        MatchKind::ExactIndirect => query.names.first().cloned().unwrap_or_default(),
        MatchKind::ExactDirect | MatchKind::Cpe => candidate.package.name.clone(),
    }
}

/// The ranges as one constraint; empty where every version is concerned.
pub(crate) fn constraint_text(blob: &PackageBlob) -> String {
    let mut constraints: Vec<&str> = Vec::new();
    for range in &blob.ranges {
        if range.version.constraint.trim().is_empty() {
            return String::new();
        }
        if !constraints.contains(&range.version.constraint.as_str()) {
            constraints.push(&range.version.constraint);
        }
    }
    constraints.join("||")
}

/// The format of the constraint: of several the alphabetically first.
pub(crate) fn constraint_format(blob: &PackageBlob) -> String {
    blob.ranges.iter().map(|range| range.version.format.to_ascii_lowercase()).min().unwrap_or_default()
}

/// `spec/matching.md` §6.1: fixed if any range is, else the last that declines or waits.
pub(crate) fn fix_of<'r>(ranges: impl Iterator<Item = &'r Range>) -> Fix {
    let mut fix = Fix::default();
    for known in ranges.filter_map(|range| range.fix.as_ref()) {
        match known.state {
            FixState::Fixed => {
                fix.state = FixState::Fixed;
                if !known.version.is_empty() {
                    fix.versions.push(known.version.clone());
                }
            }
            FixState::WontFix | FixState::NotFixed if fix.state != FixState::Fixed => fix.state = known.state,
            _ => {}
        }
        let Some(detail) = &known.detail else { continue };
        if let Some(available) = detail.available.as_ref().filter(|_| known.state == FixState::Fixed) {
            fix.available.push(AvailableFix {
                version: known.version.clone(),
                date: available.date.clone(),
                kind: available.kind.clone(),
            });
        }
        let links = detail.references.iter();
        fix.advisories.extend(links.map(|link| AdvisoryLink { id: link.id.clone(), link: link.url.clone() }));
    }
    tidy(&mut fix);
    fix
}

/// Sorts the lists and takes out duplicates.
pub(crate) fn tidy(fix: &mut Fix) {
    fix.versions.sort();
    fix.versions.dedup();
    fix.available.sort();
    fix.available.dedup();
    fix.advisories.sort();
    fix.advisories.dedup();
}
