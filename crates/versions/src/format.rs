//! Names of formats.

use std::fmt;

pub use crate::orders::Format;

impl Format {
    /// The format a record's `version.type` (or any such word, in any case) names; a word nobody knows means
    /// [`Format::Fuzzy`], as does `java`, which the GitHub advisories use for several kinds of package.
    pub fn parse(name: &str) -> Format {
        let names = |format: &Format| {
            let order = format.order();
            order.name.eq_ignore_ascii_case(name) || order.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
        };
        Format::ALL.iter().copied().find(names).unwrap_or(Format::Fuzzy)
    }

    /// The format in which versions of a package of this type (`deb`, `java-archive`, `npm`…) are compared.
    ///
    /// npm, Rust, .NET, PHP and many others have no order of their own here: the fuzzy order reads SemVer where it sees
    /// it and copes with the versions that are not. A Java runtime is not told by its package type; use [`Format::Jvm`].
    pub fn of_package_type(package_type: &str) -> Format {
        let covers = |format: &Format| format.order().package_types.contains(&package_type);
        Format::ALL.iter().copied().find(covers).unwrap_or(Format::Fuzzy)
    }

    pub fn as_str(self) -> &'static str {
        self.order().name
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_parsed_from_its_own_name() {
        for &format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), format);
            assert_eq!(Format::parse(&format.to_string().to_uppercase()), format);
        }
    }

    #[test]
    fn no_word_names_two_formats() {
        let mut words: Vec<_> = Format::ALL
            .iter()
            .flat_map(|format| format.order().aliases.iter().chain(std::iter::once(&format.order().name)))
            .collect();
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn records_name_formats_in_many_words() {
        for (word, format) in [
            ("dpkg", Format::Deb),
            ("alpm", Format::Pacman),
            ("PyPI", Format::Python),
            ("rubygems", Format::Gem),
            ("java-archive", Format::Maven),
            ("jenkins-plugin", Format::Maven),
            ("golang", Format::Go),
            ("jep223", Format::Jvm),
            ("msrc-kb", Format::Kb),
            ("npm", Format::Semantic),
            ("hackage", Format::Semantic),
            ("java", Format::Fuzzy),
            ("", Format::Fuzzy),
            ("something-new", Format::Fuzzy),
        ] {
            assert_eq!(Format::parse(word), format, "{word:?}");
        }
    }

    #[test]
    fn package_types_have_their_own_format_or_the_fuzzy_one() {
        for (package_type, format) in [
            ("deb", Format::Deb),
            ("alpm", Format::Pacman),
            ("java-archive", Format::Maven),
            ("go-module", Format::Go),
            ("msrc-kb", Format::Kb),
            ("npm", Format::Fuzzy),
            ("rust-crate", Format::Fuzzy),
            ("dotnet", Format::Fuzzy),
            ("jenkins-plugin", Format::Fuzzy),
            ("binary", Format::Fuzzy),
        ] {
            assert_eq!(Format::of_package_type(package_type), format, "{package_type:?}");
        }
    }
}
