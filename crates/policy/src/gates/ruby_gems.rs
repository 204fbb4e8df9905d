//! Gate `ruby_gems` (`spec/policy.md` §4.9).

use super::published::{BLACKLIST, READS, Registry};
use crate::{
    Gate, Trigger,
    gate::{Inputs, Origin, State},
};

const REGISTRY: Registry = Registry {
    kind: "gem",
    published: |knowledge| knowledge.gem_packages,
    outdated: "",
    label: "GEM",
    title: "Gem",
    feed: "gem",
};

pub(super) const GATE: Gate = Gate {
    name: "ruby_gems",
    description: "Ruby gems, and how they compare with what rubygems.org publishes.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        Trigger {
            name: "newer_version_found_in_feed",
            description: "Fires for each installed package that is not the latest version on rubygems.org.",
            parameters: &[],
            reads: READS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.not_latest()),
        },
        Trigger {
            name: "not_found_in_feed",
            description: "Fires for each installed package whose name is unknown to rubygems.org.",
            parameters: &[],
            reads: READS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.not_official()),
        },
        Trigger {
            name: "version_not_found_in_feed",
            description: "Fires for each installed version that was never published on rubygems.org.",
            parameters: &[],
            reads: READS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.bad_version()),
        },
        Trigger {
            name: "blacklist",
            description: "Fires if a package of that name and version is installed.",
            parameters: BLACKLIST,
            reads: Inputs::PACKAGES,
            origin: Origin::Original,
            compile: |arguments| REGISTRY.blacklist(arguments),
        },
        Trigger {
            name: "feed_data_unavailable",
            description: "Fires if it is not known what rubygems.org publishes; the triggers that compare with it cannot fire then.",
            parameters: &[],
            reads: Inputs::PACKAGE_FEEDS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.unavailable()),
        },
    ],
};

#[cfg(test)]
mod tests {
    use windlass_sbom::{Package, PackageType, Sbom};

    use crate::{
        Knowledge, PublishedPackage, PublishedPackages,
        testing::{Case, Fired, fired},
    };

    fn image() -> Sbom {
        let package = |name: &str, version: &str| Package::new(PackageType::Gem, name, version);
        let npm = Package::new(PackageType::Npm, "left", "1");
        Sbom { packages: vec![package("rails", "5.0"), package("mine", "1"), npm], ..Sbom::default() }
    }

    fn compared(trigger: &str, latest: &str, versions: &[&str]) -> Vec<Fired> {
        let versions = versions.iter().map(|&version| version.into()).collect();
        let registry =
            PublishedPackages::from([("rails".into(), PublishedPackage { latest: latest.into(), versions })]);
        let knowledge = Knowledge { gem_packages: Some(&registry), ..Knowledge::default() };
        let image = image();
        Case { knowledge, ..Case::new(&image) }.fired("ruby_gems", trigger, &[])
    }

    fn messages(fired: &[Fired]) -> Vec<&str> {
        fired.iter().map(|fired| fired.message.as_str()).collect()
    }

    #[test]
    fn gems_are_compared_with_what_is_published() {
        assert_eq!(
            messages(&compared("newer_version_found_in_feed", "7.1", &[])),
            ["Package (rails) version (5.0) installed but is not the latest version (7.1)"]
        );
        assert_eq!(compared("newer_version_found_in_feed", "5.0", &[]), []);
        assert_eq!(
            messages(&compared("not_found_in_feed", "5.0", &[])),
            ["GEMNOTOFFICIAL Package (mine) in container but not in official GEM feed."]
        );
        assert_eq!(
            messages(&compared("version_not_found_in_feed", "7.1", &["7.1"])),
            ["GEMBADVERSION Package (rails) version (5.0) installed but version is not in the official feed for this \
              package (['7.1'])"]
        );
        assert_eq!(compared("version_not_found_in_feed", "7.1", &["5.0"]), []);
    }

    #[test]
    fn a_gem_can_be_banned_by_name_or_in_one_version() {
        let banned = |params: &[(&str, &str)]| fired("ruby_gems", "blacklist", params, &image());
        assert_eq!(
            banned(&[("name", "rails"), ("version", "5.0")]),
            [Fired::new("aed4be21ef764c786f9012465ab49456", "Gem Package is blacklisted: rails-5.0")]
        );
        assert_eq!(messages(&banned(&[("name", "rails")])), ["Gem Package is blacklisted: rails"]);
        assert_eq!(banned(&[("name", "rails"), ("version", "")]), []);
        assert_eq!(banned(&[("name", "left")]), []);
    }

    #[test]
    fn it_is_told_that_nothing_is_known_of_the_registry() {
        let message = "Gem packages are present but the anchore gem feed is not available - will be unable to perform \
                       checks that require feed data";
        assert_eq!(
            fired("ruby_gems", "feed_data_unavailable", &[], &image()),
            [Fired::new("58d7d6d2d3299c3c10f08a6a8ab95bb4", message)]
        );
        assert_eq!(compared("feed_data_unavailable", "1", &[]), []);
    }
}
