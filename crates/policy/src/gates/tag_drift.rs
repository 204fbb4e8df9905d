//! Gate `tag_drift`: what changed since the image that had the same tag before (`spec/policy.md` §9.2).

use std::collections::{BTreeMap, BTreeSet};

use windlass_sbom::Sbom;

use crate::{
    About, Arguments, Check, Failure, Gate, PackageFact, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    parameter::Kind,
};

pub(super) const GATE: Gate = Gate {
    name: "tag_drift",
    description: "What changed since the image that had the same tag before; nothing fires where none is known.",
    state: State::Active,
    origin: Origin::Windlass,
    triggers: &[
        Trigger {
            name: "packages_added",
            description: "Fires for each package that the image before did not have.",
            parameters: &[PACKAGE_TYPE],
            reads: READS,
            origin: Origin::Windlass,
            compile: packages_added,
        },
        Trigger {
            name: "packages_removed",
            description: "Fires for each package that only the image before had.",
            parameters: &[PACKAGE_TYPE],
            reads: READS,
            origin: Origin::Windlass,
            compile: packages_removed,
        },
        Trigger {
            name: "packages_modified",
            description: "Fires for each package that the image before had in other versions.",
            parameters: &[PACKAGE_TYPE],
            reads: READS,
            origin: Origin::Windlass,
            compile: packages_modified,
        },
    ],
};

const READS: Inputs = Inputs::PACKAGES.with(Inputs::PREVIOUS);

const PACKAGE_TYPE: Parameter =
    Parameter::new("package_type", Kind::Text, "Only packages of this type, in any case; all when unset.")
        .example("dpkg");

fn packages_added(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    check(arguments, |drift| match drift {
        Drift { before: None, now: Some(now), .. } => Some(format!("was added: {now}")),
        _ => None,
    })
}

fn packages_removed(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    check(arguments, |drift| match drift {
        Drift { before: Some(before), now: None, .. } => Some(format!("was removed: {before}")),
        _ => None,
    })
}

fn packages_modified(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    check(arguments, |drift| match drift {
        Drift { before: Some(before), now: Some(now), .. } if before != now => {
            Some(format!("was modified: {before} became {now}"))
        }
        _ => None,
    })
}

/// Fires for each package of which `tell` has something to say.
fn check(arguments: &Arguments<'_>, tell: fn(&Drift) -> Option<String>) -> Result<Check, Failure> {
    let wanted = arguments.text("package_type").map(str::to_owned);
    Ok(Check::new(move |context, firings| {
        let Some(previous) = context.image.knowledge.previous else { return Ok(()) };
        for ((kind, name), drift) in drifts(previous, context.image.packages()) {
            if wanted.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(kind)) {
                continue;
            }
            if let Some(change) = tell(&drift) {
                let about = drift.index.map_or(About::Image, About::Package);
                firings.fire(format!("Package {name} ({kind}) {change}")).about(about);
            }
        }
        Ok(())
    }))
}

/// The versions of a package before and now, sorted and joined; `None` where there is none.
#[derive(Default)]
struct Drift {
    before: Option<String>,
    now: Option<String>,
    /// Of the package now.
    index: Option<usize>,
}

/// By type and name.
fn drifts<'a>(previous: &'a Sbom, now: &[PackageFact<'a>]) -> BTreeMap<(&'a str, &'a str), Drift> {
    let mut drifts: BTreeMap<(&str, &str), Drift> = BTreeMap::new();
    for (name, (versions, _)) in versions(&PackageFact::all(previous)) {
        drifts.entry(name).or_default().before = Some(versions);
    }
    for (name, (versions, index)) in versions(now) {
        let drift = drifts.entry(name).or_default();
        (drift.now, drift.index) = (Some(versions), Some(index));
    }
    drifts
}

/// The versions of each package, and the index of one of them.
fn versions<'a>(packages: &[PackageFact<'a>]) -> BTreeMap<(&'a str, &'a str), (String, usize)> {
    let mut versions: BTreeMap<_, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for fact in packages {
        let entry = versions.entry((fact.kind, fact.name())).or_insert_with(|| (BTreeSet::new(), fact.index));
        entry.0.insert(fact.full_version);
    }
    let joined = |versions: BTreeSet<&str>| versions.into_iter().collect::<Vec<_>>().join(", ");
    versions.into_iter().map(|(name, (versions, index))| (name, (joined(versions), index))).collect()
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{Package, PackageType, Sbom};

    use crate::{
        Knowledge,
        testing::{Case, Fired},
    };

    fn with(packages: &[(PackageType, &str, &str)]) -> Sbom {
        let packages = packages.iter().map(|(kind, name, version)| Package::new(*kind, *name, *version)).collect();
        Sbom { packages, ..Sbom::default() }
    }

    fn fired(trigger: &str, params: &[(&str, &str)]) -> Vec<Fired> {
        let before = with(&[
            (PackageType::Deb, "bash", "5.1-1"),
            (PackageType::Deb, "curl", "7.1-1"),
            (PackageType::Npm, "left", "1.0"),
            (PackageType::Npm, "left", "2.0"),
            (PackageType::Npm, "same", "1"),
        ]);
        let now = with(&[
            (PackageType::Deb, "bash", "5.2-1"),
            (PackageType::Npm, "left", "2.0"),
            (PackageType::Npm, "new", "1"),
            (PackageType::Npm, "same", "1"),
            (PackageType::Gem, "same", "1"),
        ]);
        let knowledge = Knowledge { previous: Some(&before), ..Knowledge::default() };
        Case { knowledge, ..Case::new(&now) }.fired("tag_drift", trigger, params)
    }

    #[test]
    fn packages_are_told_apart_by_type_and_name() {
        assert_eq!(
            fired("packages_added", &[]),
            [
                Fired::new("4a9ff30fca9067b21f18828e1cbf23ab", "Package same (gem) was added: 1"),
                Fired::new("320bd1a679ea00a2bf9f68d042b65483", "Package new (npm) was added: 1")
            ]
        );
        assert_eq!(
            fired("packages_removed", &[]),
            [Fired::new("3898e139e986522302f50960e1dd5754", "Package curl (dpkg) was removed: 7.1-1")]
        );
        assert_eq!(
            fired("packages_modified", &[]),
            [
                Fired::new("e8fa9cdc1ceaa8b6fa6bc3bbfa34b65f", "Package bash (dpkg) was modified: 5.1-1 became 5.2-1"),
                Fired::new("1298567469e9edb141a15011b59198c1", "Package left (npm) was modified: 1.0, 2.0 became 2.0"),
            ]
        );
    }

    #[test]
    fn a_rule_may_look_at_one_type_only() {
        assert_eq!(fired("packages_added", &[("package_type", "NPM")]).len(), 1);
        assert_eq!(fired("packages_removed", &[("package_type", "npm")]), []);
        assert_eq!(fired("packages_modified", &[("package_type", "dpkg")]).len(), 1);
    }

    #[test]
    fn nothing_drifts_from_an_image_that_is_not_known() {
        let now = with(&[(PackageType::Npm, "new", "1")]);
        for trigger in ["packages_added", "packages_removed", "packages_modified"] {
            assert_eq!(Case::new(&now).fired("tag_drift", trigger, &[]), []);
        }
    }
}
