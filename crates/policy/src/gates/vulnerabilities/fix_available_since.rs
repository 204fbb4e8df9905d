//! Trigger `fix_available_since`: fixes that were not taken.

use super::fire;
use crate::{
    Arguments, Check, Failure, Parameter, Trigger,
    evaluate::days_after,
    gate::{Inputs, Origin},
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "fix_available_since",
    description: "Fires for each vulnerability of a package that has had a fix for this many days. A fix of which nobody \
                  knows when it appeared counts as old.",
    parameters: &[Parameter::new("days", Kind::Integer, "Days within which a fix must be taken.")
        .required()
        .example("30")],
    reads: Inputs::FINDINGS.with(Inputs::CLOCK),
    origin: Origin::Windlass,
    compile: fix_available_since,
};

fn fix_available_since(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let days = arguments.integer("days").unwrap_or(u64::MAX);
    Ok(Check::new(move |context, firings| {
        for (index, fact) in context.image.findings().iter().enumerate() {
            let Some(first) = fact.fix_versions().next() else { continue };
            let since = match fact.fix_observed() {
                None => "at an unknown time".to_owned(),
                Some(observed) => {
                    let due = days_after(observed, days);
                    if due > context.now {
                        firings.changes_at(due);
                        continue;
                    }
                    format!("on {}", observed.strftime("%F"))
                }
            };
            let version = fact.finding.fix.suggested.as_deref().unwrap_or(first);
            fire(firings, index, fact, &format!("was fixed {since} (in {version})"));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use crate::gates::vulnerabilities::testing::image;

    fn fired(days: &str) -> Vec<String> {
        let fired = image().case().fired("vulnerabilities", "fix_available_since", &[("days", days)]);
        fired.into_iter().map(|fired| format!("{}: {}", fired.id, fired.message)).collect()
    }

    #[test]
    fn a_fix_must_be_taken_in_time() {
        // The evaluation is of 2024-06-01, the fix of CVE-2 of 2024-05-01, that of GHSA-1 undated.
        let undated = "GHSA-1+lodash: GHSA-1 in lodash 1 (npm) was fixed at an unknown time (in 2)";
        assert_eq!(fired("31"), ["CVE-2+pkg: CVE-2 in pkg 1 (dpkg) was fixed on 2024-05-01 (in 1.1)", undated]);
        assert_eq!(fired("32"), [undated]);
    }

    #[test]
    fn the_result_holds_until_the_next_fix_is_old_enough() {
        let until = |days| image().valid_until("fix_available_since", &[("days", days)]);
        assert_eq!(until("32").unwrap().to_string(), "2024-06-02T00:00:00Z");
        assert_eq!(until("31"), None);
    }
}
