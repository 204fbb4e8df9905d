//! Licences as they are stated, and their SPDX form where they have one (`spec/analysis.md` §9).

mod expression;
mod names;

use sha2::{Digest as _, Sha256};

/// One statement of a licence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct License {
    /// As it was found; a full text is named by `sha256:` and its digest instead.
    pub value: String,
    /// The normalised SPDX expression; empty where the value is not one.
    pub spdx_expression: String,
    pub kind: LicenseKind,
    pub urls: Vec<String>,
    /// Paths of the files that state it, where it is not the package's own record.
    pub paths: Vec<String>,
}

/// Who says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LicenseKind {
    /// The package's metadata.
    #[default]
    Declared,
    /// Found in a licence text.
    Concluded,
}

impl License {
    /// What a package says of itself: an SPDX expression or something close to one, a name, a URL or a full text.
    ///
    /// Identifiers are taken in any case, with the older and looser spellings that package managers use (`GPLv2+`,
    /// `ASL 2.0`, `MIT/Apache-2.0`). A name that fits several licences (`BSD`) stays a name: a wrong identifier would
    /// be worse than none.
    pub fn declared(value: &str) -> Self {
        Self::stated(value, LicenseKind::Declared)
    }

    /// What a licence text was recognised as.
    pub fn concluded(value: &str) -> Self {
        Self::stated(value, LicenseKind::Concluded)
    }

    fn stated(value: &str, kind: LicenseKind) -> Self {
        let value = value.trim();
        if value.contains('\n') {
            return Self { value: format!("sha256:{:x}", Sha256::digest(value)), kind, ..Self::default() };
        }
        let is_url = ["http://", "https://"].iter().any(|scheme| starts_with_ignoring_case(value, scheme));
        let (spdx_expression, urls) = if is_url {
            (names::of_url(value), vec![value.to_owned()])
        } else {
            (expression::normalise(value), Vec::new())
        };
        Self {
            value: value.to_owned(),
            spdx_expression: spdx_expression.unwrap_or_default(),
            kind,
            urls,
            paths: Vec::new(),
        }
    }

    /// The same statement, found in this file.
    #[must_use]
    pub fn found_in(mut self, path: impl Into<String>) -> Self {
        self.paths.push(path.into());
        self
    }
}

impl LicenseKind {
    /// `declared` or `concluded`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Concluded => "concluded",
        }
    }
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_kept_as_one_and_names_the_licence_where_it_is_known() {
        let license = License::declared("https://www.apache.org/licenses/LICENSE-2.0.txt");
        assert_eq!(license.spdx_expression, "Apache-2.0");
        assert_eq!(license.urls, ["https://www.apache.org/licenses/LICENSE-2.0.txt"]);
        assert_eq!(License::declared("http://example.com/terms").spdx_expression, "");
    }

    #[test]
    fn a_full_text_is_replaced_by_its_digest() {
        let license = License::declared("Permission is hereby granted\nto any person\n");
        assert!(license.value.starts_with("sha256:"), "{}", license.value);
        assert_eq!(license.value.len(), 71);
        assert_eq!(license.spdx_expression, "");
    }

    #[test]
    fn a_concluded_licence_names_the_file_that_states_it() {
        let license = License::concluded("mit").found_in("/usr/share/licenses/zlib/LICENSE");
        assert_eq!(
            (license.spdx_expression.as_str(), license.kind.as_str(), license.paths[0].as_str()),
            ("MIT", "concluded", "/usr/share/licenses/zlib/LICENSE")
        );
    }
}
