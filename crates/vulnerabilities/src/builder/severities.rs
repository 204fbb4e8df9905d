//! NVD's severities, lent to records that have none (`spec/matching.md` §6.2).

use std::collections::HashMap;

use windlass_advisories::{Severity, SeverityValue, VulnerabilityBlob};

/// The first severity of each CVE in NVD, by lower-cased name.
#[derive(Default)]
pub(super) struct Severities {
    of_cves: HashMap<String, Severity>,
    asked: bool,
}

impl Severities {
    pub(super) fn remember(&mut self, blob: &VulnerabilityBlob) {
        let name = blob.id.to_ascii_lowercase();
        if name.starts_with("cve-")
            && let Some(severity) = blob.severities.first()
        {
            self.of_cves.insert(name, severity.clone());
        }
    }

    /// Whether a record was looked at already, which what is remembered later would have concerned.
    pub(super) fn were_asked(&self) -> bool {
        self.asked
    }

    /// Gives a record whose severities say nothing that of its CVE, or of the first CVE among its aliases that has one.
    pub(super) fn fill_in(&mut self, blob: &mut VulnerabilityBlob) {
        self.asked = true;
        if blob.severities.iter().any(says_something) {
            return;
        }
        let known = std::iter::once(&blob.id)
            .chain(&blob.aliases)
            .find_map(|name| self.of_cves.get(&name.to_ascii_lowercase()));
        if let Some(severity) = known {
            blob.severities = vec![severity.clone()];
        }
    }
}

fn says_something(severity: &Severity) -> bool {
    match &severity.value {
        SeverityValue::Cvss { .. } => true,
        SeverityValue::Word(word) => !word.is_empty() && !word.eq_ignore_ascii_case("unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(value: &str) -> Severity {
        Severity { scheme: "CHMLN".into(), value: SeverityValue::Word(value.into()), source: String::new(), rank: 1 }
    }

    fn blob(id: &str, aliases: &[&str], severities: Vec<Severity>) -> VulnerabilityBlob {
        let aliases = aliases.iter().map(ToString::to_string).collect();
        VulnerabilityBlob { id: id.into(), aliases, severities, ..VulnerabilityBlob::default() }
    }

    fn of_nvd() -> Severities {
        let mut severities = Severities::default();
        severities.remember(&blob("CVE-2024-0001", &[], vec![word("high"), word("low")]));
        severities.remember(&blob("CVE-2024-0002", &[], vec![]));
        severities
    }

    #[test]
    fn a_record_without_severity_takes_that_of_its_cve() {
        for given in [vec![], vec![word("Unknown")], vec![word("")]] {
            let mut record = blob("cve-2024-0001", &[], given);
            of_nvd().fill_in(&mut record);
            assert_eq!(record.severities, [word("high")]);
        }
    }

    #[test]
    fn an_alias_counts_where_the_name_is_no_cve() {
        let mut record = blob("GO-2024-1", &["GHSA-x", "CVE-2024-0002", "CVE-2024-0001"], vec![]);
        of_nvd().fill_in(&mut record);
        assert_eq!(record.severities, [word("high")]);
    }

    #[test]
    fn the_vendor_beats_nvd_and_nothing_stays_nothing() {
        let mut record = blob("CVE-2024-0001", &[], vec![word("low")]);
        of_nvd().fill_in(&mut record);
        assert_eq!(record.severities, [word("low")]);

        let mut record = blob("CVE-2024-0003", &[], vec![word("unknown")]);
        of_nvd().fill_in(&mut record);
        assert_eq!(record.severities, [word("unknown")]);
    }
}
