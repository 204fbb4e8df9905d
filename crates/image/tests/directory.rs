//! Walking a folder of this machine.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    sync::Arc,
};

use windlass_image::{
    Digest, DigestSet, DirectoryOptions, NodeKind, Tree, WalkError, WalkOptions, WalkedDirectory,
    testing::{Contents, sha256},
    walk_directory,
};

fn squash(walked: WalkedDirectory<Vec<u8>>) -> Tree<Vec<u8>> {
    Tree::squash(vec![walked.layer], &WalkOptions::default().budgets).expect("the folders of this test are small")
}

fn paths(tree: &Tree<Vec<u8>>) -> Vec<String> {
    tree.iter().map(|(path, _)| String::from_utf8_lossy(&path).into_owned()).collect()
}

#[test]
fn a_folder_becomes_a_tree_with_content_and_digests() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("usr/bin")).unwrap();
    fs::write(root.path().join("usr/bin/tool"), "tool").unwrap();
    fs::set_permissions(root.path().join("usr/bin/tool"), fs::Permissions::from_mode(0o4750)).unwrap();
    symlink("usr/bin", root.path().join("bin")).unwrap();
    let walk = WalkOptions { file_digests: DigestSet::SHA256, ..WalkOptions::default() };
    let walked = walk_directory(root.path(), &Contents, &DirectoryOptions { walk, ..Default::default() }).unwrap();
    assert_eq!((walked.layer.entries, walked.layer.bytes, walked.unreadable.len()), (4, 4, 0));
    let tree = squash(walked);
    assert_eq!(paths(&tree), ["bin", "usr", "usr/bin", "usr/bin/tool"]);
    let tool = tree.resolve(b"bin/tool").unwrap().node;
    assert_eq!((tool.mode, tool.size, sha256(&tool)), (0o4750, 4, Some(Digest::of(b"tool"))));
    assert_eq!(tree.facts(tool.id).unwrap(), b"tool");
    assert!(!tree.get(b"usr").unwrap().implied);
}

#[test]
fn links_out_of_the_folder_are_recorded_and_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let root = tempfile::tempdir().unwrap();
    symlink(outside.path(), root.path().join("folder")).unwrap();
    symlink(outside.path().join("secret"), root.path().join("file")).unwrap();
    symlink(".", root.path().join("loop")).unwrap();
    let tree = squash(walk_directory(root.path(), &Contents, &DirectoryOptions::default()).unwrap());
    assert_eq!(paths(&tree), ["file", "folder", "loop"]);
    assert!(tree.resolve(b"file").is_none());
    assert!(tree.resolve(b"folder/secret").is_none());
    assert!(matches!(tree.get(b"folder").unwrap().kind, NodeKind::Symlink(_)));
}

#[test]
fn a_fifo_is_listed_and_never_opened() {
    let root = tempfile::tempdir().unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, root.path().join("pipe"), rustix::fs::Mode::RUSR).unwrap();
    let tree = squash(walk_directory(root.path(), &Contents, &DirectoryOptions::default()).unwrap());
    assert_eq!(tree.get(b"pipe").unwrap().kind, NodeKind::Fifo);
}

#[test]
fn thousands_of_files_come_in_order_whoever_reads_them() {
    let root = tempfile::tempdir().unwrap();
    for folder in 0..5 {
        fs::create_dir(root.path().join(format!("d{folder}"))).unwrap();
        for file in 0..400 {
            fs::write(root.path().join(format!("d{folder}/{file:03}")), format!("{folder} {file}")).unwrap();
        }
    }
    let tree = squash(walk_directory(root.path(), &Contents, &DirectoryOptions::default()).unwrap());
    assert_eq!(tree.len(), 2005);
    for (path, node) in tree.iter().filter(|(_, node)| node.is_file()) {
        let path = String::from_utf8(path).unwrap();
        let (folder, file) = path[1..].split_once('/').unwrap();
        let expected = format!("{folder} {}", file.parse::<u32>().unwrap());
        assert_eq!(tree.facts(node.id).unwrap(), expected.as_bytes());
    }
}

#[test]
fn pseudo_filesystems_and_excluded_paths_are_left_out() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["proc/1", "srv", "var/cache"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
        fs::write(root.path().join(folder).join("file"), "x").unwrap();
    }
    let proc = root.path().canonicalize().unwrap().join("proc");
    let mountinfo = format!("22 28 0:21 / {} rw - proc proc rw\n", proc.display());
    let options = DirectoryOptions {
        mountinfo: mountinfo.into_bytes(),
        exclude: Some(Arc::new(|path, is_folder| is_folder && path == b"var/cache")),
        ..DirectoryOptions::default()
    };
    let tree = squash(walk_directory(root.path(), &Contents, &options).unwrap());
    assert_eq!(paths(&tree), ["srv", "srv/file", "var"]);
}

#[test]
fn what_cannot_be_read_is_told_and_does_not_end_the_walk() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("closed"), "x").unwrap();
    fs::write(root.path().join("open"), "y").unwrap();
    fs::create_dir(root.path().join("locked")).unwrap();
    for (name, mode) in [("closed", 0o000), ("locked", 0o000)] {
        fs::set_permissions(root.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    if fs::read(root.path().join("closed")).is_ok() {
        eprintln!("SKIPPED: this user may read everything, so nothing is unreadable");
        return;
    }
    let walked = walk_directory(root.path(), &Contents, &DirectoryOptions::default()).unwrap();
    fs::set_permissions(root.path().join("locked"), fs::Permissions::from_mode(0o700)).unwrap();
    let unreadable: Vec<_> = walked.unreadable.iter().map(|file| file.path.as_slice()).collect();
    assert_eq!(unreadable, [&b"closed"[..], b"locked"]);
    assert!(walked.unreadable[0].reason.contains("ermission denied"), "{:?}", walked.unreadable);
    assert_eq!(paths(&squash(walked)), ["closed", "locked", "open"]);
}

#[test]
fn a_reader_that_fails_makes_a_file_unreadable() {
    struct Failing;
    impl windlass_image::Reader for Failing {
        type Facts = Vec<u8>;
        fn read(
            &self,
            entry: &windlass_image::Entry,
            _content: &mut dyn std::io::Read,
        ) -> std::io::Result<Option<Vec<u8>>> {
            if entry.path == b"bad" { Err(std::io::Error::other("an input/output error")) } else { Ok(None) }
        }
    }
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("bad"), "x").unwrap();
    fs::write(root.path().join("good"), "x").unwrap();
    let walked = walk_directory(root.path(), &Failing, &DirectoryOptions::default()).unwrap();
    assert_eq!(walked.unreadable.len(), 1);
    assert_eq!(
        (walked.unreadable[0].path.as_slice(), walked.unreadable[0].reason.as_str()),
        (&b"bad"[..], "an input/output error")
    );
    assert_eq!(paths(&squash(walked)), ["bad", "good"]);
}

#[test]
fn what_is_not_a_folder_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path(), "/no/such/folder".as_ref()] {
        let error = walk_directory(path, &Contents, &DirectoryOptions::default()).unwrap_err();
        assert!(matches!(error, WalkError::Folder { .. }), "{error}");
    }
}

#[test]
fn a_folder_with_too_many_entries_is_refused() {
    let root = tempfile::tempdir().unwrap();
    for file in 0..10 {
        fs::write(root.path().join(file.to_string()), "").unwrap();
    }
    let mut options = DirectoryOptions::default();
    options.walk.budgets.image_entries = 9;
    let error = walk_directory(root.path(), &Contents, &options).unwrap_err();
    assert!(error.to_string().contains("raise the limit \"image-entries\""), "{error}");
}
