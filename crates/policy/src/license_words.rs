//! Words of licences: of a thousand packages, a few dozen.

use std::collections::HashMap;

use crate::package::PackageFact;

/// Every word once, and which packages have it.
#[derive(Debug)]
pub(crate) struct LicenseWords<'a> {
    /// Each once.
    pub(crate) words: Vec<&'a str>,
    /// Position of a package among all, and of one of its words among `words`; in the order of both.
    pub(crate) uses: Vec<(usize, usize)>,
}

impl<'a> LicenseWords<'a> {
    pub(crate) fn of(packages: &[PackageFact<'a>]) -> Self {
        let mut known = HashMap::new();
        let mut words = Vec::new();
        let mut uses = Vec::new();
        for (package, fact) in packages.iter().enumerate() {
            for word in fact.license_words() {
                let position = *known.entry(word).or_insert_with(|| {
                    words.push(word);
                    words.len() - 1
                });
                uses.push((package, position));
            }
        }
        Self { words, uses }
    }
}
