use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, SchemaVersion, time};

/// The publisher's `latest.json`: the newest database and how to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub lifecycle: Lifecycle,
    pub schema: SchemaVersion,
    pub built: Timestamp,
    /// The archive's name, relative to the folder of the listing.
    pub path: String,
    /// `sha256:` and sixty-four hexadecimal digits, of the archive.
    pub checksum: String,
}

/// How long the publisher will go on publishing databases of this kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    #[default]
    Active,
    /// It will end; move on.
    Deprecated,
    /// It has ended; there will be no newer one.
    Eol,
    /// A word this version does not know.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "active",
            Self::Deprecated => "deprecated",
            Self::Eol => "eol",
            Self::Unknown => "unknown",
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(default)]
    status: Lifecycle,
    #[serde(rename = "schemaVersion")]
    schema_version: String,
    built: String,
    path: String,
    checksum: String,
}

impl Listing {
    /// Reads the document found at `location`.
    ///
    /// # Errors
    /// It is no listing, its checksum is not SHA-256, or its path leads out of the folder that the listing is in.
    pub fn parse(json: &[u8], location: &str) -> Result<Self> {
        let unusable = |reason: String| Error::Listing { location: location.to_owned(), reason };
        let document: Document = serde_json::from_slice(json).map_err(|error| unusable(error.to_string()))?;
        let schema = document.schema_version.parse().map_err(|error| unusable(format!("schemaVersion: {error}")))?;
        let built = time::instant(&document.built)
            .ok_or_else(|| unusable(format!("built: {:?} is no time", shortened(&document.built))))?;
        let digits = document.checksum.strip_prefix("sha256:").unwrap_or_default();
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unusable(format!("checksum: {:?} is no SHA-256", shortened(&document.checksum))));
        }
        if !stays_inside(&document.path) {
            return Err(unusable(format!("path: {:?} is no name in its folder", shortened(&document.path))));
        }
        Ok(Self { lifecycle: document.status, schema, built, path: document.path, checksum: document.checksum })
    }

    /// The document, as it is published.
    pub fn to_json(&self) -> String {
        let document = Document {
            status: self.lifecycle,
            schema_version: self.schema.to_string(),
            built: self.built.to_string(),
            path: self.path.clone(),
            checksum: self.checksum.clone(),
        };
        serde_json::to_string_pretty(&document).expect("five strings are always JSON")
    }
}

fn stays_inside(path: &str) -> bool {
    let has_scheme = path.split('/').next().is_some_and(|first| first.ends_with(':'));
    !path.is_empty()
        && !has_scheme
        && !path.contains(['\\', '?', '#'])
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = r#"{
 "status": "active",
 "schemaVersion": "v6.1.9",
 "built": "2026-07-01T06:54:38Z",
 "path": "vulnerability-db_v6.1.9_2026-07-01T00:35:28Z_1782888878.tar.zst",
 "checksum": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
}"#;

    #[test]
    fn a_published_listing_survives_reading_and_writing() {
        let listing = Listing::parse(PUBLISHED.as_bytes(), "latest.json").unwrap();
        assert_eq!(listing.lifecycle, Lifecycle::Active);
        assert_eq!(listing.schema.to_string(), "v6.1.9");
        assert_eq!(listing.built.to_string(), "2026-07-01T06:54:38Z");
        assert_eq!(Listing::parse(listing.to_json().as_bytes(), "latest.json").unwrap(), listing);
    }

    #[test]
    fn an_unknown_lifecycle_is_no_failure() {
        let listing = Listing::parse(PUBLISHED.replace("active", "sunset").as_bytes(), "latest.json").unwrap();
        assert_eq!(listing.lifecycle, Lifecycle::Unknown);
    }

    #[test]
    fn a_listing_that_cannot_be_trusted_is_refused() {
        let path = "vulnerability-db_v6.1.9_2026-07-01T00:35:28Z_1782888878.tar.zst";
        for (from, to, reason) in [
            (path, "../../etc/passwd", "path:"),
            (path, "/etc/passwd", "path:"),
            (path, "https://evil.example/db.tar.zst", "path:"),
            (path, "", "path:"),
            ("sha256:0123", "sha256:012", "checksum:"),
            ("sha256:", "md5:", "checksum:"),
            ("v6.1.9\"", "six\"", "schemaVersion:"),
            ("2026-07-01T06:54:38Z", "today", "built:"),
            ("{", "[", "expected"),
        ] {
            let error = Listing::parse(PUBLISHED.replacen(from, to, 1).as_bytes(), "latest.json").unwrap_err();
            assert!(error.to_string().contains(reason) || error.to_string().contains("invalid"), "{to}: {error}");
        }
    }
}
