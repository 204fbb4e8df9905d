//! Files by columns.
//!
//! The number of files; the number of bytes of a JSON array of what many of them have alike, and that array; for each
//! file a byte with how much of its path is that of the one before it, then for each how many bytes follow, then these;
//! for each file which of the array is it and its size; the number of links, and for each how many files lie between it
//! and the one before it, and its target, counted; the values of all digests, counted.

use std::{io, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    super::words,
    cursor::{Cursor, Damaged, put_counted, put_number},
};
use crate::{
    FileTable, PathList,
    file_table::{Columns, DigestClass, FileClass, FileRow},
};

#[derive(Serialize, Deserialize)]
struct ClassPart {
    #[serde(rename = "type")]
    kind: String,
    mode: u32,
    uid: u64,
    gid: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    digests: Vec<DigestClass>,
}

impl From<&FileClass> for ClassPart {
    fn from(class: &FileClass) -> Self {
        Self {
            kind: class.kind.as_str().to_owned(),
            mode: class.mode,
            uid: class.uid,
            gid: class.gid,
            layer: class.layer.as_deref().map(str::to_owned),
            digests: class.digests.clone(),
        }
    }
}

impl TryFrom<ClassPart> for FileClass {
    type Error = Damaged;

    fn try_from(part: ClassPart) -> Result<Self, Damaged> {
        Ok(Self {
            kind: words::file_kind(&part.kind).ok_or(Damaged("a kind of file is unknown"))?,
            mode: part.mode,
            uid: part.uid,
            gid: part.gid,
            layer: part.layer.map(Arc::from),
            digests: part.digests,
        })
    }
}

pub(super) fn write(table: &FileTable, out: &mut Vec<u8>) -> io::Result<()> {
    put_number(table.len() as u64, out);
    let classes: Vec<ClassPart> = table.classes().iter().map(Into::into).collect();
    put_counted(&serde_json::to_vec(&classes)?, out);
    let (shared, ends, tails) = table.paths().columns();
    out.extend(shared);
    let mut start = 0;
    for end in ends {
        put_number((end - start) as u64, out);
        start = *end;
    }
    out.extend(tails.as_bytes());
    for row in table.rows() {
        put_number(row.class as u64, out);
        put_number(row.size, out);
    }
    put_number(table.link_targets().len() as u64, out);
    let mut next = 0;
    for (index, target) in table.link_targets() {
        put_number((index - next) as u64, out);
        put_counted(target.as_bytes(), out);
        next = index + 1;
    }
    put_counted(table.digests(), out);
    Ok(())
}

pub(super) fn read(section: &[u8]) -> Result<FileTable, Damaged> {
    let mut cursor = Cursor::new(section);
    let count = cursor.count()?;
    let classes: Vec<ClassPart> =
        serde_json::from_slice(cursor.counted()?).map_err(|_| Damaged("what files have alike is not told"))?;
    let shared = cursor.take(count)?.to_vec();
    let mut ends = Vec::with_capacity(count);
    let mut end = 0_usize;
    for _ in 0..count {
        end = usize::try_from(cursor.number()?).ok().and_then(|tail| end.checked_add(tail)).ok_or(NO_PATHS)?;
        ends.push(end);
    }
    let tails = String::from_utf8(cursor.take(end)?.to_vec()).map_err(|_| NO_PATHS)?;
    let paths = PathList::new(shared, ends, tails).map_err(|_| NO_PATHS)?;
    let mut rows = Vec::with_capacity(count);
    for _ in 0..count {
        let class = usize::try_from(cursor.number()?).map_err(|_| APART)?;
        rows.push(FileRow { class, size: cursor.number()? });
    }
    let mut link_targets = Vec::with_capacity(cursor.count()?);
    let mut next = 0_usize;
    for _ in 0..link_targets.capacity() {
        let index =
            usize::try_from(cursor.number()?).ok().and_then(|skipped| next.checked_add(skipped)).ok_or(APART)?;
        let target = String::from_utf8(cursor.counted()?.to_vec()).map_err(|_| Damaged("a target is no text"))?;
        link_targets.push((index, target));
        next = index.checked_add(1).ok_or(APART)?;
    }
    let digests = cursor.counted()?.to_vec();
    cursor.end()?;
    let classes = classes.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
    FileTable::new(Columns { paths, classes, rows, link_targets, digests }).ok_or(APART)
}

const NO_PATHS: Damaged = Damaged("its paths do not continue each other");
const APART: Damaged = Damaged("its columns do not belong together");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::file_table::tests::files;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn columns_are_read_as_they_were_written_and_refused_when_damaged(
            files in files(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let table = FileTable::of(&files);
            let mut bytes = Vec::new();
            write(&table, &mut bytes).unwrap();
            prop_assert_eq!(read(&bytes), Ok(table));
            let at = place.index(bytes.len());
            prop_assert!(read(&bytes[..at]).is_err());
            bytes[at] = byte;
            if let Ok(table) = read(&bytes) {
                let files: Vec<_> = table.iter().map(|file| file.to_file()).collect();
                prop_assert_eq!(files.len(), table.len());
            }
        }
    }
}
