//! Trigger `blacklist`: packages that must not be installed.

use crate::{
    About, Arguments, Check, Failure, Parameter, Trigger,
    gate::{Inputs, Origin},
    package::judged_named,
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "blacklist",
    description: "Fires for each installed package of that name and version.",
    parameters: &[
        Parameter::new("name", Kind::Text, "The package's name.").key("pkg_name").required().example("openssh-server"),
        Parameter::new("version", Kind::Text, "Only this version of it, without the release; any version when unset.")
            .key("pkg_version")
            .example("1.0.1"),
    ],
    reads: Inputs::PACKAGES,
    origin: Origin::Original,
    compile: blacklist,
};

fn blacklist(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let name = arguments.text_or("name", "").to_owned();
    let version = arguments.text_or("version", "").to_owned();
    Ok(Check::new(move |context, firings| {
        for fact in judged_named(context, &name).filter(|fact| version.is_empty() || fact.version == version) {
            let message = match version.as_str() {
                "" => format!("Package is blacklisted: {name}"),
                version => format!("Package is blacklisted: {name}-{version}"),
            };
            firings.fire(message).about(About::Package(fact.index));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{Package, PackageId, PackageType, Relationship, RelationshipKind, Sbom};

    use crate::{
        Profile,
        testing::{Case, Fired, fired},
    };

    fn image() -> Sbom {
        let package = |kind, name: &str, version: &str| Package::new(kind, name, version);
        let bash = package(PackageType::Rpm, "bash", "4.4-5");
        let left = package(PackageType::Npm, "left", "1-2");
        Sbom { packages: vec![bash, left.clone(), left], ..Sbom::default() }
    }

    #[test]
    fn a_version_is_compared_without_its_release() {
        let banned =
            |version: &str| fired("packages", "blacklist", &[("name", "bash"), ("version", version)], &image());
        assert_eq!(banned("4.4"), [Fired::new("37807dc96cc849e2449faf75b5dad94a", "Package is blacklisted: bash-4.4")]);
        assert_eq!(banned("4.4-5"), []);
        assert_eq!(banned("").len(), 1);
    }

    #[test]
    fn every_copy_fires() {
        let row = || Fired::new("60349415bba4054ed67f6e6b65b29ebe", "Package is blacklisted: left");
        assert_eq!(fired("packages", "blacklist", &[("name", "left")], &image()), [row(), row()]);
        assert_eq!(fired("packages", "blacklist", &[("name", "Left")], &image()), []);
    }

    #[test]
    fn what_belongs_to_another_package_is_looked_at_by_the_native_profile_only() {
        let mut sbom = image();
        sbom.packages[0].id = PackageId("parent".into());
        sbom.packages[1].id = PackageId("child".into());
        sbom.packages[2].id = PackageId("child".into());
        sbom.relationships.push(Relationship {
            kind: RelationshipKind::OwnershipByFileOverlap,
            parent: PackageId("parent".into()),
            child: PackageId("child".into()),
            files: Vec::new(),
        });
        let found =
            |profile| Case { profile, ..Case::new(&sbom) }.fired("packages", "blacklist", &[("name", "left")]).len();
        assert_eq!((found(Profile::Compat), found(Profile::Native)), (0, 2));
    }
}
