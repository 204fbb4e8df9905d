//! Gate `licenses` (`spec/policy.md` §4.6).

use crate::{
    Arguments, Check, Failure, Gate, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    license_words::LicenseWords,
    package::is_judged,
    parameter::Kind,
};

pub(super) const GATE: Gate = Gate {
    name: "licenses",
    description: "Licences of packages, word by word as the packages state them. The gate license_categories \
                  understands SPDX expressions.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        Trigger {
            name: "blacklist_exact_match",
            description: "Fires once if any licence word of any package is one of the list.",
            parameters: &[Parameter::new(
                "licenses",
                Kind::List,
                "Licence words that no package may state; an item with a blank in it never matches.",
            )
            .key("license_blacklist")
            .required()
            .example("GPLv2+,GPL-3+,BSD-2-clause")],
            reads: Inputs::PACKAGES,
            origin: Origin::Original,
            compile: |arguments| {
                blacklist(arguments, "LICFULLMATCH", |word, items| usize::from(items.iter().any(|item| item == word)))
            },
        },
        Trigger {
            name: "blacklist_partial_match",
            description: "Fires once if any licence word of any package contains one of the list.",
            parameters: &[Parameter::new(
                "licenses",
                Kind::List,
                "Texts that no licence word may contain; an item with a blank in it never matches.",
            )
            .key("licenseblacklist_submatches")
            .required()
            .example("LGPL,BSD")],
            reads: Inputs::PACKAGES,
            origin: Origin::Original,
            compile: |arguments| {
                blacklist(arguments, "LICSUBMATCH", |word, items| {
                    items.iter().filter(|item| word.contains(item.as_str())).count()
                })
            },
        },
    ],
};

/// One finding that names every package whose licence matches, each word as often as `mentions` says.
fn blacklist(
    arguments: &Arguments<'_>,
    label: &'static str,
    mentions: fn(word: &str, items: &[String]) -> usize,
) -> Result<Check, Failure> {
    let items = arguments.list("licenses");
    Ok(Check::new(move |context, firings| {
        let LicenseWords { words, uses } = context.image.license_words();
        let times: Vec<usize> = words.iter().map(|word| mentions(word, &items)).collect();
        let packages = context.image.packages();
        let mut found = Vec::new();
        for &(package, word) in uses.iter().filter(|(_, word)| times[*word] > 0) {
            let fact = &packages[package];
            if is_judged(fact, context.profile) {
                found.extend((0..times[word]).map(|_| format!("{}({})", fact.name(), words[word])));
            }
        }
        if !found.is_empty() {
            let found = found.join(", ");
            firings.fire(format!("{label} Packages are installed that have blacklisted licenses: {found}"));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{License, Package, PackageType, Sbom};

    use crate::testing::{Fired, fired};

    fn image() -> Sbom {
        let package = |kind, name: &str, licenses: &[&str]| {
            let mut package = Package::new(kind, name, "1");
            package.licenses = licenses.iter().map(|text| License::declared(text)).collect();
            package
        };
        let bash = package(PackageType::Deb, "bash", &["GPL-3+"]);
        let lodash = package(PackageType::Npm, "lodash", &["MIT"]);
        let zlib = package(PackageType::Rpm, "zlib", &["zlib and BSD-2-clause"]);
        Sbom { packages: vec![bash, lodash, zlib, package(PackageType::Npm, "left", &[])], ..Sbom::default() }
    }

    #[test]
    fn all_packages_with_a_listed_licence_make_one_finding() {
        assert_eq!(
            fired("licenses", "blacklist_exact_match", &[("licenses", "MIT, GPL-3+,MIT")], &image()),
            [Fired::new(
                "4c9148b96c1f464c3711702804926e42",
                "LICFULLMATCH Packages are installed that have blacklisted licenses: bash(GPL-3+), lodash(MIT)"
            )]
        );
    }

    #[test]
    fn a_licence_is_a_word_and_not_a_part_of_one() {
        for licenses in ["GPL", "mit", "zlib and BSD-2-clause", "N/A"] {
            assert_eq!(fired("licenses", "blacklist_exact_match", &[("licenses", licenses)], &image()), []);
        }
    }

    #[test]
    fn parts_match_once_for_each_item() {
        assert_eq!(
            fired("licenses", "blacklist_partial_match", &[("licenses", "BSD,2-clause,GPL")], &image())
                .iter()
                .map(|fired| fired.message.as_str())
                .collect::<Vec<_>>(),
            ["LICSUBMATCH Packages are installed that have blacklisted licenses: bash(GPL-3+), zlib(BSD-2-clause), \
              zlib(BSD-2-clause)"]
        );
        assert_eq!(fired("licenses", "blacklist_partial_match", &[("licenses", "bsd,and BSD")], &image()), []);
    }
}
