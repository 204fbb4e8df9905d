//! Rules that take findings out of the results, and say why.

mod built_in;
mod rule;

pub use rule::{IgnorePackage, IgnoreRule, InvalidIgnoreRule};

pub(crate) use built_in::{is_name_collision, kernel_headers};
pub(crate) use rule::Compiled;

use windlass_advisories::FixState;
use windlass_sbom::Sbom;

use crate::{Finding, IgnoredFinding, Options};

/// The rules of a scan.
pub(crate) struct Rules {
    /// The user's, those that follow from options, and the built-in ones.
    pub(crate) ignore: Vec<Compiled>,
    /// The user's rules about VEX statements.
    pub(crate) vex: Vec<Compiled>,
}

pub(crate) fn rules(options: &Options) -> Result<Rules, InvalidIgnoreRule> {
    let compiled = options.ignore.iter().map(Compiled::new).collect::<Result<Vec<_>, _>>()?;
    let (mut rules, vex): (Vec<_>, Vec<_>) = compiled.into_iter().partition(|one| one.rule.vex_status.is_empty());
    for state in [FixState::Unknown, FixState::Fixed, FixState::NotFixed, FixState::WontFix] {
        if options.ignore_states.contains(&state) {
            let reason = format!("findings that are {} are left out", state.as_str());
            rules.push(Compiled::new(&IgnoreRule { fix_state: Some(state), reason, ..IgnoreRule::default() })?);
        }
    }
    if !options.match_kernel_headers {
        for rule in kernel_headers() {
            rules.push(Compiled::new(&rule)?);
        }
    }
    Ok(Rules { ignore: rules, vex })
}

/// Splits findings into those that remain and those that a rule hits.
pub(crate) fn apply(
    findings: Vec<Finding>,
    rules: &[Compiled],
    sbom: &Sbom,
    with_aliases: bool,
) -> (Vec<Finding>, Vec<IgnoredFinding>) {
    let mut kept = Vec::new();
    let mut ignored = Vec::new();
    for finding in findings {
        let package = &sbom.packages[finding.package];
        let hit = rules.iter().filter(|rule| rule.matches(&finding, package, with_aliases));
        let reasons: Vec<IgnoreRule> = hit.map(|rule| rule.rule.clone()).collect();
        if reasons.is_empty() {
            kept.push(finding);
        } else {
            ignored.push(IgnoredFinding { finding, reasons });
        }
    }
    (kept, ignored)
}
