//! Joins what packages need with what other packages of the same database provide.

use std::collections::HashMap;

/// Which packages stand behind a name, be it their own or one that they provide.
#[derive(Default)]
pub(crate) struct Providers<'a> {
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Providers<'a> {
    /// A name with more packages behind it than this tells nothing of what is needed, and would let a hostile database
    /// ask for a number of edges that grows with the square of its size.
    const LIMIT: usize = 32;

    /// States that the package with this number in the catalog stands behind `name`.
    pub(crate) fn offer(&mut self, name: &'a str, package: usize) {
        let packages = self.by_name.entry(name).or_default();
        if packages.len() <= Self::LIMIT && packages.last() != Some(&package) {
            packages.push(package);
        }
    }

    /// Every package that stands behind one of these names, but for `by` itself; sorted.
    pub(crate) fn needed<'n>(&self, by: usize, names: impl IntoIterator<Item = &'n str>) -> Vec<usize> {
        let mut needed: Vec<usize> = names
            .into_iter()
            .filter_map(|name| self.by_name.get(name))
            .filter(|packages| packages.len() <= Self::LIMIT)
            .flatten()
            .copied()
            .filter(|&package| package != by)
            .collect();
        needed.sort_unstable();
        needed.dedup();
        needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_met_once_by_each_package_behind_it() {
        let mut providers = Providers::default();
        providers.offer("libc", 3);
        providers.offer("libc", 3);
        providers.offer("libc.so.6", 3);
        providers.offer("sh", 5);
        assert_eq!(providers.needed(5, ["libc", "libc.so.6", "sh", "absent"]), [3]);
    }

    #[test]
    fn a_name_that_everyone_provides_means_nothing() {
        let mut providers = Providers::default();
        for package in 0..1000 {
            providers.offer("x", package);
        }
        assert_eq!(providers.needed(0, ["x"]), [0; 0]);
    }
}
