//! What targets share: their bytes as files of an image, of a folder or on disk, and what must hold of the answer.

use std::{fs, num::NonZeroUsize, path::Path};

use windlass_analysis::{ArchiveBudgets, Options, analyse_directory, analyse_image};
use windlass_image::{
    WalkOptions,
    testing::{Tar, image},
};
use windlass_sbom::{
    Sbom,
    formats::{self, Document, Format},
};

/// Analyses an image of one layer with these files.
pub fn analyse_files(files: &[(&str, &[u8])]) {
    let layer = files.iter().fold(Tar::new(), |tar, (path, content)| tar.executable(path, content));
    let image = image(vec![layer.plain()]);
    check(&analyse_image(&image, &options()).expect("whatever a file holds, an image has a bill of materials").sbom);
}

/// Analyses a folder with this file.
pub fn analyse_folder(name: &str, content: &[u8]) {
    on_disk(name, content, |path| {
        let folder = path.parent().expect("it lies in one");
        let analysis = analyse_directory(folder, Vec::new(), &options());
        check(&analysis.expect("whatever a file holds, a folder has a bill of materials").sbom);
    });
}

/// Calls `work` with the path of such a file, in memory where the system has a file system there.
pub fn on_disk(name: &str, content: &[u8], work: impl FnOnce(&Path)) {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let folder = parent.join(format!("windlass-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    fs::write(&path, content).expect("a file");
    work(&path);
    fs::remove_dir_all(&folder).expect("it was made here");
}

/// Chooses by the first byte, whose letters stand for the list in order, so that inputs can be written by hand.
pub fn choose<'a, T>(from: &'a [T], data: &'a [u8]) -> Option<(&'a T, &'a [u8])> {
    let (letter, rest) = data.split_first()?;
    Some((&from[usize::from(letter.wrapping_sub(b'a')) % from.len()], rest))
}

fn options() -> Options {
    Options {
        walk: WalkOptions { threads: NonZeroUsize::MIN, ..WalkOptions::default() },
        archives: ArchiveBudgets { depth: 3, entries: 1000, bytes: 8 << 20 },
        ..Options::default()
    }
}

/// Packages have names and ids of their own, and the document that lists them can be read back.
fn check(sbom: &Sbom) {
    let mut ids: Vec<_> = sbom.packages.iter().map(|package| &package.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), sbom.packages.len(), "two packages have one id: {:?}", sbom.packages);
    for package in &sbom.packages {
        assert!(!package.name.is_empty(), "{package:?}");
    }
    let mut document = Vec::new();
    formats::write(sbom, Format::Json, &Document::default(), &mut document).expect("memory takes everything");
    let again = formats::read(&document).expect("the own document can be read");
    assert_eq!(again.packages.len(), sbom.packages.len());
}
