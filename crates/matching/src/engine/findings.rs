//! Matches turned into findings.

use std::{collections::HashSet, sync::Arc};

use windlass_versions::suggested_fix;

use crate::{
    Finding, Flaw, Match, Options, PackageInput, Severity, Vulnerability,
    fold::{self, Folded},
    risk,
};

/// The findings of a package, by its matches.
pub(crate) fn of_package(matches: Vec<Match>, package: usize, input: &PackageInput, options: &Options) -> Vec<Finding> {
    folded(matches, options).into_iter().map(|one| finding(one, package, input, options)).collect()
}

/// Matches of one flaw together.
pub(crate) fn folded(matches: Vec<Match>, options: &Options) -> Vec<Folded> {
    if options.fold_aliases() { fold::by_flaw(matches) } else { fold::by_record(matches) }
}

/// The finding that a match is by itself.
pub(super) fn of_match(one: Match, package: usize, input: &PackageInput, options: &Options) -> Finding {
    let alone = Folded { fix: one.fix.clone(), details: vec![one.detail.clone()], hits: vec![one] };
    finding(alone, package, input, options)
}

pub(crate) fn finding(folded: Folded, package: usize, input: &PackageInput, options: &Options) -> Finding {
    let Folded { hits, mut fix, details } = folded;
    let mut vulnerability = Arc::clone(&hits[0].vulnerability);

    let mut related: Vec<Arc<Vulnerability>> = Vec::new();
    for (place, hit) in hits.iter().enumerate().skip(1) {
        if !hits[..place].iter().any(|earlier| earlier.vulnerability.is_same_record(&hit.vulnerability)) {
            related.push(Arc::clone(&hit.vulnerability));
        }
    }
    for record in hits.iter().flat_map(|hit| &hit.related) {
        let is_own = record.id == vulnerability.id && record.provider == vulnerability.provider;
        let is_known = |known: &Arc<Vulnerability>| known.id == record.id && known.provider == record.provider;
        if !is_own && !related.iter().any(is_known) {
            related.push(Arc::clone(record));
        }
    }
    if options.fold_aliases() && vulnerability.severity == Severity::Unknown {
        // Distributions that only list fixes leave the judgement to others.
        let names = hits.iter().flat_map(|hit| &hit.names).filter(|name| name.starts_with("CVE-"));
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
    fix.suggested = suggestion(input, &fix.versions, options);
    let risk = risk::of(&vulnerability);
    Finding::new(package, Flaw { vulnerability, related, fix, details, risk })
}

fn suggestion(input: &PackageInput, fixes: &[String], options: &Options) -> Option<String> {
    let versions = windlass_versions::Options {
        missing_epoch: windlass_versions::MissingEpoch::Auto,
        ignore_rpm_caret: options.like_grype,
    };
    suggested_fix(&input.version, input.format(), fixes, &versions).map(str::to_owned)
}

/// Renames a finding to the first CVE it is known by, if that is among the NVD's `records`; the fix stays what it was
/// (`spec/matching.md` §6.5).
pub(super) fn name_by_cve(finding: &mut Finding, records: &[Arc<Vulnerability>]) {
    if finding.vulnerability.id.starts_with("CVE-") {
        return;
    }
    let Some(cve) = finding.names().find(|name| name.starts_with("CVE-")) else { return };
    let Some(record) = records.iter().find(|record| record.id.eq_ignore_ascii_case(cve)).cloned() else { return };
    let flaw: &mut Flaw = finding;
    let original = std::mem::replace(&mut flaw.vulnerability, record);
    flaw.risk = risk::of(&flaw.vulnerability);
    flaw.related.retain(|related| related.id != flaw.vulnerability.id);
    flaw.related.insert(0, original);
}
