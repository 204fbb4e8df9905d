//! Lays layers over each other.

use std::{
    borrow::Cow,
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use hashbrown::HashTable;

use super::{
    Tree, Version,
    finish::finish,
    node::{GONE, IMPLIED, LINKED, NONE, ROOT, Slot, SlotKind, push_text, text},
    resolve::{MAX_LINKS, MAX_TARGET},
};
use crate::{
    DigestSet, Entry, EntryKind, WalkedLayer,
    budgets::{Budget, BudgetExceeded, Budgets},
    entry_log::{Action, EntryLog},
    path,
};

pub(super) fn squash<F>(layers: Vec<WalkedLayer<F>>, budgets: &Budgets) -> Result<Tree<F>, BudgetExceeded> {
    let digest_set = layers.first().map(|layer| layer.log.digests()).unwrap_or_default();
    let mut squash = Squash::new(budgets, digest_set);
    for (index, layer) in layers.into_iter().enumerate() {
        squash.layer = index as u32;
        squash.lay(layer)?;
    }
    Ok(finish(squash.tree))
}

struct Squash<'b, F> {
    tree: Tree<F>,
    /// Nodes by folder and name, gone ones too.
    index: HashTable<u32>,
    hasher: RandomState,
    budgets: &'b Budgets,
    layer: u32,
    link_steps: u64,
    /// The folder of the last entry: its path as written and where it led. Empty when it may lead elsewhere now.
    last_folder: (Vec<u8>, u32),
}

/// What a hard link shares with its target.
struct Content {
    kind: SlotKind,
    target: u32,
    size: u64,
    digest: u32,
    facts: u32,
}

impl<'b, F> Squash<'b, F> {
    fn new(budgets: &'b Budgets, digest_set: DigestSet) -> Self {
        let mut names = Vec::new();
        let name = push_text(&mut names, b"");
        Self {
            tree: Tree {
                slots: vec![Slot::implied(ROOT, name, 0)],
                names,
                children: Vec::new(),
                digest_set,
                digests: Vec::new(),
                facts: Vec::new(),
                versions: Vec::new(),
            },
            index: HashTable::new(),
            hasher: RandomState::new(),
            budgets,
            layer: 0,
            link_steps: 0,
            last_folder: (Vec::new(), ROOT),
        }
    }

    fn lay(&mut self, layer: WalkedLayer<F>) -> Result<(), BudgetExceeded> {
        // Whiteouts first, wherever they are in the archive: then they cannot hide anything of their own layer.
        if layer.log.has_whiteouts() {
            self.hide(&layer.log)?;
        }
        let comparable = layer.log.digests() == self.tree.digest_set;
        let mut facts = layer.facts.into_iter();
        let mut cursor = layer.log.cursor();
        let mut forward_links = Vec::new();
        while let Some(record) = cursor.next() {
            if record.action != Action::Add {
                continue;
            }
            let facts = if record.has_facts { self.push_facts(facts.next()) } else { NONE };
            let digest = record.digests.filter(|_| comparable).map_or(NONE, |digests| {
                self.tree.digests.extend_from_slice(digests);
                (self.tree.digests.len() / digests.len()) as u32 - 1
            });
            if let EntryKind::HardLink(target) = &record.entry.kind {
                let content = self.linked_content(target)?;
                let found = content.is_some();
                let id = self.add(record.entry, &content.unwrap_or_else(Content::missing))?;
                if !found {
                    forward_links.push((id, target.clone()));
                }
            } else {
                let content = self.own_content(record.entry, digest, facts);
                self.add(record.entry, &content)?;
            }
        }
        // The last first: where a path has several entries, the last is the one that counts.
        for (id, target) in forward_links.into_iter().rev() {
            self.bind_forward_link(id, &target)?;
        }
        Ok(())
    }

    fn push_facts(&mut self, facts: Option<F>) -> u32 {
        self.tree.facts.push(facts);
        self.tree.facts.len() as u32 - 1
    }

    /// Applies the whiteouts of a layer to the layers below it.
    fn hide(&mut self, log: &EntryLog) -> Result<(), BudgetExceeded> {
        let mut own_folders = OwnFolders { log, hashes: None, hasher: self.hasher.clone() };
        let mut cursor = log.cursor();
        while let Some(record) = cursor.next() {
            let path = &record.entry.path;
            match record.action {
                Action::Add => {}
                Action::Whiteout => {
                    let (folder, name) = path::split(path);
                    let folder = self.find_folder(folder, Some(&mut own_folders))?;
                    if let Some(id) = folder.and_then(|folder| self.find(folder, name)) {
                        self.remove(id);
                    }
                }
                Action::Opaque => {
                    if let Some(folder) = self.find_folder(path, Some(&mut own_folders))? {
                        self.remove_children(folder);
                    }
                }
            }
        }
        Ok(())
    }

    /// What a hard link to `target` shares; `None` if there is no such file (yet).
    fn linked_content(&mut self, target: &[u8]) -> Result<Option<Content>, BudgetExceeded> {
        let (folder, name) = path::split(target);
        let Some(folder) = self.find_folder(folder, None)? else { return Ok(None) };
        let Some(id) = self.find(folder, name) else { return Ok(None) };
        let slot = &self.tree.slots[id as usize];
        let (kind, own_target) = match slot.kind {
            SlotKind::Directory => return Ok(None),
            SlotKind::File | SlotKind::HardLink => (SlotKind::HardLink, NONE),
            // A second name of a symbolic link or a device is one itself.
            other => (other, slot.target),
        };
        let (size, digest, facts) = (slot.size, slot.digest, slot.facts);
        let target = if own_target == NONE { push_text(&mut self.tree.names, target) } else { own_target };
        Ok(Some(Content { kind, target, size, digest, facts }))
    }

    fn own_content(&mut self, entry: &Entry, digest: u32, facts: u32) -> Content {
        let (kind, target) = match &entry.kind {
            EntryKind::File => (SlotKind::File, NONE),
            EntryKind::Directory => (SlotKind::Directory, NONE),
            EntryKind::Symlink(target) => (SlotKind::Symlink, push_text(&mut self.tree.names, target)),
            EntryKind::HardLink(target) => (SlotKind::HardLink, push_text(&mut self.tree.names, target)),
            EntryKind::CharacterDevice => (SlotKind::CharacterDevice, NONE),
            EntryKind::BlockDevice => (SlotKind::BlockDevice, NONE),
            EntryKind::Fifo => (SlotKind::Fifo, NONE),
        };
        Content { kind, target, size: entry.size, digest, facts }
    }

    /// A link to a file that came later in its layer.
    fn bind_forward_link(&mut self, id: u32, target: &[u8]) -> Result<(), BudgetExceeded> {
        let slot = &self.tree.slots[id as usize];
        if slot.kind != SlotKind::HardLink || slot.target != NONE || slot.has(GONE) || slot.layer != self.layer {
            return Ok(());
        }
        match self.linked_content(target)? {
            Some(content) => self.fill(id, &content),
            None => self.tree.slots[id as usize].target = push_text(&mut self.tree.names, target),
        }
        Ok(())
    }

    /// Puts an entry at its path.
    fn add(&mut self, entry: &Entry, content: &Content) -> Result<u32, BudgetExceeded> {
        let (folder, name) = path::split(&entry.path);
        let folder = self.make_folder(folder)?;
        let (id, made) = self.find_or_make(folder, name)?;
        if !made && self.tree.slots[id as usize].kind != content.kind {
            self.remove_children(id);
        }
        self.fill(id, content);
        let slot = &mut self.tree.slots[id as usize];
        slot.flags &= !IMPLIED;
        slot.mode = entry.mode as u16;
        slot.uid = u32::try_from(entry.uid).unwrap_or(u32::MAX);
        slot.gid = u32::try_from(entry.gid).unwrap_or(u32::MAX);
        slot.modified = entry.modified;
        slot.layer = self.layer;
        Ok(id)
    }

    fn fill(&mut self, id: u32, content: &Content) {
        // One version for each layer: the last entry of a path is the layer's copy.
        let lower = self.lower_versions(self.tree.slots[id as usize].versions);
        let slot = &mut self.tree.slots[id as usize];
        slot.kind = content.kind;
        slot.target = content.target;
        slot.size = content.size;
        slot.digest = content.digest;
        slot.facts = content.facts;
        slot.versions = if content.facts == NONE {
            lower
        } else {
            self.tree.versions.push(Version { layer: self.layer, facts: content.facts, lower });
            self.tree.versions.len() as u32 - 1
        };
    }

    /// A path's versions without that of the layer being laid.
    fn lower_versions(&self, versions: u32) -> u32 {
        match self.tree.versions.get(versions as usize) {
            Some(version) if version.layer == self.layer => version.lower,
            _ => versions,
        }
    }

    /// Turns what is in the way of a path into a folder that no layer describes.
    fn make_implied(&mut self, id: u32) {
        self.fill(id, &Content::folder());
        let slot = &mut self.tree.slots[id as usize];
        slot.flags |= IMPLIED;
        (slot.mode, slot.uid, slot.gid, slot.modified, slot.layer) = (0o755, 0, 0, 0, self.layer);
        self.last_folder.0.clear();
    }

    /// The folder at `path`, made if it is not there. Whatever is in the way becomes a folder.
    fn make_folder(&mut self, path: &[u8]) -> Result<u32, BudgetExceeded> {
        if path.is_empty() {
            return Ok(ROOT);
        }
        if self.last_folder.0 == path {
            return Ok(self.last_folder.1);
        }
        let mut route = Route::new(path);
        while let Some(name) = route.next() {
            let at = route.at;
            match &*name {
                b"." => {}
                b".." => route.at = self.tree.slots[at as usize].parent,
                name => {
                    let (id, _) = self.find_or_make(at, name)?;
                    let kind = self.tree.slots[id as usize].kind;
                    match kind {
                        SlotKind::Directory => route.at = id,
                        SlotKind::Symlink if self.follow(&mut route, id)? => {}
                        _ => {
                            self.make_implied(id);
                            route.at = id;
                        }
                    }
                }
            }
        }
        self.last_folder.0.clear();
        self.last_folder.0.extend_from_slice(path);
        self.last_folder.1 = route.at;
        Ok(route.at)
    }

    /// The folder at `path` if there is one. With `own`, a symbolic link that the layer itself replaces by a folder
    /// leads nowhere: what the layer hides in that folder is not what the link led to.
    fn find_folder(
        &mut self,
        path: &[u8],
        mut own: Option<&mut OwnFolders<'_>>,
    ) -> Result<Option<u32>, BudgetExceeded> {
        let mut route = Route::new(path);
        while let Some(name) = route.next() {
            let at = route.at;
            match &*name {
                b"." => {}
                b".." => route.at = self.tree.slots[at as usize].parent,
                name => {
                    let Some(id) = self.find(at, name) else { return Ok(None) };
                    match self.tree.slots[id as usize].kind {
                        SlotKind::Directory => route.at = id,
                        SlotKind::Symlink => {
                            if let (Some(own), Some(written)) = (&mut own, route.written())
                                && own.contains(written)
                            {
                                return Ok(None);
                            }
                            if !self.follow(&mut route, id)? {
                                return Ok(None);
                            }
                        }
                        _ => return Ok(None),
                    }
                }
            }
        }
        Ok(Some(route.at))
    }

    /// Goes on where a symbolic link leads; `false` if it leads nowhere.
    fn follow(&mut self, route: &mut Route<'_>, link: u32) -> Result<bool, BudgetExceeded> {
        let target = text(&self.tree.names, self.tree.slots[link as usize].target);
        if route.links == MAX_LINKS || target.is_empty() || target.len() > MAX_TARGET {
            return Ok(false);
        }
        self.link_steps += (target.len() + route.rest.len()) as u64;
        self.budgets.check(Budget::LinkSteps, self.link_steps)?;
        route.detour(target);
        Ok(true)
    }

    /// A live node.
    fn find(&self, folder: u32, name: &[u8]) -> Option<u32> {
        self.indexed(folder, name).filter(|id| !self.tree.slots[*id as usize].has(GONE))
    }

    fn indexed(&self, folder: u32, name: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one((folder, name));
        let same = |id: &u32| {
            let slot = &self.tree.slots[*id as usize];
            slot.parent == folder && text(&self.tree.names, slot.name) == name
        };
        self.index.find(hash, same).copied()
    }

    /// The node of that name, made as a folder without a description if there is none; whether it was made.
    fn find_or_make(&mut self, folder: u32, name: &[u8]) -> Result<(u32, bool), BudgetExceeded> {
        let id = match self.indexed(folder, name) {
            Some(id) if !self.tree.slots[id as usize].has(GONE) => return Ok((id, false)),
            Some(id) => {
                let gone = &self.tree.slots[id as usize];
                let (next, linked, versions) = (gone.next, gone.flags & LINKED, self.lower_versions(gone.versions));
                let mut slot = Slot { next, versions, ..Slot::implied(folder, gone.name, self.layer) };
                slot.flags |= linked;
                self.tree.slots[id as usize] = slot;
                id
            }
            None => {
                let id = self.next_id()?;
                let name_at = push_text(&mut self.tree.names, name);
                self.tree.slots.push(Slot::implied(folder, name_at, self.layer));
                let (slots, names, hasher) = (&self.tree.slots, &self.tree.names, &self.hasher);
                let rehash = |id: &u32| {
                    let slot = &slots[*id as usize];
                    hasher.hash_one((slot.parent, text(names, slot.name)))
                };
                self.index.insert_unique(hasher.hash_one((folder, name)), id, rehash);
                id
            }
        };
        if !self.tree.slots[id as usize].has(LINKED) {
            let first = std::mem::replace(&mut self.tree.slots[folder as usize].first, id);
            let slot = &mut self.tree.slots[id as usize];
            slot.next = first;
            slot.flags |= LINKED;
        }
        Ok((id, true))
    }

    /// The number of a new node; numbers and places of names have 32 bits, whatever the budgets allow.
    fn next_id(&self) -> Result<u32, BudgetExceeded> {
        const MOST_NAMES: u64 = 1 << 31;
        let (id, names) = (self.tree.slots.len() as u64, self.tree.names.len() as u64);
        self.budgets.check(Budget::ImageEntries, id)?;
        if names > MOST_NAMES {
            return Err(BudgetExceeded { budget: Budget::MetadataBytes, limit: MOST_NAMES });
        }
        let limit = u64::from(NONE - 1);
        if id > limit {
            return Err(BudgetExceeded { budget: Budget::ImageEntries, limit });
        }
        Ok(id as u32)
    }

    fn remove(&mut self, id: u32) {
        self.remove_children(id);
        self.tree.slots[id as usize].flags |= GONE;
        self.last_folder.0.clear();
    }

    /// Removes all that is below a node. Every node is taken off the list it is in, so that a folder filled and emptied
    /// again and again costs no more than what was put into it.
    fn remove_children(&mut self, id: u32) {
        let mut folders = vec![id];
        while let Some(folder) = folders.pop() {
            let mut child = std::mem::replace(&mut self.tree.slots[folder as usize].first, NONE);
            while child != NONE {
                let slot = &mut self.tree.slots[child as usize];
                slot.flags = (slot.flags & !LINKED) | GONE;
                if slot.first != NONE {
                    folders.push(child);
                }
                child = std::mem::replace(&mut slot.next, NONE);
            }
        }
        self.last_folder.0.clear();
    }
}

impl Content {
    fn folder() -> Self {
        Self { kind: SlotKind::Directory, target: NONE, size: 0, digest: NONE, facts: NONE }
    }

    /// Of a hard link whose target is not known.
    fn missing() -> Self {
        Self { kind: SlotKind::HardLink, ..Self::folder() }
    }
}

/// A path being followed: where it has led, and the names still to go, which change when a link is met.
struct Route<'p> {
    at: u32,
    rest: Cow<'p, [u8]>,
    /// How much of `rest` has been gone.
    gone: usize,
    links: u32,
}

impl<'p> Route<'p> {
    fn new(path: &'p [u8]) -> Self {
        Self { at: ROOT, rest: Cow::Borrowed(path), gone: 0, links: 0 }
    }

    fn next(&mut self) -> Option<Cow<'p, [u8]>> {
        while self.gone < self.rest.len() {
            let start = self.gone;
            let length = self.rest[start..].iter().position(|byte| *byte == b'/').unwrap_or(self.rest.len() - start);
            self.gone = (start + length + 1).min(self.rest.len());
            if length > 0 {
                return Some(match &self.rest {
                    Cow::Borrowed(rest) => Cow::Borrowed(&rest[start..start + length]),
                    Cow::Owned(rest) => Cow::Owned(rest[start..start + length].to_vec()),
                });
            }
        }
        None
    }

    /// The path gone so far as it was written, `None` after a link.
    fn written(&self) -> Option<&[u8]> {
        matches!(self.rest, Cow::Borrowed(_)).then(|| {
            let gone = &self.rest[..self.gone];
            gone.strip_suffix(b"/").unwrap_or(gone)
        })
    }

    fn detour(&mut self, target: &[u8]) {
        self.links += 1;
        if target.starts_with(b"/") {
            self.at = ROOT;
        }
        self.rest = Cow::Owned([target, b"/", &self.rest[self.gone..]].concat());
        self.gone = 0;
    }
}

/// The folders a layer has entries for; found out only when somebody asks, which is rare.
struct OwnFolders<'l> {
    log: &'l EntryLog,
    hashes: Option<HashSet<u64>>,
    hasher: RandomState,
}

impl OwnFolders<'_> {
    fn contains(&mut self, path: &[u8]) -> bool {
        let (log, hasher) = (self.log, &self.hasher);
        let hashes = self.hashes.get_or_insert_with(|| {
            let mut hashes = HashSet::new();
            let mut cursor = log.cursor();
            while let Some(record) = cursor.next() {
                if record.action == Action::Add && record.entry.kind == EntryKind::Directory {
                    hashes.insert(hasher.hash_one(record.entry.path.as_slice()));
                }
            }
            hashes
        });
        hashes.contains(&hasher.hash_one(path))
    }
}
