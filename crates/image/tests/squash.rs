//! How layers lie over each other, and where links lead.

use std::collections::BTreeMap;

use proptest::prelude::*;
use windlass_image::{
    Budgets, DigestAlgorithm, DigestSet, Layer, NodeKind, Tree, WalkOptions,
    testing::{Contents, Tar, TarEntry, layer, squash},
    walk,
};

fn paths(tree: &Tree<Vec<u8>>) -> Vec<String> {
    tree.iter().map(|(path, _)| String::from_utf8_lossy(&path).into_owned()).collect()
}

fn content<'t>(tree: &'t Tree<Vec<u8>>, path: &str) -> &'t str {
    let node = tree.get(path.as_bytes()).unwrap_or_else(|| panic!("{path} is not there"));
    std::str::from_utf8(tree.facts(node.id).unwrap_or_else(|| panic!("{path} has no content")))
        .expect("the contents of these tests are text")
}

fn resolved(tree: &Tree<Vec<u8>>, path: &str) -> Option<String> {
    tree.resolve(path.as_bytes()).map(|resolved| String::from_utf8_lossy(&resolved.path).into_owned())
}

#[test]
fn a_whiteout_hides_a_file_or_a_whole_folder_of_lower_layers() {
    let lower = Tar::new().file("etc/a", "a").file("etc/b", "b").file("opt/x/y", "y").file("opt/z", "z");
    let upper = Tar::new().whiteout("etc/a").whiteout("opt/x").whiteout("never/existed");
    assert_eq!(paths(&squash(&[lower.gzip(), upper.gzip()])), ["etc", "etc/b", "opt", "opt/z"]);
}

#[test]
fn a_whiteout_hides_nothing_of_its_own_layer_wherever_it_comes() {
    let lower = || Tar::new().file("a/old", "old").file("b", "old").gzip();
    let before = Tar::new().whiteout("a").whiteout("b").file("a/new", "new").file("b", "new");
    let after = Tar::new().file("a/new", "new").file("b", "new").whiteout("a").whiteout("b");
    for upper in [before, after] {
        let tree = squash(&[lower(), upper.gzip()]);
        assert_eq!(paths(&tree), ["a", "a/new", "b"]);
        assert_eq!(content(&tree, "b"), "new");
    }
}

#[test]
fn an_opaque_folder_hides_its_lower_children_and_keeps_itself() {
    let lower = Tar::new().entry(&TarEntry::file("opt", "").of_type(b'5', "").mode(0o700)).file("opt/old/deep", "x");
    let upper = Tar::new().file("opt/new", "new").opaque("opt");
    let tree = squash(&[lower.gzip(), upper.gzip()]);
    assert_eq!(paths(&tree), ["opt", "opt/new"]);
    let opt = tree.get(b"opt").unwrap();
    assert_eq!((opt.mode, opt.implied, opt.layer), (0o700, false, 0));
    let everything = Tar::new().file(".wh..wh..opq", "").file("only", "x");
    assert_eq!(paths(&squash(&[Tar::new().file("a", "a").gzip(), everything.gzip()])), ["only"]);
}

#[test]
fn a_folder_that_replaces_a_link_does_not_reach_through_it() {
    // As an overlay writes it when somebody replaces /lib -> /usr/lib by a folder of its own.
    let lower = Tar::new().file("usr/lib/libc.so", "libc").symlink("lib", "usr/lib");
    let upper = Tar::new().directory("lib").opaque("lib").whiteout("lib/libc.so").file("lib/own", "own");
    let tree = squash(&[lower.gzip(), upper.gzip()]);
    assert_eq!(paths(&tree), ["lib", "lib/own", "usr", "usr/lib", "usr/lib/libc.so"]);
}

#[test]
fn a_whiteout_reaches_through_a_link_of_lower_layers() {
    let lower = Tar::new().file("usr/lib/libc.so", "libc").symlink("lib", "usr/lib");
    let upper = Tar::new().whiteout("lib/libc.so");
    assert_eq!(paths(&squash(&[lower.gzip(), upper.gzip()])), ["lib", "usr", "usr/lib"]);
}

#[test]
fn files_replace_folders_and_folders_replace_files() {
    let lower = Tar::new().file("was-folder/x", "x").file("was-file", "f").directory("stays").file("stays/x", "x");
    let upper = Tar::new().file("was-folder", "now a file").file("was-file/x", "x").directory("stays");
    let tree = squash(&[lower.gzip(), upper.gzip()]);
    assert_eq!(paths(&tree), ["stays", "stays/x", "was-file", "was-file/x", "was-folder"]);
    assert!(tree.get(b"was-file").unwrap().implied);
    assert_eq!(content(&tree, "was-folder"), "now a file");
}

#[test]
fn a_parent_that_only_its_child_implies_keeps_what_is_known_of_it() {
    let lower = Tar::new().entry(&TarEntry::file("tmp", "").of_type(b'5', "").mode(0o1777).owner(5, 6));
    let upper = Tar::new().file("tmp/x", "x").file("new/x", "x");
    let tree = squash(&[lower.gzip(), upper.gzip()]);
    let tmp = tree.get(b"tmp").unwrap();
    assert_eq!((tmp.mode, tmp.uid, tmp.gid, tmp.implied, tmp.layer), (0o1777, 5, 6, false, 0));
    let new = tree.get(b"new").unwrap();
    assert_eq!((new.mode, new.implied, new.layer), (0o755, true, 1));
    assert_eq!(tree.get(b"tmp/x").unwrap().layer, 1);
}

#[test]
fn the_last_of_several_entries_for_a_path_wins() {
    let tar = Tar::new().file("a", "1").directory("a").file("a/x", "x").symlink("a", "b").file("./a", "last");
    let tree = squash(&[tar.gzip()]);
    assert_eq!(paths(&tree), ["a"]);
    assert_eq!(content(&tree, "a"), "last");
    assert_eq!(tree.versions(b"a").count(), 1);
}

#[test]
fn a_hard_link_keeps_the_content_of_its_own_layer() {
    let lower = Tar::new().file("a", "old").hard_link("b", "a").hard_link("c", "/b");
    let middle = Tar::new().file("a", "new").hard_link("d", "a");
    let upper = Tar::new().whiteout("a").hard_link("e", "c");
    let tree = squash(&[lower.gzip(), middle.gzip(), upper.gzip()]);
    assert_eq!(["b", "c", "d", "e"].map(|path| content(&tree, path)), ["old", "old", "new", "old"]);
    let (b, d) = (tree.get(b"b").unwrap(), tree.get(b"d").unwrap());
    assert_eq!((b.kind, b.size, b.layer), (NodeKind::HardLink(b"a"), 3, 0));
    assert_ne!(b.digests, d.digests);
}

#[test]
fn a_hard_link_finds_a_target_that_comes_later() {
    let tree = squash(&[Tar::new().hard_link("link", "file").file("file", "content").gzip()]);
    assert_eq!(content(&tree, "link"), "content");
}

#[test]
fn a_hard_link_to_nothing_is_an_empty_file() {
    let tar = Tar::new().hard_link("a", "missing").hard_link("b", "b").directory("d").hard_link("c", "d");
    let tree = squash(&[tar.gzip()]);
    for path in [&b"a"[..], b"b", b"c"] {
        let node = tree.get(path).unwrap();
        assert!(node.is_file() && node.size == 0 && tree.facts(node.id).is_none());
    }
}

#[test]
fn a_second_name_of_a_symbolic_link_is_one_too() {
    let tree = squash(&[Tar::new().file("t", "t").symlink("a", "t").hard_link("b", "a").gzip()]);
    assert_eq!(tree.get(b"b").unwrap().kind, NodeKind::Symlink(b"t"));
}

#[test]
fn entries_below_a_link_go_where_it_leads() {
    let lower = Tar::new()
        .directory("usr/bin")
        .symlink("bin", "usr/bin")
        .symlink("out", "../../../srv")
        .symlink("loop", "loop");
    let upper = Tar::new().file("bin/tool", "tool").file("out/x", "x").file("loop/x", "x");
    let tree = squash(&[lower.gzip(), upper.gzip()]);
    assert_eq!(paths(&tree), ["bin", "loop", "loop/x", "out", "srv", "srv/x", "usr", "usr/bin", "usr/bin/tool"]);
}

#[test]
fn links_are_followed_inside_the_root() {
    let tar = Tar::new()
        .file("usr/lib/os-release", "ID=x")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .symlink("lib", "/usr/lib")
        .symlink("absolute", "/lib/os-release")
        .symlink("above", "../../../../usr")
        .symlink("dead", "/nowhere")
        .symlink("a", "b")
        .symlink("b", "a")
        .symlink("root", "/")
        .symlink("through-file", "usr/lib/os-release/x")
        .symlink("empty", "");
    let tree = squash(&[tar.gzip()]);
    let release = Some("usr/lib/os-release".to_owned());
    for path in [
        "etc/os-release",
        "lib/os-release",
        "absolute",
        "above/lib/os-release",
        "root/root/etc/os-release",
        "etc/../absolute",
    ] {
        assert_eq!(resolved(&tree, path), release, "{path}");
    }
    for path in ["dead", "a", "a/x", "through-file", "empty", "usr/lib/os-release/x", "missing"] {
        assert_eq!(resolved(&tree, path), None, "{path}");
    }
    assert_eq!(resolved(&tree, "root"), Some(String::new()));
    assert_eq!(resolved(&tree, ""), Some(String::new()));
}

#[test]
fn a_hundred_links_are_followed_and_no_more() {
    let chain = |length: usize| {
        let tar = (0..length).fold(Tar::new().file("end", "x"), |tar, at| {
            let target = if at + 1 == length { "end".to_owned() } else { format!("l{}", at + 1) };
            tar.symlink(format!("l{at}"), target)
        });
        resolved(&squash(&[tar.gzip()]), "l0")
    };
    assert_eq!(chain(100), Some("end".to_owned()));
    assert_eq!(chain(101), None);
}

#[test]
fn the_versions_of_a_path_are_those_of_every_layer_that_wrote_it() {
    let layers = [
        Tar::new().file("status", "one"),
        Tar::new().file("other", "x"),
        Tar::new().file("status", "two"),
        Tar::new().whiteout("status").whiteout("other"),
        Tar::new().file("status", "three"),
    ];
    let tree = squash(&layers.map(Tar::gzip));
    let versions: Vec<_> = tree.versions(b"status").map(|(layer, facts)| (layer, facts.as_slice())).collect();
    assert_eq!(versions, [(0, &b"one"[..]), (2, b"two"), (4, b"three")]);
    assert_eq!(tree.versions(b"other").count(), 0, "it does not survive");
    assert_eq!(tree.versions(b"missing").count(), 0);
}

#[test]
fn nodes_come_in_path_order_with_their_folders_first() {
    let tree = squash(&[Tar::new().file("b/c", "").file("a-b", "").file("a/x", "").file("a/x2/y", "").gzip()]);
    assert_eq!(paths(&tree), ["a", "a/x", "a/x2", "a/x2/y", "a-b", "b", "b/c"]);
    let root = tree.root();
    let names: Vec<_> = tree.children(root.id).map(|node| node.name).collect();
    assert_eq!(names, [&b"a"[..], b"a-b", b"b"]);
    let deep = tree.get(b"a/x2/y").unwrap();
    assert_eq!(tree.path(deep.id), b"a/x2/y");
    assert_eq!(tree.parent(deep.id).name, b"x2");
    assert_eq!(tree.children(deep.id).len(), 0);
}

/// An entry of a layer over a handful of paths, so that entries meet.
#[derive(Clone, Debug)]
enum Step {
    File(String),
    Folder(String),
    HardLink(String, String),
    Whiteout(String),
    Opaque(String),
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4).prop_map(|names| names.join("/"))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => path().prop_map(Step::File),
        2 => path().prop_map(Step::Folder),
        2 => (path(), path()).prop_map(|(link, target)| Step::HardLink(link, target)),
        2 => path().prop_map(Step::Whiteout),
        1 => path().prop_map(Step::Opaque),
    ]
}

fn image() -> impl Strategy<Value = Vec<Vec<Step>>> {
    prop::collection::vec(prop::collection::vec(step(), 0..10), 1..6)
}

/// The same rules over a plain map, without any thought for speed.
#[derive(Default)]
struct Model {
    nodes: BTreeMap<String, ModelNode>,
    versions: BTreeMap<String, Vec<(usize, String)>>,
    layer: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum ModelNode {
    Folder,
    File(Option<String>),
    /// A link whose target is not there yet.
    Waiting,
}

impl Model {
    fn lay(&mut self, layer: usize, steps: &[Step]) {
        self.layer = layer;
        for step in steps {
            match step {
                Step::Whiteout(path) => self.remove(path, true),
                Step::Opaque(path) if self.nodes.get(path) == Some(&ModelNode::Folder) => self.remove(path, false),
                _ => {}
            }
        }
        let mut waiting = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::File(path) => self.put(path, ModelNode::File(Some(content_of(layer, number)))),
                Step::Folder(path) => self.put(path, ModelNode::Folder),
                Step::HardLink(path, target) => {
                    let node = self.linked(target).unwrap_or(ModelNode::Waiting);
                    if node == ModelNode::Waiting {
                        waiting.push((path, target));
                    }
                    self.put(path, node);
                }
                Step::Whiteout(_) | Step::Opaque(_) => {}
            }
        }
        for (path, target) in waiting.into_iter().rev() {
            if self.nodes.get(path) == Some(&ModelNode::Waiting) {
                let node = self.linked(target).unwrap_or(ModelNode::File(None));
                self.put(path, node);
            }
        }
    }

    fn linked(&self, target: &str) -> Option<ModelNode> {
        match self.nodes.get(target)? {
            ModelNode::Folder => None,
            ModelNode::File(content) => Some(ModelNode::File(content.clone())),
            ModelNode::Waiting => Some(ModelNode::File(None)),
        }
    }

    fn put(&mut self, path: &str, node: ModelNode) {
        for (slash, _) in path.match_indices('/') {
            let folder = &path[..slash];
            if self.nodes.get(folder) != Some(&ModelNode::Folder) {
                self.nodes.insert(folder.to_owned(), ModelNode::Folder);
                self.note_version(folder, None);
            }
        }
        if node != ModelNode::Folder {
            self.remove(path, false);
        }
        self.note_version(path, if let ModelNode::File(content) = &node { content.clone() } else { None });
        self.nodes.insert(path.to_owned(), node);
    }

    fn note_version(&mut self, path: &str, content: Option<String>) {
        let versions = self.versions.entry(path.to_owned()).or_default();
        versions.retain(|(layer, _)| *layer != self.layer);
        versions.extend(content.map(|content| (self.layer, content)));
    }

    fn remove(&mut self, path: &str, itself: bool) {
        let below = format!("{path}/");
        self.nodes.retain(|other, _| !(other.starts_with(&below) || itself && other == path));
    }
}

fn content_of(layer: usize, number: usize) -> String {
    format!("layer {layer} entry {number}")
}

fn written(layer: usize, steps: &[Step]) -> Layer {
    let add = |tar: Tar, (number, step): (usize, &Step)| match step {
        Step::File(path) => tar.file(path, content_of(layer, number)),
        Step::Folder(path) => tar.directory(path),
        Step::HardLink(path, target) => tar.hard_link(path, target),
        Step::Whiteout(path) => tar.whiteout(path),
        Step::Opaque(path) => tar.opaque(path),
    };
    steps.iter().enumerate().fold(Tar::new(), add).plain()
}

/// Everything the builder can write, true or not.
fn any_entry() -> impl Strategy<Value = TarEntry> {
    let name = prop_oneof![path(), "[a-c./]{0,12}", "\\.wh\\.[a-c.]{0,3}", "[a-c]/\\.wh\\.\\.wh\\.\\.opq"];
    let typeflag = prop_oneof![4 => prop::sample::select(b"0123456SxLKg".to_vec()), 1 => any::<u8>()];
    let record = (
        prop::sample::select(vec![
            "path",
            "linkpath",
            "size",
            "mtime",
            "uid",
            "GNU.sparse.map",
            "GNU.sparse.realsize",
            "GNU.sparse.major",
        ]),
        prop_oneof!["[0-9,.-]{0,6}", "[a-c/.]{0,5}"],
    );
    let content = prop::collection::vec(any::<u8>(), 0..1100);
    (
        name,
        typeflag,
        "[a-c./]{0,8}",
        content,
        prop::option::weighted(0.2, any::<u64>()),
        prop::collection::vec(record, 0..2),
    )
        .prop_map(|(path, typeflag, link, content, stated_size, records)| TarEntry {
            stated_size,
            records: records.into_iter().map(|(key, value)| (key.to_owned(), value.into_bytes())).collect(),
            ..TarEntry::file(path, content).of_type(typeflag, link)
        })
}

proptest! {
    #[test]
    fn squashing_agrees_with_a_simple_model(image in image()) {
        let mut model = Model::default();
        for (number, steps) in image.iter().enumerate() {
            model.lay(number, steps);
        }
        let layers: Vec<_> = image.iter().enumerate().map(|(number, steps)| written(number, steps)).collect();
        let tree = squash(&layers);
        let found: BTreeMap<String, ModelNode> = tree
            .iter()
            .map(|(path, node)| {
                let content = tree.facts(node.id).map(|facts| String::from_utf8(facts.clone()).unwrap());
                let kind = if node.is_directory() { ModelNode::Folder } else { ModelNode::File(content) };
                (String::from_utf8(path).unwrap(), kind)
            })
            .collect();
        prop_assert_eq!(&found, &model.nodes);
        for path in found.keys() {
            let versions: Vec<_> = tree
                .versions(path.as_bytes())
                .map(|(layer, facts)| (layer, String::from_utf8(facts.clone()).unwrap()))
                .collect();
            prop_assert_eq!(&versions, &model.versions.get(path).cloned().unwrap_or_default(), "{}", path);
        }
    }

    #[test]
    fn whatever_an_archive_says_every_path_of_its_tree_can_be_found(
        layers in prop::collection::vec(prop::collection::vec(any_entry(), 0..8), 1..4)
    ) {
        let layers: Vec<_> = layers
            .iter()
            .map(|entries| entries.iter().fold(Tar::new(), Tar::entry).plain())
            .collect();
        let budgets = Budgets { layer_bytes: 1 << 20, ..Budgets::default() };
        let options = WalkOptions { file_digests: DigestSet::SHA256, budgets, ..WalkOptions::default() };
        if let Ok(walked) = walk(&layers, &Contents, &options) {
            let tree = Tree::squash(walked, &options.budgets).unwrap();
            for (path, node) in tree.iter() {
                prop_assert_eq!(tree.get(&path).map(|found| found.id), Some(node.id));
                prop_assert_eq!(tree.path(node.id), path.clone());
                prop_assert!(!path.split(|byte| *byte == b'/').any(|name| matches!(name, b"" | b"." | b"..")));
                if let Some(resolved) = tree.resolve(&path) {
                    prop_assert_eq!(tree.get(&resolved.path).map(|found| found.id), Some(resolved.node.id));
                }
            }
        }
    }

    #[test]
    fn arbitrary_bytes_end_in_a_tree_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..3000), magic in 0..3_usize) {
        let start: &[u8] = [&[][..], &[0x1f, 0x8b, 8, 0], &[0x28, 0xb5, 0x2f, 0xfd]][magic];
        let stored = [start, &bytes].concat();
        let layers = [layer("application/vnd.oci.image.layer.v1.tar", &stored, stored.clone())];
        let budgets = Budgets { layer_bytes: 1 << 20, ..Budgets::default() };
        let options = WalkOptions { budgets, ..WalkOptions::default() };
        let _ = walk(&layers, &Contents, &options);
    }
}

#[test]
fn a_tree_keeps_all_the_digests_that_were_asked_for() {
    let layers = [Tar::new().file("a", "old").file("b", "same").gzip(), Tar::new().file("a", "abc").gzip()];
    let all = |digests: DigestSet| {
        let options = WalkOptions { file_digests: digests, ..WalkOptions::default() };
        windlass_image::walk(&layers, &Contents, &options).expect("the layers of this test are in order")
    };
    let tree = Tree::squash(all(DigestAlgorithm::ALL.into_iter().collect()), &Budgets::default()).expect("small");
    let file = tree.get(b"a").expect("there");
    let begin = |algorithm| *file.digest(algorithm).expect("computed").first_chunk::<16>().expect("long enough");
    assert_eq!(begin(DigestAlgorithm::Md5), 0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72_u128.to_be_bytes());
    assert_eq!(begin(DigestAlgorithm::Sha1), 0xa999_3e36_4706_816a_ba3e_2571_7850_c26c_u128.to_be_bytes());
    assert_eq!(begin(DigestAlgorithm::Sha256), 0xba78_16bf_8f01_cfea_4141_40de_5dae_2223_u128.to_be_bytes());
    assert_eq!(tree.root().digests, None);

    // Layers that were walked with other options lay no digests over those of the lowest.
    let mut mixed = all(DigestSet::SHA256);
    mixed.truncate(1);
    mixed.extend(all([DigestAlgorithm::Md5].into_iter().collect()).pop());
    let tree = Tree::squash(mixed, &Budgets::default()).expect("small");
    assert_eq!(tree.get(b"a").expect("there").digests, None);
    assert!(tree.get(b"b").expect("there").digest(DigestAlgorithm::Sha256).is_some());
}
