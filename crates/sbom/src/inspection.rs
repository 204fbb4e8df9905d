//! What was seen in an artifact beside its packages: the inputs of policy that a list of packages cannot answer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Findings of the analysers that look into files. `None` means that nobody looked, which is not the same as nothing
/// found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Whether the list of files names every file of the artifact.
    pub all_files: bool,
    /// The Dockerfile as its author gave it; without one, the instructions are guessed from the image's history.
    pub dockerfile: Option<String>,
    /// Files whose content matched a search pattern, sorted by path.
    pub content_matches: Option<Vec<FileMatches>>,
    /// Files that seem to hold secrets, sorted by path.
    pub secret_matches: Option<Vec<FileMatches>>,
    /// Content of the files that were asked for and are there, by path with a leading slash.
    pub retrieved_files: Option<BTreeMap<String, Vec<u8>>>,
    /// Sorted by scanner; empty: no scan was made.
    pub malware_scans: Vec<MalwareScan>,
}

/// A file and the patterns that matched in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMatches {
    /// With a leading slash.
    pub path: String,
    /// Sorted by name and regex.
    pub matches: Vec<PatternMatch>,
}

/// A pattern and the lines it matched on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PatternMatch {
    /// `AWS_ACCESS_KEY`; empty for a pattern that was given without a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub regex: String,
    /// Counted from 0, sorted.
    pub lines: Vec<u32>,
}

/// What one scanner said of the whole artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MalwareScan {
    /// `clamav`
    pub scanner: String,
    /// Sorted by path and signature.
    pub findings: Vec<MalwareFinding>,
    /// What the scanner says of itself: version and age of its signatures.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// A file that a scanner recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MalwareFinding {
    /// With a leading slash.
    pub path: String,
    /// The scanner's name for what it is: `Eicar-Test-Signature`.
    pub signature: String,
}

impl Inspection {
    /// Whether nothing was given, looked for or scanned.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
