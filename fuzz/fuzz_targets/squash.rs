//! Layers over each other, written from a little language: each step is an operation, a path and a target over a few
//! names, so that steps meet.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_image::testing::{Tar, squash};

fuzz_target!(|bytes: &[u8]| {
    let mut layers = Vec::new();
    let mut tar = Tar::new();
    for step in bytes.chunks_exact(3).take(300) {
        let (path, target) = (path(step[1]), path(step[2]));
        tar = match step[0] % 8 {
            0 => tar.file(path, target),
            1 => tar.directory(path),
            2 => tar.symlink(path, target),
            3 => tar.symlink(path, format!("/{target}")),
            4 => tar.hard_link(path, target),
            5 => tar.whiteout(&path),
            6 => tar.opaque(&path),
            _ => {
                layers.push(tar.plain());
                Tar::new()
            }
        };
    }
    layers.push(tar.plain());
    let tree = squash(&layers);
    for (path, node) in tree.iter() {
        assert_eq!(tree.get(&path).map(|found| found.id), Some(node.id));
        assert!(!path.split(|byte| *byte == b'/').any(|name| matches!(name, b"" | b"." | b"..")));
        assert!(node.layer < layers.len());
        for (layer, _) in tree.versions(&path) {
            assert!(layer <= node.layer);
        }
        if let Some(resolved) = tree.resolve(&path) {
            assert_eq!(tree.get(&resolved.path).map(|found| found.id), Some(resolved.node.id));
        }
    }
});

/// One to three names, two bits each.
fn path(byte: u8) -> String {
    let names = ["a", "b", "c", ".."];
    let name = |shift: u8| names[usize::from(byte >> shift & 3)];
    match byte >> 6 {
        0 => name(0).to_owned(),
        1 => format!("{}/{}", name(0), name(2)),
        _ => format!("{}/{}/{}", name(0), name(2), name(4)),
    }
}
