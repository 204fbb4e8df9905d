//! CISA's catalogue of vulnerabilities that are known to be exploited.

use serde::Deserialize;
use windlass_advisories::{KnownExploited, Record};

use crate::error::FeedError;
use crate::input::Input;
use crate::json::{self, or_default};
use crate::provider;
use crate::sink::Sink;
use crate::source::SourceKind;
use crate::time;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "kev",
    about: "CISA's catalogue of known exploited vulnerabilities",
    accepts: "the catalogue as JSON (https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json)",
    providers: &[provider::KEV],
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(default, deserialize_with = "or_default")]
    vendor_project: String,
    #[serde(default, deserialize_with = "or_default")]
    product: String,
    date_added: String,
    #[serde(default, deserialize_with = "or_default")]
    required_action: String,
    #[serde(default, deserialize_with = "or_default")]
    due_date: String,
    #[serde(default, deserialize_with = "or_default")]
    known_ransomware_campaign_use: String,
    #[serde(default, deserialize_with = "or_default")]
    notes: String,
    #[serde(default, deserialize_with = "or_default")]
    cwes: Vec<String>,
}

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    input.documents(&mut |document| {
        if !document.is_json() {
            sink.skip("file that is not JSON");
            return Ok(());
        }
        let file = document.name.to_owned();
        let mut found = false;
        json::parts(document, &["vulnerabilities"], sink, &mut |part, sink| match (part.key, part.element) {
            ("vulnerabilities", true) => {
                found = true;
                match serde_json::from_str::<Entry>(part.json) {
                    Ok(entry) if time::day(&entry.date_added).is_some() => {
                        return sink.emit(provider::KEV, Record::KnownExploited(entry.into_record()));
                    }
                    Ok(entry) => {
                        let reason = format!("its dateAdded is no date: {:?}", entry.date_added);
                        sink.problem(&file, &entry.cve, &reason);
                    }
                    Err(error) => sink.problem(&file, "", &format!("is no entry of the catalogue: {error}")),
                }
                Ok(())
            }
            ("dateReleased", _) => {
                let released: String = serde_json::from_str(part.json).unwrap_or_default();
                sink.stated(provider::KEV, time::utc(&released).as_deref());
                Ok(())
            }
            _ => Ok(()),
        })?;
        if !found {
            sink.skip("file without a list of vulnerabilities");
        }
        Ok(())
    })
}

impl Entry {
    fn into_record(self) -> KnownExploited {
        let (urls, notes) = split_notes(&self.notes);
        KnownExploited {
            cve: self.cve,
            vendor_project: self.vendor_project,
            product: self.product,
            date_added: self.date_added,
            required_action: self.required_action,
            due_date: self.due_date,
            known_ransomware_campaign_use: self.known_ransomware_campaign_use,
            notes,
            urls,
            cwes: self.cwes,
        }
    }
}

/// The notes are links and remarks with semicolons between them; a remark that ends in a link stays a remark.
fn split_notes(notes: &str) -> (Vec<String>, String) {
    let is_url = |part: &&str| {
        (part.starts_with("https://") || part.starts_with("http://")) && !part.contains(char::is_whitespace)
    };
    let parts = notes.split(';').map(str::trim).filter(|part| !part.is_empty());
    let (urls, remarks): (Vec<&str>, Vec<&str>) = parts.partition(is_url);
    (urls.into_iter().map(str::to_owned).collect(), remarks.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read_text;

    #[test]
    fn an_entry_becomes_a_record_with_its_links_apart() {
        let (records, summary) = read_text(
            &SOURCE,
            "kev.json",
            r#"{"title": "catalogue", "dateReleased": "2024-02-03T04:05:06.0789Z", "vulnerabilities": [
              {"cveID": "CVE-2024-1", "vendorProject": "Quux", "product": "Quux Server", "dateAdded": "2024-02-01",
               "shortDescription": "ignored", "requiredAction": "Update.", "dueDate": "2024-02-22",
               "knownRansomwareCampaignUse": "Known", "notes": "https://example.org/1 ; see: https://example.org/2;",
               "cwes": ["CWE-502"]},
              {"cveID": "CVE-2024-2", "dateAdded": "soon"},
              {"dateAdded": "2024-02-01"}
            ]}"#,
        );
        insta::assert_debug_snapshot!(records, @r#"
        [
            (
                ProviderId(
                    "kev",
                ),
                KnownExploited(
                    KnownExploited {
                        cve: "CVE-2024-1",
                        vendor_project: "Quux",
                        product: "Quux Server",
                        date_added: "2024-02-01",
                        required_action: "Update.",
                        due_date: "2024-02-22",
                        known_ransomware_campaign_use: "Known",
                        notes: "see: https://example.org/2",
                        urls: [
                            "https://example.org/1",
                        ],
                        cwes: [
                            "CWE-502",
                        ],
                    },
                ),
            ),
        ]
        "#);
        assert_eq!(summary.problems.count(), 2);
        assert_eq!(summary.providers[0].date_captured.as_deref(), Some("2024-02-03T04:05:06.0789Z"));
    }
}
