//! One number to sort by: how bad, times how likely (`spec/matching.md` §6.3).

use std::cmp::{Ordering, Reverse};

use windlass_sbom::Package;

use crate::{Finding, Severity, Vulnerability};

/// 0 to 100.
pub(crate) fn of(vulnerability: &Vulnerability) -> f64 {
    let exploited = &vulnerability.known_exploited;
    let predicted = || vulnerability.epss.first().map_or(0.0, |score| score.epss);
    let threat = if exploited.is_empty() { predicted() } else { 1.0 };
    let by_ransomware = exploited.iter().any(|entry| entry.known_ransomware_campaign_use.eq_ignore_ascii_case("known"));
    let factor = match (by_ransomware, exploited.is_empty()) {
        (true, _) => 1.1,
        (false, false) => 1.05,
        (false, true) => 1.0,
    };
    (threat * badness(vulnerability) * factor).min(1.0) * 100.0
}

/// 0 to 1: the word and the scores, averaged where both are known.
fn badness(vulnerability: &Vulnerability) -> f64 {
    let word = match vulnerability.severity {
        Severity::Negligible => 0.5,
        Severity::Low => 3.0,
        Severity::Medium | Severity::Unknown => 5.0,
        Severity::High => 7.5,
        Severity::Critical => 9.0,
    };
    let scores: Vec<f64> = vulnerability.cvss.iter().map(|cvss| cvss.metrics.base).filter(|base| *base > 0.0).collect();
    if scores.is_empty() {
        return word / 10.0;
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    f64::midpoint(word, mean) / 10.0
}

/// What comes first in a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// What is most likely to hurt most.
    #[default]
    Risk,
    Severity,
    Epss,
    /// What is known to be exploited.
    Kev,
    Package,
    Vulnerability,
}

impl SortBy {
    /// Every strategy, by the word that `--sort-by` takes.
    pub const ALL: &[(&str, Self)] = &[
        ("risk", Self::Risk),
        ("severity", Self::Severity),
        ("epss", Self::Epss),
        ("kev", Self::Kev),
        ("package", Self::Package),
        ("vulnerability", Self::Vulnerability),
    ];
}

/// Puts findings in order; the rest of the criteria break ties, so that the order is total.
pub(crate) fn sort(findings: &mut [Finding], by: SortBy, packages: &[Package]) {
    findings.sort_by(|a, b| compare(a, b, by, packages));
}

pub(crate) fn compare(a: &Finding, b: &Finding, by: SortBy, packages: &[Package]) -> Ordering {
    let risk = || b.risk.total_cmp(&a.risk);
    let severity = || b.severity().cmp(&a.severity());
    let percentile = |finding: &Finding| finding.vulnerability.epss.first().map_or(0.0, |score| score.percentile);
    let epss = || percentile(b).total_cmp(&percentile(a));
    let kev = || {
        let count = |finding: &Finding| Reverse(finding.vulnerability.known_exploited.len());
        count(a).cmp(&count(b))
    };
    let package = || {
        let is_same = a.package == b.package;
        if is_same { Ordering::Equal } else { packages[a.package].document_order(&packages[b.package]) }
    };
    let vulnerability = || a.vulnerability.id.cmp(&b.vulnerability.id);
    let rest = || {
        let namespaces = a.vulnerability.namespace.cmp(&b.vulnerability.namespace);
        namespaces.then_with(|| a.fix.cmp(&b.fix)).then_with(|| a.package.cmp(&b.package))
    };
    match by {
        SortBy::Risk => risk().then_with(severity).then_with(epss).then_with(package).then_with(vulnerability),
        SortBy::Severity => severity().then_with(risk).then_with(epss).then_with(package).then_with(vulnerability),
        SortBy::Epss => epss().then_with(risk).then_with(severity).then_with(package).then_with(vulnerability),
        SortBy::Kev => kev().then_with(risk).then_with(severity).then_with(package).then_with(vulnerability),
        SortBy::Package => package().then_with(severity).then_with(risk).then_with(vulnerability),
        SortBy::Vulnerability => vulnerability().then_with(package),
    }
    .then_with(rest)
}

#[cfg(test)]
mod tests {
    use windlass_advisories::{Epss, KnownExploited};

    use super::*;
    use crate::{Cvss, CvssKind, CvssMetrics};

    fn vulnerability(severity: Severity, epss: f64, base: Option<f64>) -> Vulnerability {
        let metrics = |base| CvssMetrics { base, ..CvssMetrics::default() };
        let cvss = base.map(|base| Cvss {
            source: String::new(),
            kind: CvssKind::Primary,
            version: "3.1".into(),
            vector: String::new(),
            metrics: metrics(base),
        });
        Vulnerability {
            severity,
            epss: vec![Epss { epss, ..Epss::default() }],
            cvss: cvss.into_iter().collect(),
            ..Vulnerability::default()
        }
    }

    fn rounded(vulnerability: &Vulnerability) -> String {
        format!("{:.1}", of(vulnerability))
    }

    #[test]
    fn risk_is_severity_times_likelihood() {
        assert_eq!(rounded(&vulnerability(Severity::High, 0.5, None)), "37.5");
        assert_eq!(rounded(&vulnerability(Severity::High, 0.5, Some(9.5))), "42.5");
        assert_eq!(rounded(&vulnerability(Severity::Negligible, 0.0, None)), "0.0");
    }

    #[test]
    fn what_is_exploited_is_certain() {
        let mut exploited = vulnerability(Severity::Critical, 0.01, None);
        exploited.known_exploited.push(KnownExploited::default());
        assert_eq!(rounded(&exploited), "94.5");
        exploited.known_exploited[0].known_ransomware_campaign_use = "Known".into();
        assert_eq!(rounded(&exploited), "99.0");
        exploited.cvss = vulnerability(Severity::Critical, 0.0, Some(10.0)).cvss;
        assert_eq!(rounded(&exploited), "100.0", "never more");
    }
}
