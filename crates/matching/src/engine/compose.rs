//! What depends on the image as a whole.

use std::{
    borrow::Borrow,
    collections::{BTreeSet, HashSet},
};

use windlass_sbom::Sbom;

use super::{Answer, findings};
use crate::{
    Coverage, Gap, GroupStanding, IgnoreRule, IgnoredFinding, InvalidIgnoreRule, Inventory, Match, Options, Outcome,
    PackageFailure, PackageOutcome, RecordError, Surroundings, coverage::Groups, ignore, inventory::reason_to_clear,
    risk, vex,
};

/// Puts the answers about its packages together to the outcome of an artifact: clears what the owner of a package has fixed,
/// folds records of one flaw, applies ignore rules and VEX documents, sorts, and says what the answer is worth. The
/// database is not asked.
///
/// `answers` are those to [`Inventory::inputs`], in that order, matched with the same options; `surroundings` are
/// those of [`Inventory::distributions`] in the database that they were matched with.
///
/// # Errors
/// When a rule cannot be used.
///
/// # Panics
/// When the inventory is not that of `sbom`, or there is not one answer for each input.
pub fn compose(
    sbom: &Sbom,
    inventory: &Inventory,
    answers: &[impl Borrow<Answer>],
    surroundings: &Surroundings,
    options: &Options,
) -> Result<Outcome, InvalidIgnoreRule> {
    Ok(compose_by(&ignore::rules(options)?, sbom, inventory, answers, surroundings, options))
}

/// As [`compose`], with the rules of the options ready.
pub(super) fn compose_by(
    rules: &ignore::Rules,
    sbom: &Sbom,
    inventory: &Inventory,
    answers: &[impl Borrow<Answer>],
    surroundings: &Surroundings,
    options: &Options,
) -> Outcome {
    assert_eq!(answers.len(), inventory.inputs().len(), "every input has an answer");
    let fixed = inventory.fixed_by_owners(|input| answers[input].borrow().outcome());

    let (mut found, mut ignored) = (Vec::new(), Vec::new());
    for package in 0..sbom.packages.len() {
        let Some(place) = inventory.input(package) else { continue };
        let (input, answer) = (&inventory.inputs()[place], answers[place].borrow());
        let fixed = fixed.get(&package);
        if fixed.is_none() && answer.is_open() {
            found.extend(answer.of_package(package));
            continue;
        }
        let (kept, cleared) = cleared(answer.outcome(), fixed);
        found.extend(findings::of_package(kept, package, input, options));
        ignored.extend(cleared.into_iter().map(|(one, rule)| IgnoredFinding {
            finding: findings::of_match(one, package, input, options),
            reasons: vec![rule],
        }));
    }
    let with_aliases = options.fold_aliases();
    let (mut kept, hit) = ignore::apply(found, &rules.ignore, sbom, with_aliases);
    ignored.extend(hit);
    if options.by_cve {
        for finding in &mut kept {
            let place = inventory.input(finding.package).expect("a package with findings was compared");
            findings::name_by_cve(finding, &answers[place].borrow().outcome().cves);
        }
        let (still_kept, hit) = ignore::apply(kept, &rules.ignore, sbom, with_aliases);
        kept = still_kept;
        ignored.extend(hit);
    }
    let (mut kept, mut ignored, unmatched_statements) = vex::apply(kept, ignored, &rules.vex, sbom, options);
    risk::sort(&mut kept, options.sort, &sbom.packages);
    ignored.sort_by(|a, b| risk::compare(&a.finding, &b.finding, options.sort, &sbom.packages));
    let coverage = coverage(sbom, inventory, answers, surroundings, options);
    let alerts = surroundings.alerts(sbom, inventory, options);
    Outcome { findings: kept, ignored, coverage, alerts, unmatched_statements }
}

/// The matches that are findings, and those that are none with the reason.
fn cleared(outcome: &PackageOutcome, fixed: Option<&HashSet<&str>>) -> (Vec<Match>, Vec<(Match, IgnoreRule)>) {
    let (mut kept, mut cleared) = (Vec::new(), Vec::new());
    for one in &outcome.matches {
        match reason_to_clear(one, fixed) {
            None => kept.push(one.clone()),
            Some(reason) => {
                let vulnerability = one.vulnerability.id.clone();
                let rule = IgnoreRule { vulnerability, reason: reason.into(), ..IgnoreRule::default() };
                cleared.push((one.clone(), rule));
            }
        }
    }
    (kept, cleared)
}

fn coverage(
    sbom: &Sbom,
    inventory: &Inventory,
    answers: &[impl Borrow<Answer>],
    surroundings: &Surroundings,
    options: &Options,
) -> Coverage {
    let mut groups = Groups::default();
    let mut failures = Vec::new();
    let mut incomparable = BTreeSet::new();
    for (index, package) in sbom.packages.iter().enumerate() {
        let Some(place) = inventory.input(index) else {
            groups.add(package.kind, GroupStanding::Answered, &package.name);
            continue;
        };
        let outcome = answers[place].borrow().outcome();
        let standing = match &outcome.failure {
            Some(reason) => {
                failures.push(PackageFailure { package: index, reason: reason.clone() });
                GroupStanding::Unknown(Gap::Failed)
            }
            None => surroundings.standing(&inventory.inputs()[place], options),
        };
        groups.add(package.kind, standing, &package.name);
        incomparable.extend(outcome.incomparable.iter().map(|record| RecordError {
            vulnerability: record.vulnerability.clone(),
            provider: record.provider.clone(),
            package: index,
            reason: record.reason.clone(),
        }));
    }
    Coverage {
        distribution: surroundings.described(inventory, options),
        groups: groups.finish(),
        unreadable: sbom.unknowns.clone(),
        incomparable: incomparable.into_iter().collect(),
        failures,
    }
}
