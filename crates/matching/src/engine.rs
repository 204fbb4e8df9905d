//! The way from a bill of materials to an outcome: packages are compared one by one, then the image is composed.

mod answer;
mod compose;
mod findings;
mod matcher;
mod packages;

use std::collections::BTreeSet;

use windlass_advisories::{Advisories, LookupError};
use windlass_sbom::Sbom;

use crate::{
    Distribution, Explanation, InvalidIgnoreRule, Inventory, Options, Outcome, PackageInput, PackageOutcome,
    Surroundings, explain::Trace,
};

pub use answer::Answer;
pub use compose::compose;
pub(crate) use findings::{finding, folded, of_package};
pub use matcher::Matcher;

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
    run(sbom, &Inventory::of(sbom, options), advisories, options, None)
}

/// Compares package versions with every record about them, whatever images they are in; answers in the order of the
/// inputs, equal for any number of threads. Of the options those count that say what is searched and compared: not
/// rules, VEX documents or the distribution, which are for [`compose`], but `by_cve`, `channels`, `cpes`, `today`.
///
/// What is read of the database is remembered until the call returns: who has a hundred thousand inputs calls with some
/// thousand at a time, those of one name together.
///
/// # Errors
/// When the database cannot answer. A package whose matcher fails is no error: its outcome says so.
pub fn match_packages(
    inputs: &[PackageInput],
    advisories: &dyn Advisories,
    options: &Options,
) -> Result<Vec<PackageOutcome>, LookupError> {
    let of_releases = inputs.iter().filter(|input| input.kind.is_os_package());
    let distributions: BTreeSet<&Distribution> = of_releases.filter_map(|input| input.distribution.as_ref()).collect();
    let surroundings = Surroundings::look_up(distributions.into_iter().cloned(), advisories, options)?;
    packages::match_all(inputs, &surroundings, advisories, options, None)
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
    let inventory = Inventory::of(sbom, options);
    let outcome = run(sbom, &inventory, advisories, options, Some(&trace))?;
    let concerns = |finding: &crate::Finding| trace.concerns(&finding.names().collect::<Vec<_>>());
    let findings: Vec<_> = outcome.findings.into_iter().filter(concerns).collect();
    let ignored: Vec<_> = outcome.ignored.into_iter().filter(|ignored| concerns(&ignored.finding)).collect();
    let considerations = trace.into_considerations(&inventory.packages());
    let is_known = !records.is_empty() || !considerations.is_empty();
    Ok(Explanation { id: id.to_owned(), aliases, is_known, considerations, findings, ignored })
}

fn run(
    sbom: &Sbom,
    inventory: &Inventory,
    advisories: &dyn Advisories,
    options: &Options,
    trace: Option<&Trace>,
) -> Result<Outcome, MatchError> {
    let surroundings = Surroundings::look_up(inventory.distributions(), advisories, options)?;
    let outcomes = packages::match_all(inventory.inputs(), &surroundings, advisories, options, trace)?;
    Ok(compose(sbom, inventory, &Answer::all(outcomes, inventory, options), &surroundings, options)?)
}
