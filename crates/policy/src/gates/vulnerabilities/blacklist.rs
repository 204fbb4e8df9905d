//! Trigger `blacklist`: vulnerabilities that no image may have (`spec/policy.md` §4.13.4).

use crate::{
    Arguments, Check, Failure, FindingFact, Parameter, Profile, Trigger,
    gate::{Inputs, Origin},
    parameter::Kind,
    pyrepr,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "blacklist",
    description: "Fires once if any of the listed vulnerabilities is found.",
    parameters: &[
        Parameter::new(
            "vulnerability_ids",
            Kind::List,
            "Identifiers as findings carry them, in this case. The profile native knows aliases as well, in any case.",
        )
        .required()
        .example("CVE-2019-1234"),
        Parameter::new(
            "vendor_only",
            Kind::Boolean,
            "Leave out findings that the vendor will not fix; true when unset. The profile compat leaves them out always.",
        )
        .example("true"),
    ],
    reads: Inputs::FINDINGS.with(Inputs::ALL_FINDINGS),
    origin: Origin::Original,
    compile: blacklist,
};

fn blacklist(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let ids = arguments.list("vulnerability_ids");
    let vendor_only = arguments.boolean("vendor_only").unwrap_or(true);
    Ok(Check::new(move |context, firings| {
        let is_native = context.profile == Profile::Native;
        let only_fixable = vendor_only || !is_native;
        let is_judged = |fact: &FindingFact<'_>| !(only_fixable && fact.will_not_fix());
        let is_found = |id: &&String| {
            if is_native {
                context.image.findings().iter().any(|fact| is_judged(fact) && fact.finding.is_named(id))
            } else {
                context.image.findings_named(id).any(is_judged)
            }
        };
        let found: Vec<&str> = ids.iter().filter(is_found).map(String::as_str).collect();
        if !found.is_empty() {
            firings.fire(format!("Blacklisted vulnerabilities detected: {}", pyrepr::list(found)));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_matching::Outcome;

    use crate::{
        Profile,
        gates::vulnerabilities::testing::{finding, image},
        testing::Fired,
    };

    fn fired(profile: Profile, ids: &str, vendor_only: &str) -> Vec<Fired> {
        let mut image = image();
        image.outcome.findings.push(finding("CVE-W", 0));
        image.decline("CVE-1");
        let mut case = image.case();
        case.profile = profile;
        case.fired("vulnerabilities", "blacklist", &[("vulnerability_ids", ids), ("vendor_only", vendor_only)])
    }

    #[test]
    fn the_listed_ones_that_are_found_make_one_finding_in_the_order_of_the_list() {
        let mut image = image();
        image.outcome.findings.push(finding("CVE-W", 0));
        let params = [("vulnerability_ids", "CVE-W, CVE-9,CVE-1,CVE-2")];
        assert_eq!(
            image.case().fired("vulnerabilities", "blacklist", &params),
            [Fired::new(
                "f8bef5ff95b4ae3725da84fd314eba3b",
                "Blacklisted vulnerabilities detected: ['CVE-W', 'CVE-1', 'CVE-2']"
            )]
        );
        image.outcome = Outcome::default();
        assert_eq!(image.case().fired("vulnerabilities", "blacklist", &params), []);
    }

    #[test]
    fn aliases_and_other_cases_are_known_to_the_native_profile() {
        assert_eq!(fired(Profile::Compat, "cve-2,CVE-ALIAS", "true"), []);
        let found = &fired(Profile::Native, "cve-2,CVE-ALIAS", "true")[0];
        assert_eq!(found.message, "Blacklisted vulnerabilities detected: ['cve-2', 'CVE-ALIAS']");
    }

    #[test]
    fn what_the_vendor_will_not_fix_is_left_out_unless_the_native_profile_is_asked_for_it() {
        assert_eq!(fired(Profile::Compat, "CVE-1", "false"), []);
        assert_eq!(fired(Profile::Native, "CVE-1", "true"), []);
        assert_eq!(fired(Profile::Native, "CVE-1", "false").len(), 1);
    }
}
