//! Real and hostile images of the corpus, whose truth is known independently of Windlass.

mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;
use windlass_image::{
    Budget, DigestSet, Node, NodeKind, Tree, WalkError, WalkOptions,
    testing::{Blind, sha256},
    walk,
};

type Squashed = Result<Tree<()>, WalkError>;

fn squash(layout: &Path) -> Result<Squashed, String> {
    let layers = support::layers(layout)?;
    let options = WalkOptions { file_digests: DigestSet::SHA256, ..WalkOptions::default() };
    Ok(walk(&layers, &Blind, &options).and_then(|walked| Tree::squash(walked, &options.budgets)))
}

/// A node in the words of the expectation, with the keys that it has.
fn described(node: &Node<'_>, expected: &Value) -> Value {
    let mut found = expected.clone();
    let (kind, target) = match node.kind {
        NodeKind::File | NodeKind::HardLink(_) => ("file", None),
        NodeKind::Directory => ("dir", None),
        NodeKind::Symlink(target) => ("symlink", Some(String::from_utf8_lossy(target).into_owned())),
        NodeKind::CharacterDevice => ("char", None),
        NodeKind::BlockDevice => ("block", None),
        NodeKind::Fifo => ("fifo", None),
    };
    found["type"] = kind.into();
    for (key, value) in [
        ("mode", format!("{:04o}", node.mode).into()),
        ("uid", node.uid.into()),
        ("gid", node.gid.into()),
        ("size", node.size.into()),
        ("target", target.into()),
        ("sha256", sha256(node).map(|digest| digest.hex().to_owned()).into()),
    ] {
        if found.get(key).is_some() {
            found[key] = value;
        }
    }
    found
}

#[test]
fn every_image_squashes_to_exactly_the_files_it_was_built_from() {
    let Some(corpus) = support::corpus() else { return };
    let mut images = 0;
    for expectation in fs::read_dir(corpus.join("expected")).unwrap() {
        let path = expectation.unwrap().path();
        let Some(name) = path.file_name().unwrap().to_str().unwrap().strip_suffix(".files.jsonl") else { continue };
        let layout = corpus.join("images").join(name);
        if !layout.exists() {
            continue;
        }
        let tree = squash(&layout).unwrap().unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut expected = BTreeMap::new();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let file: Value = serde_json::from_str(line).unwrap();
            let path = match &file["path_b64"] {
                Value::String(encoded) => base64(encoded),
                _ => file["path"].as_str().unwrap().as_bytes().to_vec(),
            };
            expected.insert(path[1..].to_vec(), file);
        }
        let mut differences = Vec::new();
        for (path, node) in tree.iter() {
            match expected.remove(&path) {
                None => differences.push(format!("not expected: {}", String::from_utf8_lossy(&path))),
                Some(file) if described(&node, &file) != file => {
                    differences.push(format!("{} is {}", file, described(&node, &file)));
                }
                Some(_) => {}
            }
            assert_eq!(tree.get(&path).map(|found| found.id), Some(node.id), "{name}: a path leads to its node");
        }
        differences.extend(expected.values().map(|file| format!("missing: {file}")));
        assert!(
            differences.is_empty(),
            "{name}: {} differences\n{}",
            differences.len(),
            differences[..differences.len().min(20)].join("\n")
        );
        images += 1;
    }
    assert!(images >= 10, "the corpus has only {images} images with a known truth");
}

/// What becomes of each hostile image: how many files and folders its tree has, or what the error says.
#[test]
fn every_hostile_image_ends_in_a_tree_or_a_reason() {
    let Some(corpus) = support::corpus() else { return };
    let broken = "is broken: it is not a readable tar archive";
    let expected: [(&str, Result<usize, &str>); 23] = [
        ("500-layers", Ok(7)),
        ("bad-metadata", Ok(41)),
        ("deep-folders", Ok(20_207)),
        ("device-nodes", Ok(12)),
        ("duplicate-entries", Ok(8)),
        ("file-as-folder", Ok(9)),
        ("gzip-bomb", Err("250 uncompressed bytes for each stored byte")),
        ("hardlink-outside", Ok(11)),
        ("huge-entry", Err(broken)),
        ("huge-pax", Err("1048576 bytes in one extended header")),
        ("jar-bomb", Ok(10)),
        ("many-entries", Ok(500_001)),
        ("negative-entry", Err(broken)),
        ("path-traversal", Ok(11)),
        ("symlink-escape", Ok(15)),
        ("symlink-loop", Ok(513)),
        ("tail-bomb", Err("250 uncompressed bytes for each stored byte")),
        ("truncated-layer", Err("is broken: its gzip stream cannot be decompressed")),
        ("truncated-tar", Err(broken)),
        ("whiteout-tricks", Ok(3)),
        ("wrong-diff-id", Err("is not what the config describes")),
        ("wrong-digest", Err("the manifest says that it has 286 bytes, but it has at least 309")),
        ("zstd-bomb", Err("250 uncompressed bytes for each stored byte")),
    ];
    for (name, expected) in expected {
        let squashed = squash(&corpus.join("hostile").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        match (squashed, expected) {
            (Ok(tree), Ok(nodes)) => assert_eq!(tree.len(), nodes, "{name}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{name}: {error}"),
            (Ok(tree), Err(words)) => panic!("{name}: {} nodes instead of {words:?}", tree.len()),
            (Err(error), Ok(_)) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn hostile_names_and_links_stay_inside_the_image() {
    let Some(corpus) = support::corpus() else { return };
    let tree = squash(&corpus.join("hostile/path-traversal")).unwrap().unwrap();
    assert!(tree.get(b"tmp/corpus-escape").is_some_and(|node| node.is_file()));
    assert!(tree.get(b"tmp/corpus-escape2").is_some_and(|node| node.is_file()));
    tree.for_each(|path, _| assert!(!path.split(|byte| *byte == b'/').any(|name| name == b"..")));

    let tree = squash(&corpus.join("hostile/symlink-escape")).unwrap().unwrap();
    assert_eq!(tree.resolve(b"evil/corpus-escape6").unwrap().path, b"tmp/corpus-escape6");
    assert_eq!(tree.resolve(b"up/tmp/corpus-escape5").unwrap().path, b"tmp/corpus-escape5");
    assert!(tree.resolve(b"var/lib/dpkg/status").is_none(), "the image has no /etc/passwd");

    let tree = squash(&corpus.join("hostile/symlink-loop")).unwrap().unwrap();
    for path in ["loop", "a", "b", "c0", "var/lib/dpkg/status"] {
        assert!(tree.resolve(path.as_bytes()).is_none(), "{path}");
    }
    assert_eq!(tree.resolve(b"d/self/root/d").unwrap().path, b"d");

    let tree = squash(&corpus.join("hostile/hardlink-outside")).unwrap().unwrap();
    for path in ["h1", "h2", "h3", "h4", "h5"] {
        let node = tree.get(path.as_bytes()).unwrap();
        assert!(matches!(node.kind, NodeKind::HardLink(_)) && node.size == 0, "{path}");
    }
}

#[test]
fn a_walk_can_be_cancelled() {
    let Some(corpus) = support::corpus() else { return };
    let asked = Arc::new(AtomicBool::new(false));
    let check = Arc::clone(&asked);
    let cancelled = move || check.swap(true, Ordering::Relaxed);
    let options = WalkOptions { cancelled: Some(Arc::new(cancelled)), ..WalkOptions::default() };
    let layers = support::layers(&corpus.join("images/debian-slim")).unwrap();
    let error = walk(&layers, &Blind, &options).unwrap_err();
    assert!(matches!(error, WalkError::Cancelled), "{error}");
    assert!(asked.load(Ordering::Relaxed));
}

#[test]
fn the_bytes_of_a_layer_can_be_limited() {
    let Some(corpus) = support::corpus() else { return };
    let mut options = WalkOptions::default();
    options.budgets.layer_bytes = 1 << 20;
    let layers = support::layers(&corpus.join("images/debian-slim")).unwrap();
    match walk(&layers, &Blind, &options).unwrap_err() {
        WalkError::Budget { layer: Some(layer), exceeded } => {
            assert_eq!((layer.index, exceeded.budget), (0, Budget::LayerBytes));
        }
        other => panic!("{other}"),
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'=').map(digit).collect();
    let bits = |group: &[u8]| group.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
    digits
        .chunks(4)
        .flat_map(|group| {
            let bytes = (bits(group) << (6 * (4 - group.len()))).to_be_bytes();
            bytes[1..group.len()].to_vec()
        })
        .collect()
}
