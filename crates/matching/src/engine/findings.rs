//! Hits turned into findings.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use windlass_advisories::LookupError;
use windlass_sbom::Sbom;
use windlass_versions::{Format, suggested_fix};

use super::MatchError;
use crate::{
    Finding, IgnoreRule, IgnoredFinding, Options, Severity, Vulnerability,
    candidate::Candidate,
    enrich::Enricher,
    fold::{self, Folded},
    risk,
    search::Hit,
};

pub(super) fn build(
    found: BTreeMap<usize, Vec<Hit>>,
    cleared: BTreeMap<usize, Vec<(Hit, IgnoreRule)>>,
    sbom: &Sbom,
    options: &Options,
    enricher: &Enricher<'_>,
) -> Result<(Vec<Finding>, Vec<IgnoredFinding>), MatchError> {
    let mut findings = Vec::new();
    for (package, hits) in found {
        let folded = if options.fold_aliases() { fold::by_flaw(hits) } else { fold::by_record(hits) };
        for one in folded {
            findings.push(finding(one, package, sbom, options, enricher)?);
        }
    }
    let mut ignored = Vec::new();
    for (package, hits) in cleared {
        for (hit, rule) in hits {
            for one in fold::by_record(vec![hit]) {
                let finding = finding(one, package, sbom, options, enricher)?;
                ignored.push(IgnoredFinding { finding, reasons: vec![rule.clone()] });
            }
        }
    }
    Ok((findings, ignored))
}

fn finding(
    folded: Folded,
    package: usize,
    sbom: &Sbom,
    options: &Options,
    enricher: &Enricher<'_>,
) -> Result<Finding, LookupError> {
    let described = &sbom.packages[package];
    let Folded { hits, mut fix, details } = folded;
    let speaker = &hits[0];
    let mut vulnerability = enricher.vulnerability(&speaker.vulnerability, &speaker.namespace)?;

    let mut related: Vec<Arc<Vulnerability>> = Vec::new();
    let mut seen = HashSet::from([speaker.vulnerability.id]);
    for hit in &hits[1..] {
        if seen.insert(hit.vulnerability.id) {
            related.push(enricher.vulnerability(&hit.vulnerability, &hit.namespace)?);
        }
    }
    for hit in &hits {
        for record in enricher.related(&hit.vulnerability, &hit.identity(), described)? {
            let is_own = record.id == vulnerability.id && record.provider == vulnerability.provider;
            let is_known = |known: &Arc<Vulnerability>| known.id == record.id && known.provider == record.provider;
            if !is_own && !related.iter().any(is_known) {
                related.push(record);
            }
        }
    }
    if options.fold_aliases() && vulnerability.severity == Severity::Unknown {
        // Distributions that only list fixes leave the judgement to others.
        let names = hits.iter().flat_map(Hit::identity).filter(|name| name.starts_with("CVE-"));
        // Of an advisory about several CVEs none can speak for the others.
        let is_single = names.collect::<HashSet<_>>().len() <= 1;
        let judged = related
            .iter()
            .find(|record| record.severity != Severity::Unknown && (is_single || record.id == vulnerability.id));
        if let Some(judged) = judged {
            let (severity, cvss) = (judged.severity, judged.cvss.clone());
            let own = Arc::make_mut(&mut vulnerability);
            own.severity = severity;
            if own.cvss.is_empty() {
                own.cvss = cvss;
            }
        }
    }
    let format = Candidate::new(package, described, None, None, false).format;
    fix.suggested = suggestion(&described.version, format, &fix.versions, options);
    let risk = risk::of(&vulnerability);
    Ok(Finding { vulnerability, related, package, fix, details, risk })
}

fn suggestion(version: &str, format: Format, fixes: &[String], options: &Options) -> Option<String> {
    let versions = windlass_versions::Options {
        missing_epoch: windlass_versions::MissingEpoch::Auto,
        ignore_rpm_caret: options.like_grype,
    };
    suggested_fix(version, format, fixes, &versions).map(str::to_owned)
}

/// Renames a finding to the first CVE it is known by at the NVD; the fix stays what it was (`spec/matching.md` §6.5).
pub(super) fn name_by_cve(finding: &mut Finding, enricher: &Enricher<'_>) -> Result<(), LookupError> {
    if finding.vulnerability.id.starts_with("CVE-") {
        return Ok(());
    }
    let cve = finding.names().find(|name| name.starts_with("CVE-")).map(str::to_owned);
    let Some(cve) = cve else { return Ok(()) };
    if let Some(record) = enricher.nvd(&cve)? {
        let original = std::mem::replace(&mut finding.vulnerability, record);
        finding.risk = risk::of(&finding.vulnerability);
        finding.related.retain(|related| related.id != finding.vulnerability.id);
        finding.related.insert(0, original);
    }
    Ok(())
}
