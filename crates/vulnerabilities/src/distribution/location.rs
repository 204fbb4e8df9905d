//! Addresses of listings and archives: on the network, or on disk.

use std::path::{Path, PathBuf};

/// Where Anchore publishes its database.
pub const DEFAULT_SOURCE: &str = "https://grype.anchore.io/databases";

const LISTING: &str = "latest.json";
const MODEL_FOLDER: &str = "v6";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Location {
    Url(String),
    Disk(PathBuf),
}

impl Location {
    /// The listing of a source: an address ending in `.json` as it is, else `v6/latest.json` under it; on disk also
    /// `latest.json` in the folder itself.
    pub(super) fn of_listing(source: &str) -> Self {
        let is_document = Path::new(source).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        match Self::parse(source) {
            location if is_document => location,
            Self::Url(base) => Self::Url(format!("{}/{MODEL_FOLDER}/{LISTING}", base.trim_end_matches('/'))),
            Self::Disk(folder) => {
                let of_model = folder.join(MODEL_FOLDER).join(LISTING);
                Self::Disk(if of_model.is_file() { of_model } else { folder.join(LISTING) })
            }
        }
    }

    /// The archive that a listing at this location names.
    pub(super) fn beside(&self, path: &str) -> Self {
        match self {
            Self::Url(listing) => {
                let listing = listing.split(['?', '#']).next().unwrap_or_default();
                let folder = listing.rsplit_once('/').map_or(listing, |(folder, _)| folder);
                Self::Url(format!("{folder}/{path}"))
            }
            Self::Disk(listing) => Self::Disk(listing.parent().unwrap_or(Path::new("")).join(path)),
        }
    }

    fn parse(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Url(text.to_owned())
        } else {
            Self::Disk(PathBuf::from(text.strip_prefix("file://").unwrap_or(text)))
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Disk(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_its_listing_and_the_listing_its_archive() {
        for (source, listing, archive) in [
            (
                DEFAULT_SOURCE,
                "https://grype.anchore.io/databases/v6/latest.json",
                "https://grype.anchore.io/databases/v6/db.tar.zst",
            ),
            (
                "https://example.org/db/",
                "https://example.org/db/v6/latest.json",
                "https://example.org/db/v6/db.tar.zst",
            ),
            ("https://example.org/a/mine.json", "https://example.org/a/mine.json", "https://example.org/a/db.tar.zst"),
            ("file:///mirror/mine.json", "/mirror/mine.json", "/mirror/db.tar.zst"),
            ("/no-such-mirror", "/no-such-mirror/latest.json", "/no-such-mirror/db.tar.zst"),
        ] {
            let location = Location::of_listing(source);
            assert_eq!(location.to_string(), listing);
            assert_eq!(location.beside("db.tar.zst").to_string(), archive);
        }
    }
}
