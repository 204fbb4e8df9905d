//! Gate `npms` (`spec/policy.md` §4.8).

use super::published::{BLACKLIST, READS, Registry};
use crate::{
    Gate, Trigger,
    gate::{Inputs, Origin, State},
};

const REGISTRY: Registry = Registry {
    kind: "npm",
    published: |knowledge| knowledge.npm_packages,
    outdated: "NPMNOTLATEST ",
    label: "NPM",
    title: "NPM",
    feed: "npm",
};

pub(super) const GATE: Gate = Gate {
    name: "npms",
    description: "npm packages, and how they compare with what the npm registry publishes.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        Trigger {
            name: "newer_version_in_feed",
            description: "Fires for each installed package that is not the latest version in the npm registry.",
            parameters: &[],
            reads: READS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.not_latest()),
        },
        Trigger {
            name: "unknown_in_feeds",
            description: "Fires for each installed package whose name is unknown to the npm registry.",
            parameters: &[],
            reads: READS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.not_official()),
        },
        Trigger {
            name: "version_not_in_feeds",
            description: "Fires for each installed version that was never published in the npm registry.",
            parameters: &[],
            reads: READS,
            origin: Origin::Original,
            compile: |_| Ok(REGISTRY.bad_version()),
        },
        Trigger {
            name: "blacklisted_name_version",
            description: "Fires if a package of that name and version is installed.",
            parameters: BLACKLIST,
            reads: Inputs::PACKAGES,
            origin: Origin::Original,
            compile: |arguments| REGISTRY.blacklist(arguments),
        },
        Trigger {
            name: "feed_data_unavailable",
            description: "Fires if it is not known what the npm registry publishes; the triggers that compare with it cannot fire then.",
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

    fn image(packages: &[(&str, &str)]) -> Sbom {
        let package = |(name, version): &(&str, &str)| Package::new(PackageType::Npm, *name, *version);
        let gem = Package::new(PackageType::Gem, "rails", "5.0");
        Sbom { packages: packages.iter().map(package).chain([gem]).collect(), ..Sbom::default() }
    }

    fn registry() -> PublishedPackages {
        let lodash = PublishedPackage { latest: "2.0.0".into(), versions: vec!["1.5.0".into(), "2.0.0".into()] };
        PublishedPackages::from([("lodash".into(), lodash)])
    }

    fn compared(trigger: &str, packages: &[(&str, &str)]) -> Vec<Fired> {
        let (image, registry) = (image(packages), registry());
        let knowledge = Knowledge { npm_packages: Some(&registry), ..Knowledge::default() };
        Case { knowledge, ..Case::new(&image) }.fired("npms", trigger, &[])
    }

    fn messages(fired: &[Fired]) -> Vec<&str> {
        fired.iter().map(|fired| fired.message.as_str()).collect()
    }

    #[test]
    fn each_copy_of_a_known_package_should_be_the_latest() {
        let old = "NPMNOTLATEST Package (lodash) version (1.5.0) installed but is not the latest version (2.0.0)";
        let copies = [("lodash", "1.5.0"), ("lodash", "1.5.0"), ("lodash", ""), ("lodash", "2.0.0"), ("mine", "1")];
        assert_eq!(messages(&compared("newer_version_in_feed", &copies)), [old, old]);
    }

    #[test]
    fn a_name_that_was_never_published_is_not_official() {
        let packages = [("lodash", "1.5.0"), ("mine", "1"), ("mine", "2")];
        let message = "NPMNOTOFFICIAL Package (mine) in container but not in official NPM feed.";
        assert_eq!(messages(&compared("unknown_in_feeds", &packages)), [message]);
        assert_eq!(compared("unknown_in_feeds", &[("lodash", "9")]), []);
    }

    #[test]
    fn a_version_that_was_never_published_is_told_once() {
        assert_eq!(
            compared("version_not_in_feeds", &[("lodash", "1.0.0"), ("lodash", "1.0.0"), ("lodash", "1.5.0")]),
            [Fired::new(
                "d52a0600e4c9267d65f7e07159846dbc",
                "NPMBADVERSION Package (lodash) version (1.0.0) installed but version is not in the official feed for \
                 this package (['1.5.0', '2.0.0'])"
            )]
        );
    }

    #[test]
    fn a_feed_that_knows_no_package_of_the_image_says_nothing_of_it() {
        for trigger in ["newer_version_in_feed", "unknown_in_feeds", "version_not_in_feeds"] {
            assert_eq!(compared(trigger, &[("mine", "1")]), []);
            assert_eq!(compared(trigger, &[]), []);
            assert_eq!(fired("npms", trigger, &[], &image(&[("lodash", "1.0.0")])), []);
        }
    }

    #[test]
    fn a_package_can_be_banned_by_name_or_in_one_version() {
        let image = image(&[("lodash", "1.5.0"), ("lodash", "2.0.0")]);
        let banned = |params: &[(&str, &str)]| fired("npms", "blacklisted_name_version", params, &image);
        assert_eq!(messages(&banned(&[("name", "lodash")])), ["NPM Package is blacklisted: lodash"]);
        assert_eq!(
            messages(&banned(&[("name", "lodash"), ("version", "2.0.0")])),
            ["NPM Package is blacklisted: lodash-2.0.0"]
        );
        assert_eq!(banned(&[("name", "lodash"), ("version", "3")]), []);
        assert_eq!(banned(&[("name", "lodash"), ("version", "")]), []);
        assert_eq!(banned(&[("name", "rails")]), []);
    }

    #[test]
    fn it_is_told_that_nothing_is_known_of_the_registry() {
        let message = "NPM packages are present but the anchore npm feed is not available - will be unable to perform \
                       checks that require feed data";
        assert_eq!(
            fired("npms", "feed_data_unavailable", &[], &Sbom::default()),
            [Fired::new("65da5d4415b3e7336c752aebfaef4a40", message)]
        );
        assert_eq!(compared("feed_data_unavailable", &[]), []);
    }
}
