//! Which layer brought a package.
//!
//! A package manager rewrites its whole database whenever it installs something, so the visible copy belongs to the last
//! layer that ran it. The copies of the layers below still tell when each package came.

use std::{collections::HashMap, hash::Hash};

/// The first layer whose copy of a database holds a package, by whatever identifies the package in it.
pub(crate) struct Introductions<K>(HashMap<K, usize>);

impl<K: Eq + Hash> Introductions<K> {
    /// Looks through copies of a database, each with the layer that holds it.
    pub(crate) fn of<P: IntoIterator<Item = K>>(copies: impl IntoIterator<Item = (usize, P)>) -> Self {
        let mut first: HashMap<K, usize> = HashMap::new();
        for (layer, packages) in copies {
            for package in packages {
                first.entry(package).and_modify(|known| *known = layer.min(*known)).or_insert(layer);
            }
        }
        Self(first)
    }

    /// Index of the layer that brought the package, `fallback` where no copy holds it.
    pub(crate) fn layer(&self, package: &K, fallback: usize) -> usize {
        self.0.get(package).copied().unwrap_or(fallback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_belongs_to_the_lowest_layer_that_has_this_version_of_it() {
        let introductions = Introductions::of([
            (4, vec![("bash", "5.2"), ("curl", "8.1")]),
            (0, vec![("bash", "5.1")]),
            (2, vec![("bash", "5.2")]),
        ]);
        assert_eq!(introductions.layer(&("bash", "5.2"), 9), 2);
        assert_eq!(introductions.layer(&("curl", "8.1"), 9), 4);
        assert_eq!(introductions.layer(&("zsh", "5"), 9), 9);
    }
}
