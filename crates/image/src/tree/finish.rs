//! Makes a squashed tree ready to be asked: children in order, and only the facts that can be reached.

use super::{
    Tree,
    node::{GONE, ROOT, text},
};

pub(super) fn finish<F>(mut tree: Tree<F>) -> Tree<F> {
    order_children(&mut tree);
    drop_unreachable_facts(&mut tree);
    tree.slots.shrink_to_fit();
    tree.names.shrink_to_fit();
    tree
}

fn order_children<F>(tree: &mut Tree<F>) {
    let slots = &mut tree.slots;
    for slot in slots.iter_mut() {
        (slot.first, slot.next) = (0, 0);
    }
    let live: Vec<u32> = (ROOT + 1..slots.len() as u32).filter(|id| !slots[*id as usize].has(GONE)).collect();
    for id in &live {
        let parent = slots[*id as usize].parent;
        slots[parent as usize].next += 1;
    }
    let mut begin = 0;
    for slot in slots.iter_mut().filter(|slot| slot.next > 0) {
        slot.first = begin;
        begin += slot.next;
        slot.next = 0;
    }
    let mut children = vec![0; live.len()];
    for id in live {
        let parent = slots[id as usize].parent;
        let folder = &mut slots[parent as usize];
        children[(folder.first + folder.next) as usize] = id;
        folder.next += 1;
    }
    let names = &tree.names;
    for folder in slots.iter().filter(|slot| slot.next > 1) {
        let range = folder.first as usize..(folder.first + folder.next) as usize;
        children[range].sort_unstable_by_key(|id| text(names, slots[*id as usize].name));
    }
    tree.children = children;
}

/// Facts are needed where a node shows them, or as those of a lower copy of a path that is still there.
fn drop_unreachable_facts<F>(tree: &mut Tree<F>) {
    let mut reachable = vec![false; tree.facts.len()];
    for slot in tree.slots.iter().filter(|slot| !slot.has(GONE)) {
        let mut at = slot.versions;
        while let Some(version) = tree.versions.get(at as usize) {
            reachable[version.facts as usize] = true;
            at = version.lower;
        }
    }
    for (facts, reachable) in tree.facts.iter_mut().zip(reachable) {
        if !reachable {
            *facts = None;
        }
    }
}
