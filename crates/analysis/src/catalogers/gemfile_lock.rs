//! Gems of a `Gemfile.lock` (`spec/analysis.md` §6.3).

use windlass_sbom::{Package, PackageType, package_url};

use super::listing::Listing;
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "ruby-gemfile-cataloger",
    evidence: Evidence::Declared,
    selects: |file| matches!(file.name(), b"Gemfile.lock" | b"Gemfile.next.lock"),
    parse,
};

#[expect(clippy::unnecessary_wraps, reason = "a listing's parser may fail; lines of other sections are passed over")]
fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let mut packages = Vec::new();
    let mut listed = false;
    for line in text.lines() {
        if !line.starts_with(' ') {
            listed = matches!(line.trim(), "GEM" | "GIT" | "PATH" | "PLUGIN SOURCE");
        }
        // Four spaces are a gem, six are what it needs.
        let gem = line.strip_prefix("    ").filter(|rest| listed && !rest.starts_with(' '));
        let Some((name, version)) = gem.and_then(|gem| gem.trim_end().strip_suffix(')')?.split_once(" (")) else {
            continue;
        };
        packages.push(Package {
            purl: package_url(PackageType::Gem, "", name, version, &[]),
            ..Package::new(PackageType::Gem, name, version)
        });
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_are_the_lines_indented_by_four() {
        let text = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.6)\n    rack-test (1.1.0)\n      rack (>= 1.0)\n\n\
                    DEPENDENCIES\n    not (1.0)\n";
        let listed: Vec<_> = parse(text).expect("a lock").into_iter().map(|p| (p.name, p.version)).collect();
        assert_eq!(listed, [("rack".into(), "2.0.6".into()), ("rack-test".into(), "1.1.0".into())]);
    }
}
