//! What a walk accepts, verifies and refuses.

use std::{
    io::{self, Read},
    num::NonZeroUsize,
    sync::{Arc, Mutex},
};

use windlass_image::{
    Budget, Digest, DigestSet, Entry, EntryKind, Layer, LayerSource, Reader, Tree, WalkError, WalkOptions,
    testing::{Blind, Contents, Tar, TarEntry, gzip, layer, sha256, squash, zstd},
    walk,
};

fn error(layers: &[Layer]) -> WalkError {
    walk(layers, &Contents, &WalkOptions::default()).expect_err("these layers are not in order")
}

fn tar_problem(tar: Tar) -> String {
    match error(&[tar.plain()]) {
        WalkError::Tar { source, .. } => source.to_string(),
        other => panic!("{other}"),
    }
}

fn content<'t>(tree: &'t Tree<Vec<u8>>, path: &str) -> Option<&'t [u8]> {
    tree.facts(tree.get(path.as_bytes())?.id).map(Vec::as_slice)
}

#[test]
fn layers_are_read_however_they_are_compressed_and_whatever_the_manifest_says_of_it() {
    let tar = || Tar::new().file("a", "content");
    let bytes = tar().into_bytes();
    let (first, second) = bytes.split_at(700);
    let lying = |stored: Vec<u8>| layer("application/vnd.docker.image.rootfs.diff.tar.gzip", &bytes, stored);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
    for layer in [
        tar().plain(),
        tar().gzip(),
        tar().zstd(),
        lying(bytes.clone()),
        lying(zstd(&bytes)),
        lying([gzip(first), gzip(second)].concat()),
        lying([skippable, zstd(first), zstd(second)].concat()),
    ] {
        assert_eq!(content(&squash(&[layer]), "a"), Some(&b"content"[..]));
    }
}

#[test]
fn a_file_larger_than_any_buffer_comes_through_whole() {
    let large: Vec<u8> =
        (0..3_000_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let tree = squash(&[Tar::new().file("large", &large).file("after", "x").zstd()]);
    assert!(content(&tree, "large") == Some(&large));
    let digest = Digest::of(&large);
    assert_eq!(sha256(&tree.get(b"large").unwrap()), Some(digest));
    assert_eq!(content(&tree, "after"), Some(&b"x"[..]));
}

#[test]
fn a_digest_is_computed_whether_or_not_the_reader_reads() {
    let layers = [Tar::new().file("a", "content").file("empty", "").gzip()];
    let options = WalkOptions { file_digests: DigestSet::SHA256, ..WalkOptions::default() };
    let walked = walk(&layers, &Blind, &options).unwrap();
    let tree = Tree::squash(walked, &options.budgets).unwrap();
    let digest = |path: &[u8]| sha256(&tree.get(path).unwrap());
    assert_eq!(digest(b"a"), Some(Digest::of(b"content")));
    assert_eq!(digest(b"empty"), Some(Digest::of(b"")));
}

#[test]
fn everything_the_documents_say_is_verified() {
    let good = || Tar::new().file("a", "content").gzip();
    let other = Digest::of(b"something else");

    let message = error(&[Layer { digest: Some(other.clone()), ..good() }]).to_string();
    let actual = good().digest.unwrap();
    assert_eq!(
        message,
        format!(
            "layer 1 ({other}) is not what the manifest describes: its stored bytes have the digest {actual}, not {other}"
        )
    );
    assert!(matches!(error(&[Layer { diff_id: other.clone(), ..good() }]), WalkError::DiffId { .. }));
    let size = good().size;
    for wrong in [size - 1, size + 1, 5] {
        assert!(matches!(error(&[Layer { size: wrong, ..good() }]), WalkError::Size { .. }), "{wrong}");
    }
    // A docker archive states neither.
    assert!(walk(&[Layer { size: 0, digest: None, ..good() }], &Blind, &WalkOptions::default()).is_ok());

    // An uncompressed layer is hashed once for both.
    let plain = || Tar::new().file("a", "content").plain();
    assert!(matches!(error(&[Layer { digest: Some(other.clone()), ..plain() }]), WalkError::Digest { .. }));
    assert!(matches!(error(&[Layer { diff_id: other, ..plain() }]), WalkError::DiffId { .. }));
}

#[test]
fn a_broken_stream_that_is_not_the_promised_one_is_reported_as_such() {
    let tar = Tar::new().file("a", vec![7; 100_000]).into_bytes();
    let stored = gzip(&tar);
    let mut corrupt = stored.clone();
    corrupt[40] ^= 0xff;
    let as_promised = layer("application/vnd.oci.image.layer.v1.tar+gzip", &tar, corrupt.clone());
    assert!(matches!(
        error(std::slice::from_ref(&as_promised)),
        WalkError::Decompress { .. } | WalkError::DiffId { .. }
    ));
    let promised = Layer { digest: Some(Digest::of(&stored)), ..as_promised };
    assert!(matches!(error(&[promised]), WalkError::Digest { .. }));
}

#[test]
fn bytes_behind_the_archive_belong_to_the_layer() {
    let with_tail = Tar::new().file("a", "content").into_bytes();
    let with_tail = [with_tail, vec![0; 100_000], b"anything at all".to_vec()].concat();
    let whole = layer("application/vnd.oci.image.layer.v1.tar+gzip", &with_tail, gzip(&with_tail));
    assert_eq!(content(&squash(std::slice::from_ref(&whole)), "a"), Some(&b"content"[..]));
    let shorter = Digest::of(&with_tail[..with_tail.len() - 1]);
    assert!(matches!(error(&[Layer { diff_id: shorter, ..whole }]), WalkError::DiffId { .. }));
}

#[test]
fn an_unknown_media_type_is_refused_with_all_layers_that_have_one() {
    let strange = |media_type: &str| Layer { media_type: media_type.to_owned(), ..Tar::new().plain() };
    let message = error(&[Tar::new().plain(), strange("text/html"), strange("image/png")]).to_string();
    assert!(message.starts_with("cannot read layers of an unknown media type: layer 2 (sha256:"), "{message}");
    assert!(message.contains("is \"text/html\", layer 3 ("), "{message}");
}

#[test]
fn the_lowest_broken_layer_is_the_one_reported() {
    let broken = || Layer { diff_id: Digest::of(b""), ..Tar::new().file("a", "a").gzip() };
    let layers: Vec<_> = [Tar::new().plain()].into_iter().chain((0..20).map(|_| broken())).collect();
    match error(&layers) {
        WalkError::DiffId { layer, .. } => assert_eq!(layer.index, 1),
        other => panic!("{other}"),
    }
}

#[test]
fn a_truncated_archive_is_an_error_wherever_it_ends() {
    let whole = Tar::new().file("a", vec![1; 3000]).into_bytes();
    for length in [1, 511, 513, 1024, 3512, 3583] {
        let cut = &whole[..length];
        let message = match error(&[layer("application/vnd.oci.image.layer.v1.tar", cut, cut.to_vec())]) {
            WalkError::Tar { source, .. } => source.to_string(),
            other => panic!("{length}: {other}"),
        };
        assert!(message.starts_with("the archive ends within a"), "{length}: {message}");
    }
    // Some writers leave the end out.
    let no_end = &whole[..whole.len() - 1024];
    assert!(
        walk(
            &[layer("application/vnd.oci.image.layer.v1.tar", no_end, no_end.to_vec())],
            &Blind,
            &WalkOptions::default()
        )
        .is_ok()
    );
}

#[test]
fn nonsense_in_an_archive_is_an_error() {
    assert_eq!(tar_problem(Tar::new().raw(&[b'x'; 1024])), "a header's checksum does not match (at byte 512)");
    assert_eq!(
        tar_problem(Tar::new().raw(&[0; 512]).file("a", "x")),
        "a block of zeros is followed by more entries (at byte 1024)"
    );
    let mut huge = TarEntry::file("huge", "x");
    huge.stated_size = Some(1 << 60);
    assert_eq!(tar_problem(Tar::new().entry(&huge)), "the archive ends within a file's content (after 2048 bytes)");
    let pax_size = TarEntry::file("a", "x").record("size", format!("1{}", "0".repeat(30)));
    assert_eq!(tar_problem(Tar::new().entry(&pax_size)), "a pax record holds an invalid number (at byte 1024)");
    let negative = TarEntry::file("a", "x").record("size", "-1");
    assert!(tar_problem(Tar::new().entry(&negative)).starts_with("an entry has a negative size"));
}

#[test]
fn long_names_come_in_two_dialects() {
    let (name, target) = ("n".repeat(300), "t".repeat(300));
    let gnu = Tar::new()
        .entry(&TarEntry::file("././@LongLink", format!("{name}\0")).of_type(b'L', ""))
        .entry(&TarEntry::file("././@LongLink", format!("{target}\0")).of_type(b'K', ""))
        .symlink("cut", "cut");
    let pax = Tar::new().symlink(&name, &target);
    for tar in [gnu, pax] {
        let tree = squash(&[tar.gzip()]);
        let node = tree.get(name.as_bytes()).unwrap();
        assert_eq!(node.kind, windlass_image::NodeKind::Symlink(target.as_bytes()));
    }
}

#[test]
fn names_need_not_be_text() {
    let name = b"latin-\xe9\xff/\xfe";
    assert_eq!(squash(&[Tar::new().file(name, "x").gzip()]).iter().last().unwrap().0, name);
}

#[test]
fn sparse_files_are_read_with_their_holes() {
    let expanded = [&[0; 600][..], b"abc", &[0; 400], b"de", &[0; 95]].concat();
    let size = expanded.len().to_string();
    let map = ["600", "3", "1003", "2"];
    let v0_1 = TarEntry::file("GNUSparseFile.0/s", "abcde")
        .record("GNU.sparse.major", "0")
        .record("GNU.sparse.minor", "1")
        .record("GNU.sparse.name", "s")
        .record("GNU.sparse.realsize", &size)
        .record("GNU.sparse.map", map.join(","));
    let mut stored = format!("2\n{}\n", map.join("\n")).into_bytes();
    stored.resize(512, 0);
    stored.extend(b"abcde");
    let v1_0 = TarEntry::file("GNUSparseFile.0/s", stored)
        .record("GNU.sparse.major", "1")
        .record("GNU.sparse.minor", "0")
        .record("GNU.sparse.name", "s")
        .record("GNU.sparse.realsize", &size);
    for entry in [v0_1, v1_0] {
        let tree = squash(&[Tar::new().entry(&entry).file("after", "x").gzip()]);
        assert!(content(&tree, "s") == Some(&expanded));
        let node = tree.get(b"s").unwrap();
        assert_eq!((node.size, sha256(&node)), (1100, Some(Digest::of(&expanded))));
        assert_eq!(content(&tree, "after"), Some(&b"x"[..]));
    }
}

#[test]
fn a_hole_as_large_as_a_disk_is_refused_only_where_it_is_read() {
    let hole = TarEntry::file("s", "")
        .record("GNU.sparse.map", "1125899906842624,0")
        .record("GNU.sparse.realsize", (1_u64 << 50).to_string());
    let layers = [Tar::new().entry(&hole).gzip()];
    let walked = walk(&layers, &Blind, &WalkOptions::default()).unwrap();
    let tree = Tree::squash(walked, &WalkOptions::default().budgets).unwrap();
    assert_eq!(tree.get(b"s").unwrap().size, 1 << 50);

    let mut options = WalkOptions { file_digests: DigestSet::SHA256, ..WalkOptions::default() };
    options.budgets.layer_bytes = 1 << 20;
    match walk(&layers, &Blind, &options).unwrap_err() {
        WalkError::Budget { exceeded, .. } => assert_eq!(exceeded.budget, Budget::LayerBytes),
        other => panic!("{other}"),
    }
}

#[test]
fn every_budget_ends_the_walk_and_names_what_to_raise() {
    let many = || Tar::new().file("a/b/c", vec![0; 200_000]).file("a/b/d", "d").symlink("link", "elsewhere");
    type Lower = fn(&mut WalkOptions);
    let cases: [(Budget, Lower); 9] = [
        (Budget::LayerBytes, |options| options.budgets.layer_bytes = 1000),
        (Budget::ImageBytes, |options| options.budgets.image_bytes = 300_000),
        (Budget::Ratio, |options| (options.budgets.ratio, options.budgets.ratio_floor) = (20, 1000)),
        (Budget::LayerEntries, |options| options.budgets.layer_entries = 2),
        (Budget::ImageEntries, |options| options.budgets.image_entries = 5),
        (Budget::PathBytes, |options| options.budgets.path_bytes = 4),
        (Budget::PathDepth, |options| options.budgets.path_depth = 2),
        (Budget::ExtendedHeaderBytes, |options| options.budgets.extended_header_bytes = 10),
        (Budget::MetadataBytes, |options| options.budgets.metadata_bytes = 30),
    ];
    for (budget, lower) in cases {
        let mut options = WalkOptions::default();
        let layers = [many().gzip(), many().entry(&TarEntry::file("x", "").record("comment", "more than ten")).zstd()];
        assert!(walk(&layers, &Blind, &options).is_ok());
        lower(&mut options);
        let error = walk(&layers, &Blind, &options).unwrap_err();
        assert!(error.to_string().contains(&format!("raise the limit \"{}\"", budget.setting())), "{error}");
        let WalkError::Budget { exceeded, .. } = error else { panic!("{error}") };
        assert_eq!(exceeded.budget, budget);
    }
}

#[test]
fn folders_that_nobody_describes_count_as_entries_of_the_tree() {
    let mut options = WalkOptions::default();
    options.budgets.image_entries = 50;
    let layers = [Tar::new().file("a/".repeat(30) + "x", "x").file("b/".repeat(30) + "x", "x").gzip()];
    let walked = walk(&layers, &Blind, &options).unwrap();
    assert!(matches!(Tree::squash(walked, &options.budgets), Err(WalkError::Budget { .. })));
}

#[test]
fn links_that_multiply_steps_are_stopped() {
    let mut tar = Tar::new().directory("d");
    for link in 0..90 {
        tar = tar.symlink(format!("l{link}"), format!("{}l{}", "d/../".repeat(500), link + 1));
    }
    tar = tar.symlink("l90", "d");
    for file in 0..40 {
        tar = tar.file(format!("l0/{file}"), "").file(format!("d/{file}"), "");
    }
    let mut options = WalkOptions::default();
    options.budgets.link_steps = 1_000_000;
    let walked = walk(&[tar.gzip()], &Blind, &options).unwrap();
    match Tree::squash(walked, &options.budgets).unwrap_err() {
        WalkError::Budget { exceeded, .. } => assert_eq!(exceeded.budget, Budget::LinkSteps),
        other => panic!("{other}"),
    }
}

#[test]
fn the_reader_sees_every_regular_file_with_its_description() {
    struct Log(Mutex<Vec<Entry>>);
    impl Reader for Log {
        type Facts = ();
        fn read(&self, entry: &Entry, _content: &mut dyn Read) -> io::Result<Option<()>> {
            self.0.lock().unwrap().push(entry.clone());
            Ok(None)
        }
    }
    let log = Log(Mutex::default());
    let tar = Tar::new()
        .directory("usr/bin")
        .entry(&TarEntry::file("./usr/bin/su", "binary").mode(0o4755).owner(0, 3_000_000_000))
        .symlink("bin", "usr/bin")
        .hard_link("usr/bin/su2", "usr/bin/su")
        .whiteout("usr/bin/sh")
        .opaque("opt")
        .file("/", "the root is no file");
    walk(&[tar.gzip()], &log, &WalkOptions::default()).unwrap();
    let expected = Entry {
        path: b"usr/bin/su".to_vec(),
        kind: EntryKind::File,
        mode: 0o4755,
        uid: 0,
        gid: 3_000_000_000,
        size: 6,
        modified: 1_700_000_000,
    };
    assert_eq!(*log.0.lock().unwrap(), [expected]);
}

#[test]
fn a_reader_that_fails_ends_the_walk_with_the_file() {
    struct Failing;
    impl Reader for Failing {
        type Facts = ();
        fn read(&self, _entry: &Entry, _content: &mut dyn Read) -> io::Result<Option<()>> {
            Err(io::Error::other("the disk is full"))
        }
    }
    let error = walk(&[Tar::new().file("etc/motd", "x").gzip()], &Failing, &WalkOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("cannot read \"etc/motd\" in layer 1 (sha256:"), "{error}");
}

#[test]
fn a_reader_that_swallows_the_end_of_a_truncated_file_does_not_hide_it() {
    struct Swallowing;
    impl Reader for Swallowing {
        type Facts = ();
        fn read(&self, _entry: &Entry, content: &mut dyn Read) -> io::Result<Option<()>> {
            let _ = io::copy(content, &mut io::sink());
            Ok(Some(()))
        }
    }
    let cut = &Tar::new().file("a", vec![1; 3000]).into_bytes()[..2000];
    let layers = [layer("application/vnd.oci.image.layer.v1.tar", cut, cut.to_vec())];
    assert!(matches!(walk(&layers, &Swallowing, &WalkOptions::default()), Err(WalkError::Tar { .. })));
}

#[test]
fn a_source_that_fails_or_never_ends_is_an_error() {
    struct Failing;
    impl LayerSource for Failing {
        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            Err(io::ErrorKind::NotFound.into())
        }
    }
    struct Breaking;
    impl LayerSource for Breaking {
        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            struct Broken;
            impl Read for Broken {
                fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
                    Err(io::ErrorKind::ConnectionReset.into())
                }
            }
            Ok(Box::new(Tar::new().file("a", "b").into_bytes().leak().chain(Broken)))
        }
    }
    struct Endless;
    impl LayerSource for Endless {
        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(gzip(&Tar::new().into_bytes()).leak().chain(io::repeat(0))))
        }
    }
    let with = |source: Arc<dyn LayerSource>| Layer { source, ..Tar::new().file("a", "b").gzip() };
    assert!(matches!(error(&[with(Arc::new(Failing))]), WalkError::Open { .. }));
    assert!(matches!(error(&[with(Arc::new(Breaking))]), WalkError::Read { .. } | WalkError::Size { .. }));
    assert!(matches!(error(&[Layer { size: 0, ..with(Arc::new(Breaking)) }]), WalkError::Read { .. }));
    assert!(matches!(error(&[with(Arc::new(Endless))]), WalkError::Size { at_least: true, .. }));
}

#[test]
fn one_thread_gives_what_many_give() {
    let layers: Vec<_> =
        (0..30).map(|number| Tar::new().file(format!("f{}", number % 7), number.to_string()).gzip()).collect();
    let trees: Vec<Vec<_>> = [1, 8]
        .map(|threads| {
            let options = WalkOptions { threads: NonZeroUsize::new(threads).unwrap(), ..WalkOptions::default() };
            let tree = Tree::squash(walk(&layers, &Contents, &options).unwrap(), &options.budgets).unwrap();
            tree.iter().map(|(path, node)| (path, node.layer, tree.facts(node.id).cloned())).collect()
        })
        .into();
    assert_eq!(trees[0], trees[1]);
    assert_eq!(trees[0].len(), 7);
}
