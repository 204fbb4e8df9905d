//! Following symbolic links inside the root.

use super::{
    Node, NodeKind, Tree,
    node::{ROOT, SlotKind},
};
use crate::path::names;

/// Links followed for one path before it is taken for a loop.
pub(super) const MAX_LINKS: u32 = 100;
/// Longest target Linux can follow; a longer one leads nowhere.
pub(super) const MAX_TARGET: usize = 4095;

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'t> {
    /// The path of the node itself, with no link on the way.
    pub path: Vec<u8>,
    pub node: Node<'t>,
}

impl<F> Tree<F> {
    /// What is at this path when symbolic links are followed, the last one too. Absolute targets start at the image's
    /// root, `..` does not leave it. `None` if a link leads nowhere, in a circle, or over more than 100 others.
    pub fn resolve(&self, path: &[u8]) -> Option<Resolved<'_>> {
        let mut at = ROOT;
        let mut links = 0;
        // Names still to go, the next one last.
        let mut left: Vec<&[u8]> = names(path).rev().collect();
        while let Some(name) = left.pop() {
            match name {
                b"." => {}
                b".." => at = self.slots[at as usize].parent,
                name => {
                    let child = self.child(at, name)?;
                    match self.slots[child as usize].kind {
                        SlotKind::Directory => at = child,
                        SlotKind::Symlink => {
                            links += 1;
                            let target = self.text(self.slots[child as usize].target);
                            if links > MAX_LINKS || target.is_empty() || target.len() > MAX_TARGET {
                                return None;
                            }
                            if target.starts_with(b"/") {
                                at = ROOT;
                            }
                            left.extend(names(target).rev());
                        }
                        _ if left.is_empty() => at = child,
                        _ => return None,
                    }
                }
            }
        }
        let node = self.node(at);
        debug_assert!(!matches!(node.kind, NodeKind::Symlink(_)), "a resolved path is no link");
        Some(Resolved { path: self.path(node.id), node })
    }
}
