//! How bad a vulnerability is, on one scale for all sources.

use std::fmt;

use serde::{Deserialize, Serialize};
use windlass_advisories as records;

use crate::cvss;

/// From unknown to critical; the order is that of `--fail-on`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No source says.
    #[default]
    Unknown,
    Negligible,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Mildest first.
    pub const ALL: &[Self] = &[Self::Unknown, Self::Negligible, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Reads the word of any source, in any case (`spec/matching.md` §6.2); `None` for a word none of them uses.
    pub fn parse(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" => Some(Self::Critical),
            "high" | "important" => Some(Self::High),
            "medium" | "moderate" => Some(Self::Medium),
            "low" => Some(Self::Low),
            "negligible" | "n/a" => Some(Self::Negligible),
            "unknown" | "untriaged" | "" => Some(Self::Unknown),
            _ => None,
        }
    }

    /// The word as it is printed: `Critical`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Negligible => "Negligible",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// The severity of a CVSS base score; version 2 knows no critical.
    pub fn of_score(score: f64, version: &str) -> Self {
        match score {
            s if s <= 0.0 => Self::Negligible,
            s if s < 4.0 => Self::Low,
            s if s < 7.0 => Self::Medium,
            s if s < 9.0 || version.starts_with('2') => Self::High,
            _ => Self::Critical,
        }
    }

    /// The severity of a record: its first judgement decides.
    pub(crate) fn of_record(severities: &[records::Severity]) -> Self {
        match severities.first().map(|severity| &severity.value) {
            None => Self::Unknown,
            Some(records::SeverityValue::Word(word)) => Self::parse(word).unwrap_or_default(),
            Some(records::SeverityValue::Cvss { vector, version }) => cvss::score(vector, version)
                .map_or(Self::Unknown, |(version, metrics)| Self::of_score(metrics.base, &version)),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_every_source_are_understood() {
        for (word, severity) in [
            ("CRITICAL", Severity::Critical),
            ("important", Severity::High),
            ("Moderate", Severity::Medium),
            ("n/a", Severity::Negligible),
            ("untriaged", Severity::Unknown),
        ] {
            assert_eq!(Severity::parse(word), Some(severity), "{word}");
        }
        assert_eq!(Severity::parse("dreadful"), None);
        for severity in Severity::ALL {
            assert_eq!(Severity::parse(severity.as_str()), Some(*severity));
        }
    }

    #[test]
    fn scores_become_words_by_the_scale_of_their_version() {
        assert_eq!(Severity::of_score(10.0, "2.0"), Severity::High);
        assert_eq!(Severity::of_score(9.0, "3.1"), Severity::Critical);
        assert_eq!(Severity::of_score(6.9, "4.0"), Severity::Medium);
        assert_eq!(Severity::of_score(0.1, "3.0"), Severity::Low);
        assert_eq!(Severity::of_score(0.0, "3.0"), Severity::Negligible);
    }

    #[test]
    fn the_first_judgement_of_a_record_decides() {
        let word = |w: &str| records::Severity {
            scheme: "CHMLN".into(),
            value: records::SeverityValue::Word(w.into()),
            source: String::new(),
            rank: 1,
        };
        let vector = records::Severity {
            scheme: "CVSS".into(),
            value: records::SeverityValue::Cvss {
                vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H".into(),
                version: "3.1".into(),
            },
            source: "nvd".into(),
            rank: 2,
        };
        assert_eq!(Severity::of_record(&[word("low"), vector.clone()]), Severity::Low);
        assert_eq!(Severity::of_record(&[vector]), Severity::Critical);
        assert_eq!(Severity::of_record(&[]), Severity::Unknown);
    }
}
