//! The way from a bill of materials to an outcome.

mod findings;
mod packages;
mod prepare;

use windlass_advisories::{Advisories, LookupError};
use windlass_sbom::Sbom;

use crate::{
    Explanation, InvalidIgnoreRule, Options, Outcome, enrich::Enricher, explain::Trace, ignore, lookups::Lookups, risk,
    vex,
};
use prepare::Prepared;

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error(transparent)]
    IgnoreRule(#[from] InvalidIgnoreRule),
}

/// Compares every package with every record about it.
///
/// # Errors
/// When the database cannot answer, or a rule cannot be used. A package that cannot be compared is no error: it is in
/// [`Outcome::coverage`].
pub fn match_sbom(sbom: &Sbom, advisories: &dyn Advisories, options: &Options) -> Result<Outcome, MatchError> {
    Matcher::new(advisories).match_sbom(sbom, options)
}

/// Compares many documents with a database that does not change meanwhile: what was asked for one of them, on any thread, is
/// not asked again for another.
pub struct Matcher<'a> {
    lookups: Lookups<'a>,
    enricher: Enricher<'a>,
}

impl<'a> Matcher<'a> {
    pub fn new(advisories: &'a dyn Advisories) -> Self {
        Self { lookups: Lookups::new(advisories), enricher: Enricher::new(advisories) }
    }

    /// As the function [`match_sbom`].
    ///
    /// # Errors
    /// As there.
    pub fn match_sbom(&self, sbom: &Sbom, options: &Options) -> Result<Outcome, MatchError> {
        self.run(sbom, options, None)
    }

    fn run(&self, sbom: &Sbom, options: &Options, trace: Option<&Trace>) -> Result<Outcome, MatchError> {
        let Self { lookups, enricher } = self;
        let rules = ignore::rules(options)?;
        let prepared = Prepared::new(sbom, lookups.advisories, options)?;
        let mut matched = packages::match_all(&prepared.candidates(sbom), lookups, options, trace)?;
        matched.clear(sbom, &prepared.ownership, lookups)?;

        let (found, mut ignored) = findings::build(matched.found, matched.cleared, sbom, options, enricher)?;
        let with_aliases = options.fold_aliases();
        let (mut kept, hit) = ignore::apply(found, &rules.ignore, sbom, with_aliases);
        ignored.extend(hit);
        if options.by_cve {
            for finding in &mut kept {
                findings::name_by_cve(finding, enricher)?;
            }
            let (still_kept, hit) = ignore::apply(kept, &rules.ignore, sbom, with_aliases);
            kept = still_kept;
            ignored.extend(hit);
        }
        let (mut kept, mut ignored, unmatched_statements) = vex::apply(kept, ignored, &rules.vex, sbom, options);
        risk::sort(&mut kept, options.sort, &sbom.packages);
        ignored.sort_by(|a, b| risk::compare(&a.finding, &b.finding, options.sort, &sbom.packages));
        let coverage = prepared.coverage(sbom, lookups, options, matched.incomparable, matched.failures)?;
        let alerts = prepared.alerts(sbom, options);
        Ok(Outcome { findings: kept, ignored, coverage, alerts, unmatched_statements })
    }
}

/// Says of every package that the database has a record of `id` for why it is affected or not.
///
/// # Errors
/// As [`match_sbom`].
pub fn explain(
    sbom: &Sbom,
    advisories: &dyn Advisories,
    options: &Options,
    id: &str,
) -> Result<Explanation, MatchError> {
    let mut names = vec![id.to_owned()];
    let records = advisories.vulnerabilities_named(id, None)?;
    let mut aliases: Vec<String> = records
        .iter()
        .flat_map(|record| std::iter::once(&record.name).chain(&record.blob.aliases))
        .filter(|name| !name.eq_ignore_ascii_case(id))
        .cloned()
        .collect();
    aliases.sort();
    aliases.dedup();
    // An advisory about several CVEs is no other name of each of them.
    let cves = aliases.iter().filter(|alias| alias.starts_with("CVE-")).count();
    names.extend(aliases.iter().filter(|alias| cves <= 1 || !alias.starts_with("CVE-")).cloned());

    let trace = Trace::new(names);
    let outcome = Matcher::new(advisories).run(sbom, options, Some(&trace))?;
    let concerns = |finding: &crate::Finding| trace.concerns(&finding.names().collect::<Vec<_>>());
    let findings: Vec<_> = outcome.findings.into_iter().filter(concerns).collect();
    let ignored: Vec<_> = outcome.ignored.into_iter().filter(|ignored| concerns(&ignored.finding)).collect();
    let considerations = trace.into_considerations();
    let is_known = !records.is_empty() || !considerations.is_empty();
    Ok(Explanation { id: id.to_owned(), aliases, is_known, considerations, findings, ignored })
}
