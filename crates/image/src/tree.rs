//! The root filesystem that a container would see, and the facts of its files.

mod finish;
mod node;
mod resolve;
mod squash;

use std::fmt;

use crate::{DigestSet, WalkError, WalkedLayer, budgets::Budgets};
use node::{NONE, ROOT, Slot};
pub use node::{Node, NodeId, NodeKind};
pub use resolve::Resolved;

/// All layers laid over each other.
///
/// Paths are bytes from the root, without a leading slash; the root is the empty path. Nodes live in one arena and refer
/// to each other by number, so a tree of millions of files takes about a hundred bytes for each.
pub struct Tree<F> {
    slots: Vec<Slot>,
    /// Names and link targets, each behind its length.
    names: Vec<u8>,
    /// The children of each folder next to each other, by name.
    children: Vec<u32>,
    /// Which digests files have.
    digest_set: DigestSet,
    /// Those of one file behind those of another.
    digests: Vec<u8>,
    facts: Vec<Option<F>>,
    versions: Vec<Version>,
}

/// Facts of one layer's own copy of a path, and where those of a lower layer are.
#[derive(Clone, Copy, Debug)]
struct Version {
    layer: u32,
    facts: u32,
    lower: u32,
}

impl<F> Tree<F> {
    /// Lays `layers` over each other, lowest first.
    ///
    /// A layer's whiteouts hide what lower layers hold and nothing of its own; an entry replaces what was at its path,
    /// but folders keep what is in them; parents that no layer describes are made up; entries below a symbolic link go
    /// where it leads. A hard link keeps the content that its target had in the link's layer.
    ///
    /// Which digests files have is for the lowest layer to say; those of a layer walked with other options are left out.
    ///
    /// Fails with [`WalkError::Budget`] if the tree gets too large.
    pub fn squash(layers: Vec<WalkedLayer<F>>, budgets: &Budgets) -> Result<Self, WalkError> {
        squash::squash(layers, budgets).map_err(|exceeded| WalkError::Budget { layer: None, exceeded })
    }

    /// The root folder.
    pub fn root(&self) -> Node<'_> {
        self.node(ROOT)
    }

    /// What is at exactly this path; no link is followed.
    pub fn get(&self, path: &[u8]) -> Option<Node<'_>> {
        crate::path::names(path).try_fold(ROOT, |at, name| self.child(at, name)).map(|id| self.node(id))
    }

    /// A node met before.
    pub fn by_id(&self, id: NodeId) -> Node<'_> {
        self.node(id.0)
    }

    /// What a folder holds, sorted by name; nothing for anything else.
    pub fn children(&self, id: NodeId) -> impl ExactSizeIterator<Item = Node<'_>> + DoubleEndedIterator {
        self.child_ids(id.0).iter().map(|id| self.node(*id))
    }

    /// The folder that holds a node; the root is in itself.
    pub fn parent(&self, id: NodeId) -> Node<'_> {
        self.node(self.slots[id.0 as usize].parent)
    }

    /// A node's path.
    pub fn path(&self, id: NodeId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = id.0;
        while at != ROOT {
            let slot = &self.slots[at as usize];
            names.push(self.text(slot.name));
            at = slot.parent;
        }
        names.reverse();
        names.join(&b'/')
    }

    /// Number of files and folders, the root not counted.
    pub fn len(&self) -> usize {
        self.children.len()
    }

    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// All nodes but the root with their paths: a folder before what it holds, what it holds sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (Vec<u8>, Node<'_>)> {
        let mut walk = self.walk();
        std::iter::from_fn(move || walk.next().map(|(path, node)| (path.to_vec(), node)))
    }

    /// As [`Tree::iter`], without allocating each path.
    pub fn for_each(&self, mut visit: impl FnMut(&[u8], Node<'_>)) {
        let mut walk = self.walk();
        while let Some((path, node)) = walk.next() {
            visit(path, node);
        }
    }

    /// What the reader found in a file; hard links share the facts of their content.
    pub fn facts(&self, id: NodeId) -> Option<&F> {
        self.facts.get(self.slots[id.0 as usize].facts as usize)?.as_ref()
    }

    /// The facts of every layer's own copy of a path that is still there, lowest layer first: those of the visible copy
    /// come last, before them those of the copies it hides.
    pub fn versions(&self, path: &[u8]) -> impl Iterator<Item = (usize, &F)> {
        let mut at = self.get(path).map_or(NONE, |node| self.slots[node.id.0 as usize].versions);
        let mut found = Vec::new();
        while let Some(version) = self.versions.get(at as usize) {
            if let Some(facts) = self.facts.get(version.facts as usize).and_then(Option::as_ref) {
                found.push((version.layer as usize, facts));
            }
            at = version.lower;
        }
        found.into_iter().rev()
    }

    fn walk(&self) -> Walk<'_, F> {
        Walk { tree: self, path: Vec::new(), open: vec![(self.child_ids(ROOT).iter(), 0)] }
    }

    fn child(&self, folder: u32, name: &[u8]) -> Option<u32> {
        let children = self.child_ids(folder);
        let found = children.binary_search_by(|id| self.text(self.slots[*id as usize].name).cmp(name));
        found.ok().map(|at| children[at])
    }

    fn child_ids(&self, id: u32) -> &[u32] {
        let slot = &self.slots[id as usize];
        if slot.is_folder() { &self.children[slot.first as usize..][..slot.next as usize] } else { &[] }
    }
}

/// Goes through a tree in path order with the path of where it is.
struct Walk<'t, F> {
    tree: &'t Tree<F>,
    path: Vec<u8>,
    /// The open folders: what is left of each, and how long its path is.
    open: Vec<(std::slice::Iter<'t, u32>, usize)>,
}

impl<'t, F> Walk<'t, F> {
    fn next(&mut self) -> Option<(&[u8], Node<'t>)> {
        let id = loop {
            let (left, length) = self.open.last_mut()?;
            if let Some(id) = left.next() {
                self.path.truncate(*length);
                break *id;
            }
            self.open.pop();
        };
        let node = self.tree.node(id);
        if !self.path.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(node.name);
        let children = self.tree.child_ids(id);
        if !children.is_empty() {
            self.open.push((children.iter(), self.path.len()));
        }
        Some((&self.path, node))
    }
}

impl<F> fmt::Debug for Tree<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tree").field("len", &self.len()).finish_non_exhaustive()
    }
}
