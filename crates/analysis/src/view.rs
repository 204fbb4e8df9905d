//! The squashed image as one cataloger sees it: its own facts, by path.

use std::{any::Any, marker::PhantomData, sync::Arc};

use windlass_image::{NodeId, NodeKind, Tree};
use windlass_sbom::{Distro, Evidence, Location};

use crate::analyse::FileFacts;

/// The final file system with the facts of one cataloger. Paths are given and returned with a leading slash.
pub struct View<'a, F> {
    pub(crate) tree: &'a Tree<FileFacts>,
    /// Diff IDs, lowest first; empty for directories.
    pub(crate) layers: &'a [Arc<str>],
    pub(crate) distro: Option<&'a Distro>,
    /// Whose facts these are: the cataloger's place in the list.
    pub(crate) cataloger: usize,
    /// The files that this cataloger kept facts of, in path order.
    pub(crate) found: &'a [(Vec<u8>, NodeId)],
    pub(crate) facts: PhantomData<F>,
}

/// A surviving file of which the cataloger kept facts.
pub struct Found<'a, F> {
    /// The real path.
    pub path: String,
    /// Index of the layer that holds the visible copy.
    pub layer: usize,
    pub facts: &'a F,
}

impl<'a, F: Any> View<'a, F> {
    /// The distribution, where it could be identified.
    pub fn distro(&self) -> Option<&'a Distro> {
        self.distro
    }

    /// Every surviving file with facts, in path order.
    pub fn files(&self) -> impl Iterator<Item = Found<'a, F>> + use<'a, F> {
        let cataloger = self.cataloger;
        let tree = self.tree;
        self.found.iter().filter_map(move |(path, node)| {
            let facts = facts_of(tree.facts(*node)?, cataloger)?;
            Some(Found { path: absolute(path), layer: tree.by_id(*node).layer, facts })
        })
    }

    /// As [`View::files`], and under its own path every symbolic link that leads to one of them; in path order.
    pub fn files_and_links(&self) -> Vec<Found<'a, F>> {
        let mut found: Vec<_> = self.files().collect();
        if found.is_empty() {
            return found;
        }
        self.tree.for_each(|path, node| {
            let NodeKind::Symlink(_) = node.kind else { return };
            let Some(target) = self.tree.resolve(path) else { return };
            let facts = self.tree.facts(target.node.id).and_then(|facts| facts_of(facts, self.cataloger));
            found.extend(facts.map(|facts| Found { path: absolute(path), layer: target.node.layer, facts }));
        });
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// The facts about the file that `path` leads to, links followed.
    pub fn file(&self, path: &str) -> Option<Found<'a, F>> {
        let resolved = self.tree.resolve(relative(path))?;
        let facts = facts_of(self.tree.facts(resolved.node.id)?, self.cataloger)?;
        Some(Found { path: absolute(&resolved.path), layer: resolved.node.layer, facts })
    }

    /// Whether `path` leads to anything, links followed.
    pub fn exists(&self, path: &str) -> bool {
        self.tree.resolve(relative(path)).is_some()
    }

    /// Where `path` really is, links followed.
    pub fn real_path(&self, path: &str) -> Option<String> {
        self.tree.resolve(relative(path)).map(|resolved| absolute(&resolved.path))
    }

    /// Names of what the directory at `path` holds, sorted; empty where it is no directory.
    pub fn children(&self, path: &str) -> Vec<String> {
        let Some(resolved) = self.tree.resolve(relative(path)) else { return Vec::new() };
        self.tree.children(resolved.node.id).map(|node| String::from_utf8_lossy(node.name).into_owned()).collect()
    }

    /// Whether `path` itself (no link followed) is a symbolic link.
    pub fn is_symlink(&self, path: &str) -> bool {
        self.tree.get(relative(path)).is_some_and(|node| matches!(node.kind, NodeKind::Symlink(_)))
    }

    /// Whether `path` itself (no link followed) is a directory.
    pub fn is_directory(&self, path: &str) -> bool {
        self.tree.get(relative(path)).is_some_and(|node| matches!(node.kind, NodeKind::Directory))
    }

    /// The facts of every layer's own copy of the file at `path`, lowest layer first, hidden copies included: how a
    /// database grew.
    pub fn versions(&self, path: &str) -> impl Iterator<Item = (usize, &'a F)> + use<'a, F> {
        let cataloger = self.cataloger;
        let tree: &'a Tree<FileFacts> = self.tree;
        let copies: Vec<_> = tree.versions(relative(path)).collect();
        copies.into_iter().filter_map(move |(layer, facts)| Some((layer, facts_of(facts, cataloger)?)))
    }

    /// Diff ID of a layer; `None` for directories.
    pub fn layer(&self, index: usize) -> Option<Arc<str>> {
        self.layers.get(index).cloned()
    }

    /// The place of a found file, as primary evidence.
    pub fn location(&self, found: &Found<'_, F>) -> Location {
        Location::new(found.path.clone(), self.layer(found.layer), Evidence::Primary)
    }

    /// The place of any file that is there, links followed, as supporting evidence.
    pub fn supporting(&self, path: &str) -> Option<Location> {
        let resolved = self.tree.resolve(relative(path))?;
        Some(Location {
            path: absolute(&resolved.path),
            access_path: path.to_owned(),
            layer: self.layer(resolved.node.layer),
            evidence: Evidence::Supporting,
        })
    }

    pub(crate) fn typed<G>(&self) -> View<'a, G> {
        View {
            tree: self.tree,
            layers: self.layers,
            distro: self.distro,
            cataloger: self.cataloger,
            found: self.found,
            facts: PhantomData,
        }
    }
}

fn facts_of<F: Any>(all: &FileFacts, cataloger: usize) -> Option<&F> {
    all.by(cataloger)?.downcast_ref()
}

fn relative(path: &str) -> &[u8] {
    path.trim_start_matches('/').as_bytes()
}

fn absolute(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}
