//! What the analysers saw in files (`spec/api.md` A4.4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use windlass_sbom::{FileMatches, Sbom};

use crate::base64_lines;

/// A file that the analysis was told to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetrievedFile {
    pub path: String,
    /// Its content in base64, a newline after every 76 characters.
    pub b64_content: String,
}

/// A file and the patterns that matched in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchResult {
    pub path: String,
    pub matches: Vec<RegexMatch>,
}

/// A pattern and the lines it matched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegexMatch {
    /// `PRIV_KEY`; empty for a pattern without a name.
    pub name: String,
    pub regex: String,
    /// Counted from 0.
    pub lines: Vec<u32>,
}

/// Content of the files that were asked for and are there, by path.
pub fn retrieved_files(sbom: &Sbom) -> Vec<RetrievedFile> {
    let files = sbom.inspection.retrieved_files.iter().flatten();
    files
        .map(|(path, content)| RetrievedFile { path: path.clone(), b64_content: base64_lines::encode(content) })
        .collect()
}

/// Files whose content matched a search pattern.
pub fn file_content_search(sbom: &Sbom) -> Vec<SearchResult> {
    results(sbom.inspection.content_matches.as_deref())
}

/// Files that seem to hold secrets.
pub fn secret_search(sbom: &Sbom) -> Vec<SearchResult> {
    results(sbom.inspection.secret_matches.as_deref())
}

fn results(found: Option<&[FileMatches]>) -> Vec<SearchResult> {
    let matches = |file: &FileMatches| {
        let one = |found: &windlass_sbom::PatternMatch| RegexMatch {
            name: found.name.clone(),
            regex: found.regex.clone(),
            lines: found.lines.clone(),
        };
        file.matches.iter().map(one).collect()
    };
    found
        .unwrap_or_default()
        .iter()
        .map(|file| SearchResult { path: file.path.clone(), matches: matches(file) })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_sbom::PatternMatch;

    use super::*;

    #[test]
    fn a_pattern_without_a_name_still_says_so() {
        let mut sbom = Sbom::default();
        assert_eq!(
            (retrieved_files(&sbom), secret_search(&sbom), file_content_search(&sbom)),
            (vec![], vec![], vec![])
        );
        let found = PatternMatch { name: String::new(), regex: "x".into(), lines: vec![0, 7] };
        sbom.inspection.content_matches = Some(vec![FileMatches { path: "/a".into(), matches: vec![found] }]);
        sbom.inspection.retrieved_files = Some([("/etc/passwd".to_owned(), b"root".to_vec())].into());
        assert_eq!(
            json!([file_content_search(&sbom), retrieved_files(&sbom)]),
            json!([
                [{"path": "/a", "matches": [{"name": "", "regex": "x", "lines": [0, 7]}]}],
                [{"path": "/etc/passwd", "b64_content": "cm9vdA==\n"}],
            ])
        );
    }
}
