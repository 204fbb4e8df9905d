//! Files by columns.

use std::{collections::HashMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{Evidence, File, FileDigest, FileKind, Location, PathList};

/// Every so manieth file, it is known where its digests begin.
const STEP: usize = 64;

/// Many files in little memory, sorted by path: what rules of policies look at. Most of what files have, many have alike,
/// so that it is kept once for all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileTable {
    paths: PathList,
    classes: Vec<FileClass>,
    rows: Vec<FileRow>,
    /// Targets of links, by index.
    link_targets: Vec<(usize, String)>,
    /// Values of digests, file after file.
    digests: Vec<u8>,
    /// Where those of every [`STEP`]th file begin.
    digest_starts: Vec<usize>,
}

/// What many files have alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileClass {
    pub(crate) kind: FileKind,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    pub(crate) layer: Option<Arc<str>>,
    pub(crate) digests: Vec<DigestClass>,
}

/// A digest without its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct DigestClass {
    pub(crate) algorithm: String,
    /// Of the value as it is kept: two hexadecimal digits are one, other texts are as they are.
    pub(crate) bytes: usize,
    pub(crate) is_hex: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileRow {
    pub(crate) class: usize,
    pub(crate) size: u64,
}

/// The columns of a table.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) paths: PathList,
    pub(crate) classes: Vec<FileClass>,
    pub(crate) rows: Vec<FileRow>,
    pub(crate) link_targets: Vec<(usize, String)>,
    pub(crate) digests: Vec<u8>,
}

/// A file of a table.
#[derive(Clone, Copy, Debug)]
pub struct FileEntry<'t> {
    table: &'t FileTable,
    index: usize,
}

impl FileTable {
    /// The columns of files that are sorted by path.
    pub fn of(files: &[File]) -> Self {
        let mut classes: HashMap<FileClass, usize> = HashMap::new();
        let mut columns =
            Columns { paths: files.iter().map(|file| file.location.path.as_str()).collect(), ..Columns::default() };
        for (index, file) in files.iter().enumerate() {
            let digests = file.digests.iter().map(|digest| pack(digest, &mut columns.digests)).collect();
            let class = FileClass {
                kind: file.kind,
                mode: file.mode,
                uid: file.uid,
                gid: file.gid,
                layer: file.location.layer.clone(),
                digests,
            };
            let next = classes.len();
            let class = *classes.entry(class).or_insert(next);
            columns.rows.push(FileRow { class, size: file.size });
            if !file.link_target.is_empty() {
                columns.link_targets.push((index, file.link_target.clone()));
            }
        }
        let mut classes: Vec<(FileClass, usize)> = classes.into_iter().collect();
        classes.sort_unstable_by_key(|(_, place)| *place);
        columns.classes = classes.into_iter().map(|(class, _)| class).collect();
        Self::new(columns).expect("columns of files belong together")
    }

    /// `None` where the columns do not belong together.
    pub(crate) fn new(columns: Columns) -> Option<Self> {
        let Columns { paths, classes, rows, link_targets, digests } = columns;
        let widths: Vec<usize> = classes.iter().map(FileClass::digest_bytes).collect();
        let mut digest_starts = Vec::with_capacity(rows.len().div_ceil(STEP));
        let mut start = 0_usize;
        for (index, row) in rows.iter().enumerate() {
            if index.is_multiple_of(STEP) {
                digest_starts.push(start);
            }
            start = start.saturating_add(*widths.get(row.class)?);
        }
        let is_sound = paths.len() == rows.len()
            && start == digests.len()
            && link_targets.is_sorted_by(|(a, _), (b, _)| a < b)
            && link_targets.last().is_none_or(|(index, _)| *index < rows.len());
        is_sound.then_some(Self { paths, classes, rows, link_targets, digests, digest_starts })
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The file at an index.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, index: usize) -> FileEntry<'_> {
        assert!(index < self.len(), "there is no file {index} of {}", self.len());
        FileEntry { table: self, index }
    }

    pub fn iter(&self) -> impl Iterator<Item = FileEntry<'_>> {
        (0..self.len()).map(|index| FileEntry { table: self, index })
    }

    /// The file at exactly this path.
    pub fn find(&self, path: &str) -> Option<FileEntry<'_>> {
        self.paths.find(path).map(|index| FileEntry { table: self, index })
    }

    pub fn paths(&self) -> &PathList {
        &self.paths
    }

    pub(crate) fn classes(&self) -> &[FileClass] {
        &self.classes
    }

    pub(crate) fn rows(&self) -> &[FileRow] {
        &self.rows
    }

    pub(crate) fn link_targets(&self) -> &[(usize, String)] {
        &self.link_targets
    }

    pub(crate) fn digests(&self) -> &[u8] {
        &self.digests
    }
}

impl FileEntry<'_> {
    /// With a leading slash.
    pub fn path(&self) -> String {
        self.table.paths.get(self.index)
    }

    pub fn kind(&self) -> FileKind {
        self.class().kind
    }

    /// Permission bits with setuid, setgid and sticky.
    pub fn mode(&self) -> u32 {
        self.class().mode
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.table.rows[self.index].size
    }

    /// Target as written; empty for anything but a link.
    pub fn link_target(&self) -> &str {
        let targets = &self.table.link_targets;
        let found = targets.binary_search_by_key(&self.index, |(index, _)| *index);
        found.map_or("", |place| &targets[place].1)
    }

    /// Whether it has a digest of this algorithm.
    pub fn has_digest(&self, algorithm: &str) -> bool {
        self.class().digests.iter().any(|digest| digest.algorithm == algorithm)
    }

    /// The value of its first digest of this algorithm.
    pub fn digest(&self, algorithm: &str) -> Option<String> {
        self.digests().find(|digest| digest.algorithm == algorithm).map(|digest| digest.value)
    }

    /// The file by itself.
    pub fn to_file(&self) -> File {
        let class = self.class();
        File {
            location: Location::new(self.path(), class.layer.clone(), Evidence::Primary),
            kind: class.kind,
            mode: class.mode,
            uid: class.uid,
            gid: class.gid,
            size: self.size(),
            link_target: self.link_target().to_owned(),
            digests: self.digests().collect(),
        }
    }

    fn class(&self) -> &FileClass {
        &self.table.classes[self.table.rows[self.index].class]
    }

    fn digests(&self) -> impl Iterator<Item = FileDigest> {
        let FileTable { classes, rows, digests, digest_starts, .. } = self.table;
        let before = &rows[self.index - self.index % STEP..self.index];
        let start = digest_starts[self.index / STEP];
        let mut start = start + before.iter().map(|row| classes[row.class].digest_bytes()).sum::<usize>();
        self.class().digests.iter().map(move |class| {
            let value = &digests[start..start + class.bytes];
            start += class.bytes;
            FileDigest { algorithm: class.algorithm.clone(), value: unpack(class, value) }
        })
    }
}

impl FileClass {
    fn digest_bytes(&self) -> usize {
        self.digests.iter().fold(0, |sum, digest| sum.saturating_add(digest.bytes))
    }
}

fn pack(digest: &FileDigest, packed: &mut Vec<u8>) -> DigestClass {
    let start = packed.len();
    let is_hex =
        digest.value.len().is_multiple_of(2) && digest.value.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex {
        let digit = |c: u8| if c.is_ascii_digit() { c - b'0' } else { c - b'a' + 10 };
        packed.extend(digest.value.as_bytes().as_chunks().0.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)));
    } else {
        packed.extend(digest.value.as_bytes());
    }
    DigestClass { algorithm: digest.algorithm.clone(), bytes: packed.len() - start, is_hex }
}

fn unpack(class: &DigestClass, value: &[u8]) -> String {
    if class.is_hex {
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        value.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    } else {
        String::from_utf8_lossy(value).into_owned()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Files of every kind and shape, sorted by path.
    pub(crate) fn files() -> impl Strategy<Value = Vec<File>> {
        let kinds = [FileKind::RegularFile, FileKind::Directory, FileKind::SymbolicLink, FileKind::Fifo];
        let digest = ("sha256|md5|odd", "[0-9a-f]{0,4}|[g-z]{2}|é")
            .prop_map(|(algorithm, value)| FileDigest { algorithm, value });
        let file = (
            "/[ab/é]{0,6}",
            proptest::option::of("sha256:[ab]"),
            proptest::sample::select(kinds.to_vec()),
            (0_u32..0o10000, 0_u64..3, 0_u64..3, any::<u64>()),
            "|/b",
            proptest::collection::vec(digest, 0..3),
        );
        let file = file.prop_map(|(path, layer, kind, (mode, uid, gid, size), link_target, digests)| File {
            location: Location::new(path, layer.map(Into::into), Evidence::Primary),
            kind,
            mode,
            uid,
            gid,
            size,
            link_target,
            digests,
        });
        proptest::collection::vec(file, 0..200).prop_map(|mut files| {
            files.sort_by(|a, b| a.location.cmp(&b.location));
            files.dedup_by(|a, b| a.location.path == b.location.path);
            files
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_table_tells_the_files_it_was_made_of(files in files()) {
            let table = FileTable::of(&files);
            prop_assert_eq!(&table.iter().map(|entry| entry.to_file()).collect::<Vec<_>>(), &files);
            for file in &files {
                prop_assert_eq!(&table.find(&file.location.path).unwrap().to_file(), file);
                let digest = file.digests.iter().find(|digest| digest.algorithm == "md5");
                let found = table.find(&file.location.path).unwrap();
                prop_assert_eq!(found.digest("md5"), digest.map(|digest| digest.value.clone()));
                prop_assert_eq!(found.has_digest("md5"), digest.is_some());
            }
            prop_assert!(table.find("/zz").is_none());
        }
    }
}
