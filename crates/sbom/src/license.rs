//! Licences as they are stated, and their SPDX form where they have one.

/// One statement of a licence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct License {
    /// As it was found.
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

impl LicenseKind {
    /// `declared` or `concluded`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Concluded => "concluded",
        }
    }
}
