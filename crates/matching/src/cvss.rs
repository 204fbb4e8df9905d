//! CVSS vectors and their scores, always computed from the vector: sources disagree with themselves.

use serde::{Deserialize, Serialize};
use windlass_advisories::{Severity, SeverityValue};

/// One source's CVSS judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cvss {
    /// Who says so: `nvd@nist.gov`, `security-advisories@github.com`; empty where the record does not say.
    pub source: String,
    pub kind: CvssKind,
    /// `2.0`, `3.0`, `3.1`, `4.0`
    pub version: String,
    pub vector: String,
    pub metrics: CvssMetrics,
}

/// Whether the judgement is the record's own or one it passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CvssKind {
    Primary,
    Secondary,
}

impl CvssKind {
    /// `Primary` or `Secondary`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "Primary",
            Self::Secondary => "Secondary",
        }
    }
}

/// Scores from 0 to 10 in steps of 0.1; version 4 has no sub-scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CvssMetrics {
    pub base: f64,
    pub exploitability: Option<f64>,
    pub impact: Option<f64>,
}

/// Every CVSS judgement of a record; vectors that cannot be read are left out.
pub(crate) fn of_record(severities: &[Severity]) -> Vec<Cvss> {
    severities
        .iter()
        .filter_map(|severity| {
            let SeverityValue::Cvss { vector, version } = &severity.value else { return None };
            let (version, metrics) = score(vector, version)?;
            let kind = if severity.rank == 1 { CvssKind::Primary } else { CvssKind::Secondary };
            Some(Cvss { source: severity.source.clone(), kind, version, vector: vector.clone(), metrics })
        })
        .collect()
}

/// The version a vector is written in and its scores; `None` where it is no CVSS vector.
///
/// Version 2 vectors carry no prefix; the record's own `version` is trusted only for those.
pub(crate) fn score(vector: &str, version: &str) -> Option<(String, CvssMetrics)> {
    // The parser is given bounded text: no vector of any version is longer.
    let vector = vector.trim().trim_start_matches('(').trim_end_matches(')');
    if vector.len() > 512 {
        return None;
    }
    let tenth = |score: f64| (score * 10.0).round() / 10.0;
    if vector.starts_with("CVSS:4") {
        let parsed: cvss::v4::Vector = vector.parse().ok()?;
        let metrics = CvssMetrics { base: parsed.score().value(), ..CvssMetrics::default() };
        return Some(("4.0".into(), metrics));
    }
    if vector.starts_with("CVSS:3.") {
        let parsed: cvss::v3::Vector = vector.parse().ok()?;
        // The parser accepts a vector that leaves out what the base score needs, and scores it zero.
        let is_complete = parsed.av.is_some()
            && parsed.ac.is_some()
            && parsed.pr.is_some()
            && parsed.ui.is_some()
            && parsed.s.is_some()
            && parsed.c.is_some()
            && parsed.i.is_some()
            && parsed.a.is_some();
        if !is_complete {
            return None;
        }
        let metrics = CvssMetrics {
            base: parsed.base_score().value(),
            exploitability: Some(tenth(parsed.exploitability().value())),
            impact: Some(tenth(impact(parsed.impact().value(), vector.contains("/S:C")))),
        };
        return Some((format!("3.{}", parsed.minor_version), metrics));
    }
    if !(version.is_empty() || version.starts_with('2')) {
        return None;
    }
    let parsed: cvss::v2::Vector = vector.parse().ok()?;
    let metrics = CvssMetrics {
        base: parsed.score().value(),
        exploitability: Some(tenth(parsed.exploitability().value())),
        impact: Some(tenth(parsed.impact().value())),
    };
    Some(("2.0".into(), metrics))
}

/// The impact sub-score of version 3 (specification §7.1) from its base, which the parser computes.
fn impact(base: f64, scope_changed: bool) -> f64 {
    let impact = if scope_changed { 7.52 * (base - 0.029) - 3.25 * (base - 0.02).powi(15) } else { 6.42 * base };
    impact.max(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base_scores_are_those_of_the_nvd() {
        for (vector, version, base, exploitability, impact) in [
            ("AV:N/AC:M/Au:N/C:C/I:C/A:C", "2.0", 9.3, Some(8.6), Some(10.0)),
            ("(AV:N/AC:L/Au:N/C:N/I:N/A:P)", "2.0", 5.0, Some(10.0), Some(2.9)),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", "3.1", 10.0, Some(3.9), Some(6.0)),
            ("CVSS:3.0/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N", "3.0", 4.7, Some(1.0), Some(3.6)),
            ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "4.0", 9.3, None, None),
        ] {
            let (found, metrics) = score(vector, "").expect(vector);
            assert_eq!((found.as_str(), metrics.base), (version, base), "{vector}");
            assert_eq!((metrics.exploitability, metrics.impact), (exploitability, impact), "{vector}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_scoring_panic(
            prefix in "(CVSS:(2|3|3.0|3.1|4|4.0)/)?",
            metrics in "((AV|AC|AT|Au|PR|UI|S|C|I|A|VC|VI|VA|SC|SI|SA|E|MAV|XX):[A-Z]{0,2}/?){0,12}",
            noise in ".{0,20}",
        ) {
            for text in [format!("{prefix}{metrics}"), format!("{prefix}{metrics}{noise}"), noise] {
                if let Some((_, metrics)) = score(&text, "") {
                    prop_assert!((0.0..=10.0).contains(&metrics.base), "{} {}", text, metrics.base);
                }
            }
        }
    }

    #[test]
    fn what_is_no_vector_has_no_score() {
        for vector in ["", "high", "CVSS:3.1/AV:N", "CVSS:4.0/AV:N", "AV:N", "CVSS:9.0/AV:N/AC:L", &"AV:N/".repeat(200)]
        {
            assert_eq!(score(vector, ""), None, "{vector}");
        }
    }
}
