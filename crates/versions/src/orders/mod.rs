//! One file per order, and the list of them.

use std::cmp::Ordering;

use crate::options::Options;

mod apk;
mod bitnami;
mod deb;
mod fuzzy;
mod gem;
mod go;
mod jvm;
mod kb;
mod maven;
mod pacman;
mod pep440;
mod portage;
mod rpm;
mod semantic;
#[cfg(test)]
mod testing;

/// What a file of this folder tells about its order.
pub(crate) struct Order {
    /// How the format is written in output and in a database.
    pub(crate) name: &'static str,
    /// Other words that name it, in lower case.
    pub(crate) aliases: &'static [&'static str],
    /// The package types whose own versions are in this order; a type listed nowhere is compared fuzzily.
    pub(crate) package_types: &'static [&'static str],
    /// Why a text is no version of this format. Texts arrive without surrounding white space.
    pub(crate) check: fn(&[u8]) -> Result<(), &'static str>,
    /// The total order, as far as the ecosystem has one (Maven's and pacman's go in circles over odd texts). Both texts
    /// have passed `check`, but a text that has not must still not panic.
    pub(crate) compare: fn(&[u8], &[u8]) -> Ordering,
    /// How an installed version (first) stands to the version in a constraint (second).
    pub(crate) against: fn(&[u8], &[u8], Options) -> Ordering,
}

/// Declares [`crate::Format`] from the list of orders, so that no order can be known to one and not the other.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident => $order:path,)+) => {
        /// A version format: which order a version text belongs to.
        ///
        /// Written out as its short name (`deb`, `python`, `semantic`…), and parsed from any of the words records and
        /// package types use for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Format {
            $($(#[$doc])* $format,)+
        }

        impl Format {
            /// Every format, in the order of the list.
            pub const ALL: &'static [Format] = &[$(Format::$format,)+];

            pub(crate) fn order(self) -> &'static Order {
                match self {
                    $(Format::$format => &$order,)+
                }
            }
        }
    };
}

formats! {
    /// Alpine, Wolfi, Chainguard.
    Apk => apk::ORDER,
    /// Debian, Ubuntu.
    Deb => deb::ORDER,
    /// Red Hat, SUSE, Amazon, Oracle, Photon, Azure Linux…
    Rpm => rpm::ORDER,
    /// Arch Linux.
    Pacman => pacman::ORDER,
    /// Gentoo.
    Portage => portage::ORDER,
    /// Python distributions (PEP 440).
    Python => pep440::ORDER,
    /// RubyGems.
    Gem => gem::ORDER,
    /// Java archives (Maven's `ComparableVersion`).
    Maven => maven::ORDER,
    /// Go modules and the Go standard library.
    Go => go::ORDER,
    /// Java runtimes, before and since JEP 223.
    Jvm => jvm::ORDER,
    /// Microsoft knowledge base articles, which are equal or not.
    Kb => kb::ORDER,
    /// Bitnami packages: SemVer with a packaging revision.
    Bitnami => bitnami::ORDER,
    /// SemVer 2.0, read leniently.
    Semantic => semantic::ORDER,
    /// Everything else: a best guess.
    Fuzzy => fuzzy::ORDER,
}
