//! Content search and secret search (`spec/analysis.md` §11.3): which lines of which files match which patterns.

use windlass_image::Entry;
use windlass_sbom::{FileMatches, Inspection, PatternMatch};

use super::{
    lines::{Hits, LineSearch},
    patterns::Patterns,
    secrets::SecretRules,
};
use crate::{Analyser, AnalysisError, Candidate, Catalog, Unreadable, View, Watch, bytes::Bytes};

/// What to search files for.
#[derive(Clone, Debug)]
pub struct Search {
    pub patterns: Patterns,
    /// Larger files are left out; `None`: no file is too large.
    pub max_file_size: Option<u64>,
    /// Whether files that match are also retrieved, if they have no more than [`Search::MAX_STORED`] bytes.
    pub store_on_match: bool,
}

impl Search {
    /// Largest file that is kept because it matches.
    pub const MAX_STORED: u64 = 1_000 << 10;

    /// Any file, nothing stored.
    pub fn new(patterns: Patterns) -> Self {
        Self { patterns, max_file_size: None, store_on_match: false }
    }

    /// The search for secrets by one of the tables: in files of up to 10,000 bytes by the compatible one, of up to
    /// 1 MiB by the modern one.
    pub fn secrets(rules: SecretRules) -> Self {
        let max_file_size = match rules {
            SecretRules::Compatible => 10_000,
            SecretRules::Modern => 1 << 20,
        };
        Self { max_file_size: Some(max_file_size), ..Self::new(rules.patterns()) }
    }
}

/// A search, and where its answer goes.
pub(crate) struct ContentSearch {
    name: &'static str,
    search: Search,
    answer: fn(&mut Inspection) -> &mut Option<Vec<FileMatches>>,
}

/// Of one file.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) struct Matched {
    hits: Hits,
    content: Option<Bytes>,
}

impl ContentSearch {
    pub(crate) fn content(search: Search) -> Self {
        Self { name: "content-search", search, answer: |inspection| &mut inspection.content_matches }
    }

    pub(crate) fn secrets(search: Search) -> Self {
        Self { name: "secret-search", search, answer: |inspection| &mut inspection.secret_matches }
    }

    fn stores(&self, file: &Entry) -> bool {
        self.search.store_on_match && file.size <= Search::MAX_STORED
    }

    fn matches(&self, hits: &Hits) -> Vec<PatternMatch> {
        let mut matches: Vec<_> = hits
            .lines
            .iter()
            .map(|(index, lines)| {
                let pattern = self.search.patterns.get(*index);
                PatternMatch { name: pattern.name.clone(), regex: pattern.regex.clone(), lines: lines.clone() }
            })
            .collect();
        matches.sort_unstable();
        matches
    }
}

impl Analyser for ContentSearch {
    type Facts = Matched;

    fn name(&self) -> &'static str {
        self.name
    }

    fn watch(&self, file: &Candidate<'_>) -> Option<Box<dyn Watch<Facts = Matched> + '_>> {
        let size = file.entry.size;
        if size == 0 || self.search.max_file_size.is_some_and(|most| size > most) {
            return None;
        }
        let content = self.stores(file.entry).then(Vec::new);
        Some(Box::new(Searching { lines: LineSearch::new(&self.search.patterns, size), content }))
    }

    fn conclude(&self, view: &View<'_, Matched>, catalog: &mut Catalog) -> Result<(), AnalysisError> {
        let mut files = Vec::new();
        for found in view.files_and_links() {
            if let Some(trouble) = &found.facts.hits.trouble {
                catalog.unknown(&found.path, self.name, trouble);
            }
            if let Some(content) = &found.facts.content {
                let retrieved = catalog.inspection().retrieved_files.get_or_insert_default();
                retrieved.insert(found.path.clone(), content.to_vec());
            }
            let matches = self.matches(&found.facts.hits);
            if !matches.is_empty() {
                files.push(FileMatches { path: found.path, matches });
            }
        }
        *(self.answer)(catalog.inspection()) = Some(files);
        Ok(())
    }
}

struct Searching<'p> {
    lines: LineSearch<'p>,
    /// What passed by, if it may have to be kept.
    content: Option<Vec<u8>>,
}

impl Watch for Searching<'_> {
    type Facts = Matched;

    fn see(&mut self, bytes: &[u8]) {
        self.lines.see(bytes);
        if let Some(content) = &mut self.content {
            content.extend_from_slice(bytes);
        }
    }

    fn finish(self: Box<Self>) -> Result<Option<Matched>, Unreadable> {
        let Self { lines, content } = *self;
        let hits = lines.finish();
        let content = content.filter(|_| !hits.lines.is_empty()).map(Into::into);
        Ok((hits != Hits::default()).then_some(Matched { hits, content }))
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;
    use windlass_sbom::Sbom;

    use super::*;
    use crate::{Analysers, Options, testing::scan_with};

    fn patterns(patterns: &[&str]) -> Patterns {
        Patterns::parse(patterns).expect("valid")
    }

    fn content(layers: impl IntoIterator<Item = Tar>, search: Search) -> Sbom {
        let analysers = Analysers { content_search: Some(search), ..Analysers::default() };
        scan_with(layers, &Options { analysers, ..Options::default() })
    }

    /// `path name:lines`
    fn summary(found: Option<&[FileMatches]>) -> Vec<String> {
        let found = found.expect("somebody looked");
        let line = |file: &FileMatches| {
            let matches = file.matches.iter().map(|hit| format!(" {}:{:?}", hit.name, hit.lines));
            file.path.clone() + &matches.collect::<String>()
        };
        found.iter().map(line).collect()
    }

    #[test]
    fn files_of_the_final_image_are_listed_with_their_links() {
        let lower = Tar::new().file("etc/hidden", "password=1\n").file("etc/gone", "password=1\n");
        let upper = Tar::new()
            .file("etc/hidden", "nothing")
            .whiteout("etc/gone")
            .file("app/conf", "user=a\n password=b\npassword=c\n")
            .hard_link("app/hard", "app/conf")
            .symlink("conf", "/app/conf")
            .symlink("dangling", "/nowhere")
            .symlink("folder", "app");
        let sbom = content([lower, upper], Search::new(patterns(&["PW=password=", "USER=user", "NO=x"])));
        assert_eq!(
            summary(sbom.inspection.content_matches.as_deref()),
            ["/app/conf PW:[2] USER:[0]", "/app/hard PW:[2] USER:[0]", "/conf PW:[2] USER:[0]"]
        );
        assert_eq!(sbom.inspection.secret_matches, None, "nobody looked for secrets");
        assert_eq!(sbom.inspection.retrieved_files, None);
    }

    #[test]
    fn a_search_that_finds_nothing_is_not_the_same_as_none() {
        let sbom = content([Tar::new().file("a", "b")], Search::new(patterns(&["x"])));
        assert_eq!(sbom.inspection.content_matches, Some(Vec::new()));
        assert_eq!(sbom.unknowns, []);
    }

    #[test]
    fn files_above_the_limit_are_left_out() {
        let files = Tar::new().file("small", "match").file("large", "match!");
        let search = Search { max_file_size: Some(5), ..Search::new(patterns(&["M=match"])) };
        assert_eq!(summary(content([files], search).inspection.content_matches.as_deref()), ["/small M:[0]"]);
    }

    #[test]
    fn a_file_that_matches_is_kept_where_that_is_asked_for() {
        let files = Tar::new().file("hit", "match\n\u{0}").file("miss", "nothing");
        let search = Search { store_on_match: true, ..Search::new(patterns(&["M=match"])) };
        let retrieved = content([files], search).inspection.retrieved_files.expect("retrieved");
        assert_eq!(retrieved, [("/hit".to_owned(), b"match\n\0".to_vec())].into());
    }

    #[test]
    fn a_pattern_that_gives_up_is_reported_with_the_file() {
        let files = Tar::new().file("hard", "ab".repeat(100) + "cf cde");
        let sbom = content([files], Search::new(patterns(&[r"ASTRAY=(a|b|ab)*(?=c)(?=.d)e"])));
        assert_eq!(sbom.unknowns.len(), 1);
        assert_eq!((sbom.unknowns[0].path.as_str(), sbom.unknowns[0].found_by.as_str()), ("/hard", "content-search"));
        assert!(sbom.unknowns[0].reason.starts_with("ASTRAY gave up on line 0: "), "{}", sbom.unknowns[0].reason);
    }

    /// The original's answer for these files is on record; see the module's source.
    #[test]
    fn the_compatible_secrets_are_found_where_the_original_finds_them() {
        let files = Tar::new()
            .file("etc/ssh/ssh_host_rsa_key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
            .file("opt/app/creds.txt", "[default]\naws_access_key_id = AKIAABCDEFGHIJKLMNOP\n")
            .file("opt/app/long.txt", "aws_access_key_id = AKIAABCDEFGHIJKLMNOPQ\n")
            .file("opt/app/id_rsa", "-----BEGIN RSA PRIVATE KEY-----\n")
            .file("opt/app/large", format!("{}\n-----BEGIN RSA PRIVATE KEY-----\n", "x".repeat(10_000)));
        let analysers =
            Analysers { secret_search: Some(Search::secrets(SecretRules::Compatible)), ..Analysers::default() };
        let sbom = scan_with([files], &Options { analysers, ..Options::default() });
        assert_eq!(
            summary(sbom.inspection.secret_matches.as_deref()),
            [
                "/etc/ssh/ssh_host_rsa_key PRIV_KEY:[0]",
                "/opt/app/creds.txt AWS_ACCESS_KEY:[1]",
                "/opt/app/id_rsa PRIV_KEY:[0]"
            ]
        );
    }

    #[test]
    fn a_cataloger_and_a_search_read_the_same_bytes() {
        let files = Tar::new().file("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.20\n");
        let sbom = content([files], Search::new(patterns(&["ID=ID=.*"])));
        assert_eq!(sbom.distro.expect("a distribution").id, "alpine");
        assert_eq!(summary(sbom.inspection.content_matches.as_deref()), ["/usr/lib/os-release ID:[0]"]);
    }
}
