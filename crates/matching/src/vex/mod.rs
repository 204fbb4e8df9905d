//! What the makers of software say of its vulnerabilities: VEX documents, in three formats (`spec/matching.md` §7.4).

mod apply;
mod csaf;
mod cyclonedx;
mod openvex;
mod product;

use jiff::Timestamp;

pub use apply::UnmatchedStatement;
pub(crate) use apply::apply;

/// Documents larger than this are refused: the largest published ones are a tenth of it.
const MAX_BYTES: usize = 64 << 20;

/// A VEX document, read; its format no longer matters, and documents of several formats may be combined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VexDocument {
    /// The document's own id, or the name it was read under.
    pub id: String,
    pub(crate) matcher: &'static str,
    pub(crate) statements: Vec<Statement>,
}

/// What a statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VexStatus {
    NotAffected,
    Affected,
    Fixed,
    UnderInvestigation,
}

impl VexStatus {
    /// `not_affected`, `affected`, `fixed`, `under_investigation`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }

    /// Reads the word that [`VexStatus::as_str`] writes.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::NotAffected, Self::Affected, Self::Fixed, Self::UnderInvestigation];
        all.into_iter().find(|status| status.as_str() == word)
    }
}

/// A vulnerability, the products it is about, and what holds for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The vulnerability's name and aliases; never empty, or nothing would be said.
    pub(crate) names: Vec<String>,
    pub(crate) products: Vec<Product>,
    pub(crate) status: VexStatus,
    /// `vulnerable_code_not_present`, or a sentence.
    pub(crate) justification: String,
    /// `None` counts as older than any time.
    pub(crate) at: Option<Timestamp>,
}

/// What a statement is about; any of the identifiers may name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) ids: Vec<String>,
    /// Parts of it that the statement is limited to; empty: all of it.
    pub(crate) subcomponents: Vec<String>,
}

/// A file that is no VEX document this program reads.
#[derive(Debug, thiserror::Error)]
pub enum InvalidVex {
    #[error("VEX document {name} is {bytes} bytes long, more than the {MAX_BYTES} that are read; split it")]
    TooLarge { name: String, bytes: usize },
    #[error("cannot read VEX document {name} as {format}: {source}")]
    Malformed {
        name: String,
        format: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error(
        "{name} is no VEX document: expected OpenVEX (`@context`), CSAF (`document.csaf_version`) or CycloneDX (`bomFormat`)"
    )]
    UnknownFormat { name: String },
}

/// Just enough to tell the formats apart.
#[derive(serde::Deserialize)]
struct Envelope {
    #[serde(rename = "@context")]
    context: Option<serde::de::IgnoredAny>,
    document: Option<serde::de::IgnoredAny>,
    #[serde(rename = "bomFormat")]
    bom_format: Option<serde::de::IgnoredAny>,
}

impl VexDocument {
    /// Reads a document; `name` is what messages call it, such as its path.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, InvalidVex> {
        if bytes.len() > MAX_BYTES {
            return Err(InvalidVex::TooLarge { name: name.into(), bytes: bytes.len() });
        }
        let malformed = |format| move |source| InvalidVex::Malformed { name: name.into(), format, source };
        let envelope: Envelope = serde_json::from_slice(bytes).map_err(malformed("JSON"))?;
        let mut document = match envelope {
            Envelope { document: Some(_), .. } => csaf::parse(bytes).map_err(malformed("CSAF"))?,
            Envelope { bom_format: Some(_), .. } => cyclonedx::parse(bytes).map_err(malformed("CycloneDX"))?,
            Envelope { context: Some(_), .. } => openvex::parse(bytes).map_err(malformed("OpenVEX"))?,
            _ => return Err(InvalidVex::UnknownFormat { name: name.into() }),
        };
        if document.id.is_empty() {
            document.id = name.into();
        }
        Ok(document)
    }

    /// How many statements it makes.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// A time that cannot be read is no time.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_about_no_vulnerability_is_none_in_any_format() {
        for document in [
            r#"{"@context": "x", "statements": [{"vulnerability": {"name": ""}, "status": "fixed"}]}"#,
            r#"{"document": {}, "vulnerabilities": [{"product_status": {"fixed": ["a"]}}]}"#,
            r#"{"bomFormat": "CycloneDX", "vulnerabilities": [{"analysis": {"state": "resolved"}, "affects": []}]}"#,
        ] {
            let document = VexDocument::parse("x", document.as_bytes()).unwrap();
            assert!(document.is_empty(), "{document:?}");
        }
    }
}
