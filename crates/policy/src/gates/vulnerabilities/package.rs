//! Trigger `package`: findings by severity, score, fix and age (`spec/policy.md` §4.13.1).

use std::sync::Arc;

use jiff::Timestamp;
use windlass_matching::Severity;

use super::score_test::ScoreTest;
use crate::{
    About, Arguments, Check, Context, Failure, Parameter, Profile, Trigger,
    comparison::Comparison,
    evaluate::days_after,
    finding::FindingFact,
    gate::{Inputs, Origin},
    parameter::Kind,
    rule_pattern::RulePattern,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "package",
    description: "Fires for each vulnerability of a package that meets every condition given. Those of unknown severity \
                  fire only if severity_comparison admits them, as >= does.",
    parameters: &[
        Parameter::new("package_type", Kind::OneOf(&["all", "os", "non-os"]), "Which packages to look at.")
            .required()
            .example("all"),
        comparison("severity_comparison", "How the severity compares with the given one; > when unset."),
        Parameter::new(
            "severity",
            Kind::OneOf(&["unknown", "negligible", "low", "medium", "high", "critical"]),
            "The severity to compare with; unknown when unset.",
        )
        .example("high"),
        comparison("cvss_v3_base_score_comparison", "How the base score compares with the given one; >= when unset."),
        score("cvss_v3_base_score", "A CVSS 3 base score; compared with the highest that the NVD gives."),
        comparison(
            "cvss_v3_exploitability_score_comparison",
            "How the exploitability score compares with the given one; >= when unset.",
        ),
        score(
            "cvss_v3_exploitability_score",
            "A CVSS 3 exploitability score; compared with the highest that the NVD gives.",
        ),
        comparison(
            "cvss_v3_impact_score_comparison",
            "How the impact score compares with the given one; >= when unset.",
        ),
        score("cvss_v3_impact_score", "A CVSS 3 impact score; compared with the highest that the NVD gives."),
        Parameter::new("fix_available", Kind::Boolean, "Only findings that have a fix, or only those that have none.")
            .example("true"),
        Parameter::new(
            "vendor_only",
            Kind::Boolean,
            "Leave out findings that the vendor will not fix; true when unset. The profile compat leaves them out always.",
        )
        .example("true"),
        Parameter::new(
            "max_days_since_creation",
            Kind::Integer,
            "Only findings that were first seen in the image at least this many days ago.",
        )
        .example("7"),
        Parameter::new(
            "max_days_since_fix",
            Kind::Integer,
            "Only findings whose fix has been there for at least this many days, or nobody knows since when; takes \
             fix_available true.",
        )
        .example("30"),
        comparison(
            "vendor_cvss_v3_base_score_comparison",
            "How the vendor's base score compares with the given one; >= when unset.",
        ),
        score("vendor_cvss_v3_base_score", "A CVSS 3 base score; compared with the highest that the vendor gives."),
        comparison(
            "vendor_cvss_v3_exploitability_score_comparison",
            "How the vendor's exploitability score compares with the given one; >= when unset.",
        ),
        score(
            "vendor_cvss_v3_exploitability_score",
            "A CVSS 3 exploitability score; compared with the highest that the vendor gives.",
        ),
        comparison(
            "vendor_cvss_v3_impact_score_comparison",
            "How the vendor's impact score compares with the given one; >= when unset.",
        ),
        score("vendor_cvss_v3_impact_score", "A CVSS 3 impact score; compared with the highest that the vendor gives."),
        Parameter::new(
            "package_path_exclude",
            Kind::Text,
            "A regular expression; packages of languages whose path begins with a match are left out.",
        )
        .pattern()
        .example(r".*test\.jar*"),
    ],
    reads: Inputs::FINDINGS.with(Inputs::CLOCK),
    origin: Origin::Original,
    compile: package,
};

const fn comparison(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, Kind::OneOf(Comparison::WORDS), description).example(">")
}

const fn score(name: &'static str, description: &'static str) -> Parameter {
    Parameter::new(name, Kind::Float, description)
}

fn package(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let conditions = Conditions::new(arguments)?;
    Ok(Check::new(move |context, firings| {
        if let Some(exclude) = &conditions.exclude {
            exclude.usable()?;
        }
        for (index, fact) in context.image.findings().iter().enumerate() {
            match conditions.meet(fact, context)? {
                Met::Never => {}
                Met::From(moment) => firings.changes_at(moment),
                Met::Now(evidence) => {
                    let message = evidence.message(fact);
                    firings.fire(message).id(Arc::clone(fact.trigger_id())).about(About::Finding(index));
                }
            }
        }
        Ok(())
    }))
}

/// What a rule asks of a finding.
struct Conditions {
    /// `None`: any package.
    is_os: Option<bool>,
    severity: (Comparison, Severity),
    exclude: Option<RulePattern>,
    vendor_only: bool,
    /// Days since it was first seen.
    age: Option<u64>,
    /// Days since its fix appeared.
    fix_age: Option<u64>,
    nvd: Vec<ScoreTest>,
    has_fix: Option<bool>,
    vendor: Vec<ScoreTest>,
}

/// Whether a finding meets the conditions.
enum Met {
    Never,
    /// As soon as it is old enough.
    From(Timestamp),
    Now(Evidence),
}

/// What the message says of the conditions, each part in brackets or empty.
struct Evidence {
    scores: String,
    times: String,
    vendor_scores: String,
}

impl Conditions {
    fn new(arguments: &Arguments<'_>) -> Result<Self, Failure> {
        let severity = arguments.text("severity").and_then(Severity::parse).unwrap_or_default();
        let has_fix = arguments.boolean("fix_available");
        let nvd = [
            ("cvss_v3_base_score", "cvss_v3_base_score_comparison"),
            ("cvss_v3_exploitability_score", "cvss_v3_exploitability_score_comparison"),
            ("cvss_v3_impact_score", "cvss_v3_impact_score_comparison"),
        ];
        let vendor = [
            ("vendor_cvss_v3_base_score", "vendor_cvss_v3_base_score_comparison"),
            ("vendor_cvss_v3_exploitability_score", "vendor_cvss_v3_exploitability_score_comparison"),
            ("vendor_cvss_v3_impact_score", "vendor_cvss_v3_impact_score_comparison"),
        ];
        Ok(Self {
            is_os: match arguments.text("package_type") {
                Some("os") => Some(true),
                Some("non-os") => Some(false),
                _ => None,
            },
            severity: (Comparison::parse(arguments.text_or("severity_comparison", ">")), severity),
            exclude: arguments.text("package_path_exclude").map(RulePattern::new),
            vendor_only: arguments.boolean("vendor_only").unwrap_or(true),
            age: arguments.integer("max_days_since_creation"),
            fix_age: arguments.integer("max_days_since_fix").filter(|_| has_fix == Some(true)),
            nvd: ScoreTest::of(arguments, nvd)?,
            has_fix,
            vendor: ScoreTest::of(arguments, vendor)?,
        })
    }

    fn meet(&self, fact: &FindingFact<'_>, context: &Context<'_>) -> Result<Met, Failure> {
        let (comparison, severity) = &self.severity;
        if self.is_os.is_some_and(|is_os| is_os != fact.is_os()) || !comparison.holds(&fact.severity(), severity) {
            return Ok(Met::Never);
        }
        let only_fixable = self.vendor_only || context.profile == Profile::Compat;
        if only_fixable && fact.will_not_fix() {
            return Ok(Met::Never);
        }
        let has_fix = fact.fix_versions().next().is_some();
        if self.has_fix.is_some_and(|wanted| wanted != has_fix) || self.excludes(fact)? {
            return Ok(Met::Never);
        }
        let Some(scores) = tested(&self.nvd, || fact.nvd_scores()) else { return Ok(Met::Never) };
        let Some(vendor_scores) = tested(&self.vendor, || fact.vendor_scores()) else { return Ok(Met::Never) };
        let seen = self.age.map(|days| (fact.first_seen.unwrap_or(context.now), days));
        let fixed = self.fix_age.and_then(|days| Some((fact.fix_observed()?, days)));
        let old_enough = seen.into_iter().chain(fixed).map(|(since, days)| days_after(since, days)).max();
        if let Some(moment) = old_enough.filter(|moment| *moment > context.now) {
            return Ok(Met::From(moment));
        }
        let seen = seen.map(|(since, _)| ("max_days_since_creation", since));
        let fixed = fixed.map(|(since, _)| ("max_days_since_fix", since));
        let times: Vec<String> =
            seen.into_iter().chain(fixed).map(|(name, since)| format!("{name}={}", since.strftime("%F"))).collect();
        let times = if times.is_empty() { String::new() } else { format!("({})", times.join(" ")) };
        Ok(Met::Now(Evidence { scores, times, vendor_scores }))
    }

    /// Whether the finding is in a package of a language at a place that is left out.
    fn excludes(&self, fact: &FindingFact<'_>) -> Result<bool, Failure> {
        match (&self.exclude, fact.location()) {
            (Some(exclude), Some(path)) if !fact.is_os() => exclude.matches_start(path),
            _ => Ok(false),
        }
    }
}

/// The printed scores, or `None` where a test does not hold. Scores are not looked for where there is no test.
fn tested(tests: &[ScoreTest], scores: impl FnOnce() -> crate::Scores) -> Option<String> {
    if tests.is_empty() {
        return Some(String::new());
    }
    let scores = scores();
    tests.iter().all(|test| test.holds(&scores)).then(|| ScoreTest::printed(tests, &scores))
}

impl Evidence {
    fn message(&self, fact: &FindingFact<'_>) -> String {
        let Self { scores, times, vendor_scores } = self;
        [fact.opening(), scores, times, vendor_scores, fact.closing()].concat()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Profile,
        gates::vulnerabilities::testing::{Image, image},
        testing::Fired,
    };

    const LINK: &str = "http://l";

    fn fired(params: &[(&str, &str)]) -> Vec<Fired> {
        all(&image(), params)
    }

    fn all(image: &Image, params: &[(&str, &str)]) -> Vec<Fired> {
        image.case().fired("vulnerabilities", "package", &with_type(params))
    }

    fn with_type<'p>(params: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
        let mut all = params.to_vec();
        if !params.iter().any(|(name, _)| *name == "package_type") {
            all.push(("package_type", "all"));
        }
        all
    }

    fn ids(params: &[(&str, &str)]) -> Vec<String> {
        fired(params).into_iter().map(|fired| fired.id).collect()
    }

    fn messages(params: &[(&str, &str)]) -> Vec<String> {
        fired(params).into_iter().map(|fired| fired.message).collect()
    }

    #[test]
    fn every_finding_of_a_known_severity_fires_by_default() {
        let row = |id: &str, text: &str| Fired::new(id, &text.replace("LINK", LINK));
        assert_eq!(
            fired(&[]),
            [
                row("CVE-1+pkg", "HIGH Vulnerability found in os package type (dpkg) - pkg (CVE-1 - LINK)"),
                row(
                    "CVE-2+pkg",
                    "CRITICAL Vulnerability found in os package type (dpkg) - pkg (fixed in: 1.1)(CVE-2 - LINK)"
                ),
                row(
                    "GHSA-1+lodash",
                    "MEDIUM Vulnerability found in non-os package type (npm) - /n/lodash/package.json (fixed in: 2, 3)\
                     (GHSA-1 - LINK)"
                ),
                row("VULN-J+x.jar", "LOW Vulnerability found in non-os package type (java) - /a/x.jar (VULN-J - LINK)"),
            ]
        );
    }

    #[test]
    fn an_unknown_severity_fires_where_the_comparison_admits_it() {
        let everything = ["CVE-1+pkg", "CVE-2+pkg", "GHSA-1+lodash", "VULN-J+x.jar", "CVE-PY+py-2"];
        assert_eq!(ids(&[("severity_comparison", ">=")]), everything);
        assert_eq!(ids(&[("severity_comparison", "="), ("severity", "unknown")]), ["CVE-PY+py-2"]);
        assert_eq!(ids(&[("severity", "medium")]), ["CVE-1+pkg", "CVE-2+pkg"]);
        assert_eq!(ids(&[("severity", "low"), ("severity_comparison", "<=")]), ["VULN-J+x.jar", "CVE-PY+py-2"]);
    }

    #[test]
    fn packages_of_the_operating_system_and_others_can_be_told_apart() {
        assert_eq!(ids(&[("package_type", "os")]), ["CVE-1+pkg", "CVE-2+pkg"]);
        assert_eq!(ids(&[("package_type", "non-os")]), ["GHSA-1+lodash", "VULN-J+x.jar"]);
    }

    #[test]
    fn scores_of_the_nvd_are_its_highest_and_zero_is_not_printed() {
        assert_eq!(
            messages(&[("cvss_v3_base_score", "9")]),
            ["MEDIUM Vulnerability found in non-os package type (npm) - /n/lodash/package.json (fixed in: 2, 3)\
              (cvss_v3_base_score=9.8)(GHSA-1 - http://l)"]
        );
        assert_eq!(
            messages(&[("cvss_v3_base_score", "0"), ("severity_comparison", ">=")]),
            [
                "MEDIUM Vulnerability found in non-os package type (npm) - /n/lodash/package.json (fixed in: 2, 3)\
                 (cvss_v3_base_score=9.8)(GHSA-1 - http://l)",
                "LOW Vulnerability found in non-os package type (java) - /a/x.jar (VULN-J - http://l)"
            ]
        );
        assert_eq!(
            messages(&[("cvss_v3_base_score", "0"), ("cvss_v3_base_score_comparison", "<")]),
            [
                "HIGH Vulnerability found in os package type (dpkg) - pkg (cvss_v3_base_score=-1.0)(CVE-1 - http://l)",
                "CRITICAL Vulnerability found in os package type (dpkg) - pkg (fixed in: 1.1)\
                 (cvss_v3_base_score=-1.0)(CVE-2 - http://l)"
            ]
        );
        assert_eq!(ids(&[("cvss_v3_exploitability_score", "3.9"), ("cvss_v3_impact_score", "5.9")]), ["GHSA-1+lodash"]);
        assert_eq!(ids(&[("cvss_v3_impact_score", "6")]), [""; 0]);
    }

    #[test]
    fn every_condition_of_a_rule_must_hold_and_the_message_names_them() {
        let params = [
            ("vendor_cvss_v3_base_score", "7.5"),
            ("vendor_cvss_v3_base_score_comparison", "="),
            ("vendor_cvss_v3_exploitability_score", "1"),
            ("vendor_cvss_v3_impact_score", "3.6"),
            ("cvss_v3_base_score", "9.8"),
            ("cvss_v3_base_score_comparison", "="),
            ("fix_available", "true"),
            ("max_days_since_creation", "1"),
        ];
        assert_eq!(
            messages(&params),
            ["MEDIUM Vulnerability found in non-os package type (npm) - /n/lodash/package.json (fixed in: 2, 3)\
              (cvss_v3_base_score=9.8)(max_days_since_creation=2020-01-01)(vendor_cvss_v3_base_score=7.5 \
              vendor_cvss_v3_exploitability_score=3.9 vendor_cvss_v3_impact_score=3.6)(GHSA-1 - http://l)"]
        );
        assert_eq!(ids(&[("vendor_cvss_v3_impact_score", "3.7")]), [""; 0]);
    }

    #[test]
    fn findings_with_and_without_a_fix_can_be_told_apart() {
        assert_eq!(ids(&[("fix_available", "true")]), ["CVE-2+pkg", "GHSA-1+lodash"]);
        assert_eq!(ids(&[("fix_available", "False")]), ["CVE-1+pkg", "VULN-J+x.jar"]);
    }

    #[test]
    fn a_place_without_a_parent_folder_leaves_name_and_version() {
        let mut image = image();
        image.place("lodash", "package.json");
        assert!(all(&image, &[]).iter().any(|fired| fired.id == "GHSA-1+lodash-1"));
        image.place("lodash", "");
        let nowhere =
            "MEDIUM Vulnerability found in non-os package type (npm) - None (fixed in: 2, 3)(GHSA-1 - http://l)";
        assert!(all(&image, &[]).contains(&Fired::new("GHSA-1+lodash-1", nowhere)));
        assert_eq!(all(&image, &[("package_path_exclude", ".*")]).len(), 3);
    }

    #[test]
    fn places_can_be_left_out_but_not_the_operating_systems() {
        assert_eq!(ids(&[("package_path_exclude", "/n/")]), ["CVE-1+pkg", "CVE-2+pkg", "VULN-J+x.jar"]);
        assert_eq!(ids(&[("package_path_exclude", "n/")]).len(), 4);
        assert_eq!(ids(&[("package_path_exclude", ".*")]), ["CVE-1+pkg", "CVE-2+pkg"]);
    }

    #[test]
    fn what_the_vendor_will_not_fix_is_left_out_unless_the_native_profile_is_asked_for_it() {
        let mut image = image();
        image.decline("CVE-1");
        let found = |profile, vendor_only: &str| {
            let params = with_type(&[("vendor_only", vendor_only), ("package_type", "os")]);
            let mut case = image.case();
            case.profile = profile;
            case.fired("vulnerabilities", "package", &params).len()
        };
        assert_eq!((found(Profile::Compat, "true"), found(Profile::Compat, "false")), (1, 1));
        assert_eq!((found(Profile::Native, "true"), found(Profile::Native, "false")), (1, 2));
    }

    #[test]
    fn age_counts_from_when_a_finding_was_first_seen() {
        // The evaluation is of 2024-06-01; only GHSA-1 was seen before.
        assert_eq!(ids(&[("max_days_since_creation", "1613")]), ["GHSA-1+lodash"]);
        assert_eq!(ids(&[("max_days_since_creation", "1614")]), [""; 0]);
        assert_eq!(ids(&[("max_days_since_creation", "99999999999999999999")]), [""; 0]);
        assert_eq!(ids(&[("max_days_since_creation", "0")]).len(), 4);
    }

    #[test]
    fn no_finding_is_older_than_the_image() {
        let mut young = image();
        young.since = Some("2024-05-22T00:00:00Z".parse().unwrap());
        let ids = |days: &str| -> Vec<String> {
            all(&young, &[("max_days_since_creation", days)]).into_iter().map(|fired| fired.id).collect()
        };
        assert_eq!(ids("10"), ["GHSA-1+lodash"]);
        assert_eq!(ids("11"), [""; 0]);
    }

    #[test]
    fn the_age_of_a_fix_counts_only_beside_the_fix_and_an_unknown_one_is_old() {
        let fixed = |days| ids(&[("fix_available", "true"), ("max_days_since_fix", days)]);
        assert_eq!(fixed("31"), ["CVE-2+pkg", "GHSA-1+lodash"]);
        assert_eq!(fixed("32"), ["GHSA-1+lodash"]);
        assert_eq!(ids(&[("max_days_since_fix", "32")]).len(), 4);
        assert_eq!(
            messages(&[("fix_available", "true"), ("max_days_since_fix", "1"), ("package_type", "os")]),
            ["CRITICAL Vulnerability found in os package type (dpkg) - pkg (fixed in: 1.1)\
              (max_days_since_fix=2024-05-01)(CVE-2 - http://l)"]
        );
    }

    #[test]
    fn a_result_holds_until_the_next_finding_that_fails_by_age_alone_is_old_enough() {
        let until = |params: &[(&str, &str)]| {
            let until = image().valid_until("package", &with_type(params));
            until.map(|moment| moment.to_string())
        };
        assert_eq!(until(&[]), None);
        let fix = ("fix_available", "true");
        assert_eq!(until(&[fix, ("max_days_since_fix", "40")]).unwrap(), "2024-06-10T00:00:00Z");
        assert_eq!(until(&[("max_days_since_creation", "7")]).unwrap(), "2024-06-08T00:00:00Z");
        // The only finding that is that bad is old enough already.
        let old = [("max_days_since_creation", "7"), ("severity", "medium"), ("severity_comparison", "=")];
        assert_eq!(until(&old), None);
        let both = [fix, ("max_days_since_fix", "40"), ("max_days_since_creation", "20"), ("package_type", "os")];
        assert_eq!(until(&both).unwrap(), "2024-06-21T00:00:00Z");
    }

    #[test]
    fn what_is_no_number_or_no_expression_is_a_problem() {
        let problem = |name, value| {
            let image = image();
            let params = with_type(&[(name, value)]);
            image.case().evaluated("vulnerabilities", "package", &params).unwrap_err()
        };
        assert_eq!(problem("cvss_v3_base_score", ""), "could not convert string to float: ''");
        assert_eq!(problem("vendor_cvss_v3_impact_score", "--1"), "could not convert string to float: '--1'");
        assert!(problem("package_path_exclude", "(").contains("Trigger evaluation failed for gate vulnerabilities"));
    }
}
