//! Trigger `epss`: vulnerabilities by how likely they are to be exploited.

use super::fire;
use crate::{
    Arguments, Check, Failure, Parameter, Trigger,
    comparison::Comparison,
    gate::{Inputs, Origin},
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "epss",
    description: "Fires for each vulnerability of a package whose EPSS score and percentile compare as given. One without \
                  a score never fires.",
    parameters: &[
        Parameter::new(
            "epss_score",
            Kind::Float,
            "A probability of exploitation within 30 days, from 0 to 1; compared with the finding's.",
        )
        .example("0.1"),
        Parameter::new(
            "epss_score_comparison",
            Kind::OneOf(Comparison::WORDS),
            "How the score compares with the given one; >= when unset.",
        )
        .example(">="),
        Parameter::new(
            "epss_percentile",
            Kind::Float,
            "The share of all vulnerabilities that score no higher, from 0 to 1; compared with the finding's.",
        )
        .example("0.95"),
        Parameter::new(
            "epss_percentile_comparison",
            Kind::OneOf(Comparison::WORDS),
            "How the percentile compares with the given one; >= when unset.",
        )
        .example(">="),
    ],
    reads: Inputs::FINDINGS.with(Inputs::ALL_FINDINGS),
    origin: Origin::Windlass,
    compile: epss,
};

fn epss(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let condition = |name: &str, comparison: &str| -> Result<Option<(Comparison, f64)>, Failure> {
        let comparison = Comparison::parse(arguments.text_or(comparison, ">="));
        Ok(arguments.float(name)?.map(|wanted| (comparison, wanted)))
    };
    let score = condition("epss_score", "epss_score_comparison")?;
    let percentile = condition("epss_percentile", "epss_percentile_comparison")?;
    if score.is_none() && percentile.is_none() {
        return Err(Failure::new("the rule compares with nothing; give epss_score or epss_percentile"));
    }
    let holds = |condition: Option<(Comparison, f64)>, found: f64| {
        condition.is_none_or(|(comparison, wanted)| comparison.holds(&found, &wanted))
    };
    Ok(Check::new(move |context, firings| {
        for (index, fact) in context.image.findings().iter().enumerate() {
            let Some(epss) = fact.epss() else { continue };
            if holds(score, epss.epss) && holds(percentile, epss.percentile) {
                let matter =
                    format!("has an EPSS score of {:.5} (percentile {:.5}, {})", epss.epss, epss.percentile, epss.cve);
                fire(firings, index, fact, &matter);
            }
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_advisories::Epss;

    use crate::gates::vulnerabilities::testing::image;

    fn fired(params: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let epss =
            |cve: &str, epss: f64, percentile: f64| Epss { cve: cve.into(), epss, percentile, ..Epss::default() };
        let mut image = image();
        image.edit("CVE-1", |record| record.epss = vec![epss("CVE-1", 0.02, 0.8), epss("CVE-0", 0.5, 0.97)]);
        image.edit("CVE-2", |record| record.epss = vec![epss("CVE-2", 0.01, 0.6)]);
        let fired = image.case().evaluated("vulnerabilities", "epss", params)?;
        Ok(fired.into_iter().map(|fired| format!("{}: {}", fired.id, fired.message)).collect())
    }

    #[test]
    fn the_worst_score_of_a_finding_is_compared() {
        let worst = "CVE-1+pkg: CVE-1 in pkg 1 (dpkg) has an EPSS score of 0.50000 (percentile 0.97000, CVE-0)";
        assert_eq!(fired(&[("epss_score", "0.5")]).unwrap(), [worst]);
        assert_eq!(fired(&[("epss_percentile", "0.9")]).unwrap(), [worst]);
        assert_eq!(fired(&[("epss_score", "0.01")]).unwrap().len(), 2);
        assert_eq!(fired(&[("epss_score", "0.5"), ("epss_score_comparison", ">")]).unwrap().len(), 0);
        assert_eq!(fired(&[("epss_score", "0"), ("epss_percentile", "0.98")]).unwrap().len(), 0);
    }

    #[test]
    fn findings_without_a_score_are_not_low() {
        assert_eq!(fired(&[("epss_score", "1"), ("epss_score_comparison", "<=")]).unwrap().len(), 2);
    }

    #[test]
    fn a_rule_that_compares_with_nothing_is_a_problem() {
        let problem = fired(&[("epss_score_comparison", "<")]).unwrap_err();
        assert!(problem.starts_with("the rule compares with nothing; give epss_score or epss_percentile"), "{problem}");
        let problem = fired(&[("epss_score", ".")]).unwrap_err();
        assert!(problem.starts_with("could not convert string to float: '.'"), "{problem}");
    }
}
