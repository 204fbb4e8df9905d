//! Keeps the content of files that policies read, such as `/etc/passwd` (`spec/analysis.md` §11, `retrieve_files`).

use std::collections::BTreeSet;

use crate::{Analyser, AnalysisError, Candidate, Catalog, Unreadable, View, Watch, bytes::Bytes};

/// Which files are kept.
#[derive(Clone, Debug)]
pub struct RetrieveFiles {
    /// Exact paths; no link is followed to them, as what a link leads to is not known when its bytes pass by.
    pub paths: Vec<String>,
    /// Bytes; larger files are left out and reported as unknown.
    pub max_file_size: u64,
}

impl Default for RetrieveFiles {
    /// `/etc/passwd`, up to 1,000 KiB.
    fn default() -> Self {
        Self { paths: vec!["/etc/passwd".into()], max_file_size: 1_000 << 10 }
    }
}

pub(crate) struct Retrieve {
    /// Without a leading slash.
    paths: BTreeSet<Vec<u8>>,
    max_file_size: u64,
}

impl Retrieve {
    pub(crate) fn new(files: &RetrieveFiles) -> Self {
        let paths = files.paths.iter().map(|path| path.trim_start_matches('/').into()).collect();
        Self { paths, max_file_size: files.max_file_size }
    }
}

impl Analyser for Retrieve {
    type Facts = Bytes;

    fn name(&self) -> &'static str {
        "retrieve-files"
    }

    fn watch(&self, file: &Candidate<'_>) -> Option<Box<dyn Watch<Facts = Bytes> + '_>> {
        self.paths.contains(file.path()).then(|| {
            let fits = file.entry.size <= self.max_file_size;
            Box::new(Keep { content: fits.then(Vec::new), limit: self.max_file_size }) as Box<_>
        })
    }

    fn conclude(&self, view: &View<'_, Bytes>, catalog: &mut Catalog) -> Result<(), AnalysisError> {
        let retrieved = catalog.inspection().retrieved_files.get_or_insert_default();
        let wanted = |path: &str| self.paths.contains(path.trim_start_matches('/').as_bytes());
        retrieved
            .extend(view.files().filter(|found| wanted(&found.path)).map(|found| (found.path, found.facts.to_vec())));
        Ok(())
    }
}

struct Keep {
    /// `None` for a file that is too large.
    content: Option<Vec<u8>>,
    limit: u64,
}

impl Watch for Keep {
    type Facts = Bytes;

    fn see(&mut self, bytes: &[u8]) {
        if let Some(content) = &mut self.content {
            content.extend_from_slice(bytes);
        }
    }

    fn finish(self: Box<Self>) -> Result<Option<Bytes>, Unreadable> {
        let too_large = || Unreadable::new(format!("it is larger than {} bytes and was not retrieved", self.limit));
        Ok(Some(self.content.ok_or_else(too_large)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::Tar;
    use windlass_sbom::Sbom;

    use super::*;
    use crate::{Analysers, Options, testing::scan_with};

    fn retrieve(layers: impl IntoIterator<Item = Tar>, files: RetrieveFiles) -> Sbom {
        let analysers = Analysers { retrieve_files: Some(files), ..Analysers::default() };
        scan_with(layers, &Options { analysers, ..Options::default() })
    }

    fn retrieved(sbom: &Sbom) -> Vec<(&str, &str)> {
        let files = sbom.inspection.retrieved_files.as_ref().expect("somebody looked");
        let text = |(path, content)| (String::as_str(path), std::str::from_utf8(Vec::as_slice(content)).expect("text"));
        files.iter().map(text).collect()
    }

    #[test]
    fn the_visible_copy_of_a_wanted_file_is_kept() {
        let lower = Tar::new().file("etc/passwd", "old");
        let upper = Tar::new().file("etc/passwd", "root:x:0:0::/root:/bin/sh\n").file("etc/shadow", "secret");
        let sbom = retrieve([lower, upper], RetrieveFiles::default());
        assert_eq!(retrieved(&sbom), [("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")]);
    }

    #[test]
    fn an_empty_file_is_there_and_a_missing_one_or_a_link_is_not() {
        let files = Tar::new().file("empty", "").file("real", "x").symlink("link", "real").file("sub/real", "y");
        let paths = ["/empty", "/missing", "/link", "real"].map(str::to_owned).to_vec();
        let sbom = retrieve([files], RetrieveFiles { paths, ..RetrieveFiles::default() });
        assert_eq!(retrieved(&sbom), [("/empty", ""), ("/real", "x")]);
    }

    #[test]
    fn a_file_that_is_too_large_is_reported() {
        let files = Tar::new().file("etc/passwd", "12345678");
        let sbom = retrieve([files], RetrieveFiles { max_file_size: 7, ..RetrieveFiles::default() });
        assert_eq!(retrieved(&sbom), []);
        assert_eq!(sbom.unknowns[0].reason, "it is larger than 7 bytes and was not retrieved");
        assert_eq!(
            (sbom.unknowns[0].path.as_str(), sbom.unknowns[0].found_by.as_str()),
            ("/etc/passwd", "retrieve-files")
        );
    }
}
