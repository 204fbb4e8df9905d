//! Records keyed by CPE: the National Vulnerability Database.

use std::{collections::BTreeMap, sync::Arc};

use windlass_advisories::{CpeAdvisory, CpeAttributes, LookupError, Standing, VulnerabilityId};
use windlass_sbom::{Cpe, PackageType};
use windlass_versions::{Format, MissingEpoch};

use super::{Found, Hit, Incomparable, Query, Search, Standpoint, constraint_format, constraint_text, ecosystem};
use crate::{
    FoundBy, MatchDetail, MatchKind, Refusal, SearchKey, SearchedBy, Verdict, candidate::Candidate, namespace,
};

/// Searches by every CPE of the package; one hit a record, naming all CPEs that led to it.
pub(crate) fn find(search: Search<'_>, candidate: &Candidate<'_>) -> Result<Found, LookupError> {
    find_by(search, candidate, &candidate.package.cpes)
}

/// Searches by these CPEs on the package's behalf.
pub(crate) fn find_by(search: Search<'_>, candidate: &Candidate<'_>, cpes: &[Cpe]) -> Result<Found, LookupError> {
    let mut found = Found::default();
    let mut hits: BTreeMap<VulnerabilityId, Hit> = BTreeMap::new();
    for cpe in cpes {
        // Any product of a vendor is not this product.
        if cpe.product.is_empty() {
            continue;
        }
        let query = Query {
            names: vec![candidate.package.name.clone()],
            version: version(candidate, cpe),
            kind: MatchKind::Cpe,
            missing_epoch: MissingEpoch::Auto,
        };
        for record in search.lookups.by_cpe(&CpeAttributes::from(cpe))?.iter() {
            let note =
                |verdict: Verdict| search.note(candidate, &query, record.vulnerability, &record.blob, || verdict);
            if !is_for(&record.cpe, candidate) {
                note(Verdict::Refused(Refusal::TargetSoftware))?;
                continue;
            }
            if let Err(refusal) = search.refuse(candidate, &query, &record.blob, Standing::Affected) {
                note(Verdict::Refused(refusal))?;
                continue;
            }
            match search.standpoint(&record.blob, candidate.package.format(), &query) {
                Standpoint::Outside => note(Verdict::OutsideRange)?,
                Standpoint::Incomparable(reason) => {
                    note(Verdict::Incomparable(reason.clone()))?;
                    found.incomparable.push(Incomparable { vulnerability: record.vulnerability, reason });
                }
                Standpoint::Inside => {
                    let handle = search.lookups.vulnerability(record.vulnerability)?;
                    if ecosystem::is_withdrawn(&handle) {
                        note(Verdict::Withdrawn)?;
                        continue;
                    }
                    note(Verdict::Affected)?;
                    let next = hit(search, candidate, &query, cpe, record, handle);
                    hits.entry(record.vulnerability).and_modify(|known| merge(known, &next)).or_insert(next);
                }
            }
        }
    }
    found.hits.extend(hits.into_values());
    Ok(found)
}

fn hit(
    search: Search<'_>,
    candidate: &Candidate<'_>,
    query: &Query,
    cpe: &Cpe,
    record: &CpeAdvisory,
    handle: Arc<windlass_advisories::VulnerabilityHandle>,
) -> Hit {
    let namespace = namespace::of_cpe(&handle.provider);
    let detail = MatchDetail {
        kind: MatchKind::Cpe,
        matcher: search.matcher,
        searched_by: SearchedBy {
            namespace: namespace.clone(),
            name: candidate.package.name.clone(),
            version: query.version.clone(),
            key: SearchKey::Cpes(vec![cpe.to_string()]),
        },
        found: FoundBy {
            vulnerability: handle.name.clone(),
            constraint: constraint_text(&record.blob),
            format: constraint_format(&record.blob),
            cpes: vec![shown(&record.cpe)],
            symbols: Vec::new(),
        },
    };
    let fix = search.fix(&record.blob, candidate.package.format(), query);
    Hit { vulnerability: handle, blob: Arc::clone(&record.blob), namespace, fix, detail }
}

/// A record found again by another CPE.
fn merge(known: &mut Hit, next: &Hit) {
    if let (SearchKey::Cpes(own), SearchKey::Cpes(more)) =
        (&mut known.detail.searched_by.key, &next.detail.searched_by.key)
    {
        own.extend(more.iter().cloned());
        own.sort();
        own.dedup();
    }
    let found = &mut known.detail.found;
    found.cpes.extend(next.detail.found.cpes.iter().cloned());
    found.cpes.sort();
    found.cpes.dedup();
    // Several configurations of one record: of several constraints the first in text order is shown.
    if next.detail.found.constraint < found.constraint {
        found.constraint.clone_from(&next.detail.found.constraint);
        found.format.clone_from(&next.detail.found.format);
    }
    known.fix.versions.extend(next.fix.versions.iter().cloned());
    known.fix.available.extend(next.fix.available.iter().cloned());
    known.fix.advisories.extend(next.fix.advisories.iter().cloned());
    if known.fix.state == windlass_advisories::FixState::Unknown || !next.fix.versions.is_empty() {
        known.fix.state = next.fix.state;
    }
    super::tidy(&mut known.fix);
}

/// The version to compare: the CPE's where it names one, else the package's.
fn version(candidate: &Candidate<'_>, cpe: &Cpe) -> String {
    let named = !matches!(cpe.version.as_str(), "" | "*" | "-") && !cpe.version.eq_ignore_ascii_case("unknown");
    let mut version = if named { cpe.version.as_str() } else { candidate.package.version.as_str() }.to_owned();
    if candidate.package.format() == Format::Jvm && named && !matches!(cpe.update.as_str(), "" | "*" | "-") {
        // `1.8.0` with `update302` is what the package calls `1.8.0_302`.
        let update = cpe.update.trim_start_matches("update").trim_start_matches(['_', '-']);
        version = format!("{version}_{update}");
    }
    if candidate.package.kind == PackageType::Apk
        && let Some((upstream, revision)) = version.rsplit_once("-r")
        && !revision.is_empty()
        && revision.bytes().all(|byte| byte.is_ascii_digit())
    {
        return upstream.to_owned();
    }
    version
}

fn shown(cpe: &CpeAttributes) -> String {
    Cpe {
        part: cpe.part.clone(),
        vendor: cpe.vendor.clone(),
        product: cpe.product.clone(),
        edition: cpe.edition.clone(),
        language: cpe.language.clone(),
        software_edition: cpe.software_edition.clone(),
        target_software: cpe.target_software.clone(),
        target_hardware: cpe.target_hardware.clone(),
        other: cpe.other.clone(),
        ..Cpe::default()
    }
    .to_string()
}

/// Target software that stands for an ecosystem, and the package types that belong to it.
const TARGETS: &[(&str, &[PackageType])] = &[
    ("node.js", &[PackageType::Npm]),
    ("nodejs", &[PackageType::Npm]),
    ("npm", &[PackageType::Npm]),
    ("javascript", &[PackageType::Npm]),
    ("python", &[PackageType::Python]),
    ("pypi", &[PackageType::Python]),
    ("pip", &[PackageType::Python]),
    ("ruby", &[PackageType::Gem]),
    ("rails", &[PackageType::Gem]),
    ("ruby_on_rails", &[PackageType::Gem]),
    ("rubygems", &[PackageType::Gem]),
    ("go", &[PackageType::GoModule]),
    ("golang", &[PackageType::GoModule]),
    ("rust", &[PackageType::RustCrate]),
    ("java", &[PackageType::JavaArchive, PackageType::JenkinsPlugin]),
    ("maven", &[PackageType::JavaArchive, PackageType::JenkinsPlugin]),
    ("jenkins", &[PackageType::JenkinsPlugin]),
    ("cloudbees_jenkins", &[PackageType::JenkinsPlugin]),
    (".net", &[PackageType::Dotnet]),
    (".net_core", &[PackageType::Dotnet]),
    (".net_framework", &[PackageType::Dotnet]),
    ("asp.net", &[PackageType::Dotnet]),
    ("nuget", &[PackageType::Dotnet]),
    ("php", &[PackageType::Composer, PackageType::Pear, PackageType::Pecl]),
    ("composer", &[PackageType::Composer]),
    ("packagist", &[PackageType::Composer]),
    ("pear", &[PackageType::Pear]),
    ("swift", &[PackageType::Swift]),
    ("dart", &[PackageType::DartPub]),
    ("erlang", &[PackageType::Hex, PackageType::Otp]),
    ("elixir", &[PackageType::Hex]),
    ("haskell", &[PackageType::Hackage]),
    ("lua", &[PackageType::LuaRocks]),
    ("r", &[PackageType::Cran]),
    ("wordpress", &[PackageType::WordpressPlugin]),
    ("joomla", &[]),
    ("joomla\\!", &[]),
    ("joomla!", &[]),
    ("drupal", &[]),
];

/// Whether the vulnerable product is software of the package's kind, as far as its target software says.
fn is_for(vulnerable: &CpeAttributes, candidate: &Candidate<'_>) -> bool {
    let kind = candidate.package.kind;
    let target = vulnerable.target_software.to_ascii_lowercase();
    if matches!(target.as_str(), "" | "*" | "-")
        || kind.is_os_package()
        || matches!(kind, PackageType::JavaArchive | PackageType::JenkinsPlugin)
    {
        return true;
    }
    if matches!(kind, PackageType::Binary | PackageType::Unknown) {
        // A binary is of no ecosystem: it must say itself that it is built for that target.
        return candidate.package.cpes.iter().any(|cpe| cpe.target_software.eq_ignore_ascii_case(&target));
    }
    TARGETS.iter().find(|(name, _)| *name == target).is_none_or(|(_, kinds)| kinds.contains(&kind))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{CpeSource, Package};

    use super::*;
    use crate::PackageInput;

    fn candidate_version(kind: PackageType, name: &str, version: &str, cpe: &Cpe) -> String {
        let package = PackageInput::of(&Package::new(kind, name, version), None, false);
        super::version(&Candidate { index: 0, package: &package, distribution: None }, cpe)
    }

    fn application(version: &str) -> Cpe {
        Cpe::application("vendor", "product", version, CpeSource::Generated)
    }

    #[test]
    fn the_version_of_the_cpe_counts_where_it_has_one() {
        let version = |cpe: Cpe| candidate_version(PackageType::Binary, "python", "3.11.2", &cpe);
        assert_eq!(version(application("3.11")), "3.11");
        for none in ["", "*", "-", "UNKNOWN"] {
            assert_eq!(version(application(none)), "3.11.2", "{none:?}");
        }
    }

    #[test]
    fn an_apk_revision_is_not_part_of_the_upstream_version() {
        assert_eq!(candidate_version(PackageType::Apk, "curl", "8.5.0-r0", &application("")), "8.5.0");
        assert_eq!(candidate_version(PackageType::Apk, "p", "1.0-rc", &application("")), "1.0-rc");
    }

    #[test]
    fn the_update_of_a_java_runtime_is_part_of_its_version() {
        let cpe = Cpe { update: "update302".into(), ..application("1.8.0") };
        assert_eq!(candidate_version(PackageType::Binary, "openjdk", "1.8.0_302-b08", &cpe), "1.8.0_302");
    }

    #[test]
    fn a_product_for_another_ecosystem_is_another_product() {
        let applies = |kind, target: &str| {
            let package = PackageInput::of(&Package::new(kind, "redis", "1"), None, false);
            let cpe = CpeAttributes { target_software: target.into(), ..CpeAttributes::default() };
            is_for(&cpe, &Candidate { index: 0, package: &package, distribution: None })
        };
        assert!(applies(PackageType::Gem, "ruby"));
        assert!(!applies(PackageType::Gem, "node.js"));
        assert!(applies(PackageType::Gem, "windows"), "not an ecosystem");
        assert!(applies(PackageType::Deb, "node.js"), "distributions package everything");
        assert!(!applies(PackageType::Binary, "node.js"));
        assert!(applies(PackageType::Binary, ""));
        assert!(!applies(PackageType::Composer, "drupal"));
    }
}
