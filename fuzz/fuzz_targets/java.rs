//! Java archives in archives.
//!
//! Input: an archive as it lies in an image, or, as few changed bytes leave an archive in order, what to put into one:
//! members separated by NUL, each a line with its name and its content. In a name, `inner.jar!` stands for an archive
//! within the one that is being made.

#![no_main]

use std::{
    collections::BTreeMap,
    io::{Cursor, Write as _},
};

use libfuzzer_sys::fuzz_target;
use windlass_fuzz::analyse_files;
use zip::{ZipWriter, write::SimpleFileOptions};

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"PK") {
        return analyse_files(&[("app/example-1.0.jar", data)]);
    }
    let members = data.split(|byte| *byte == 0).take(20).map(|member| {
        let end = member.iter().position(|byte| *byte == b'\n').unwrap_or(member.len());
        (String::from_utf8_lossy(&member[..end]).into_owned(), member.get(end + 1..).unwrap_or_default().to_vec())
    });
    analyse_files(&[("app/example-1.0.jar", &archive(members.collect(), 4))]);
});

fn archive(members: Vec<(String, Vec<u8>)>, depth: usize) -> Vec<u8> {
    let mut nested: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &[u8]| {
        // Two members of one name are not written.
        if zip.start_file(name, SimpleFileOptions::default()).is_ok() {
            zip.write_all(content).expect("memory takes everything");
        }
    };
    for (name, content) in members {
        match name.split_once('!') {
            Some((inner, name)) if depth > 0 => {
                nested.entry(inner.to_owned()).or_default().push((name.to_owned(), content));
            }
            _ => add(&name, &content),
        }
    }
    for (name, members) in nested {
        add(&name, &archive(members, depth - 1));
    }
    zip.finish().expect("memory takes everything").into_inner()
}
