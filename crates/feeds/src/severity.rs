//! Judgements of severity: words and CVSS vectors.

use windlass_advisories::{Severity, SeverityValue};

/// The vendor's own word comes first, CVSS after it (`spec/matching.md` §6.2).
pub(crate) const OWN: u32 = 1;
pub(crate) const SECONDARY: u32 = 2;

/// A word of the scale critical, high, medium, low, negligible. `None` if it says nothing (`unknown`, `not yet assigned`)
/// or is no word of any publisher.
pub(crate) fn word(text: &str) -> Option<Severity> {
    let word = match text.trim().to_ascii_lowercase().as_str() {
        "critical" => "critical",
        "high" | "important" => "high",
        "medium" | "moderate" => "medium",
        "low" => "low",
        "negligible" | "unimportant" => "negligible",
        _ => return None,
    };
    Some(Severity { scheme: "CHMLN".into(), value: SeverityValue::Word(word.into()), source: String::new(), rank: OWN })
}

/// How bad a word is, so that the worst of several can be chosen.
pub(crate) fn weight(severity: &Severity) -> usize {
    let SeverityValue::Word(word) = &severity.value else { return 0 };
    1 + ["negligible", "low", "medium", "high", "critical"].iter().position(|known| known == word).unwrap_or_default()
}

/// A CVSS vector of any version, which it names itself (`CVSS:3.1/AV:…`); the second version of the standard has none and
/// starts with a metric. `None` if it is not one.
pub(crate) fn cvss(vector: &str, source: &str, rank: u32) -> Option<Severity> {
    let vector = vector.trim();
    let version = match vector.strip_prefix("CVSS:").and_then(|rest| rest.split_once('/')) {
        Some((version @ ("3.0" | "3.1" | "4.0"), _)) => version,
        None if vector.starts_with("AV:") || vector.starts_with("(AV:") => "2.0",
        _ => return None,
    };
    Some(Severity {
        scheme: "CVSS".into(),
        value: SeverityValue::Cvss { vector: vector.into(), version: version.into() },
        source: source.into(),
        rank,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishers_words_fall_on_one_scale() {
        let scale = |text: &str| word(text).map(|severity| severity.value);
        let expect = |text: &str| Some(SeverityValue::Word(text.into()));
        assert_eq!(scale("MODERATE"), expect("medium"));
        assert_eq!(scale("Important"), expect("high"));
        assert_eq!(scale("unimportant"), expect("negligible"));
        assert_eq!(scale("not yet assigned"), None);
        assert_eq!(scale("untriaged"), None);
    }

    #[test]
    fn a_vector_names_its_version() {
        for (vector, version) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Some("3.1")),
            ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N", Some("4.0")),
            ("AV:N/AC:M/Au:N/C:P/I:P/A:P", Some("2.0")),
            ("CVSS:9.9/AV:N", None),
            ("7.5", None),
        ] {
            let read = cvss(vector, "", OWN).map(|severity| severity.value);
            let expected =
                version.map(|version| SeverityValue::Cvss { vector: vector.into(), version: version.into() });
            assert_eq!(read, expected, "{vector}");
        }
    }
}
