//! Packages of one ecosystem against what its registry publishes: the checks that the gates `npms` and `ruby_gems` share
//! (`spec/policy.md` §4.8, §4.9).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    About, Arguments, Check, Context, Failure, Knowledge, PackageFact, Parameter,
    gate::Inputs,
    image::{PublishedPackage, PublishedPackages},
    package::{judged, judged_named},
    parameter::Kind,
    pyrepr,
};

/// An ecosystem and the words that the messages of its gate use.
pub(super) struct Registry {
    /// The kind of its packages in the original's words.
    pub(super) kind: &'static str,
    pub(super) published: for<'a> fn(&Knowledge<'a>) -> Option<&'a PublishedPackages>,
    /// Before the message of an outdated package.
    pub(super) outdated: &'static str,
    /// The label of messages, such as `NPM` in `NPMNOTOFFICIAL`.
    pub(super) label: &'static str,
    /// `NPM`, `Gem`
    pub(super) title: &'static str,
    /// `npm`, `gem`
    pub(super) feed: &'static str,
}

pub(super) const READS: Inputs = Inputs::PACKAGES.with(Inputs::PACKAGE_FEEDS);

pub(super) const BLACKLIST: &[Parameter] = &[
    Parameter::new("name", Kind::Text, "The package's name.").required().example("time_diff"),
    Parameter::new("version", Kind::Text, "Only this version of it; any version when unset.").example("0.2.9"),
];

/// The packages of the image by name, sorted.
type Installed<'r> = BTreeMap<&'r str, Vec<&'r PackageFact<'r>>>;

impl Registry {
    fn installed<'r>(&self, context: &Context<'r>) -> Installed<'r> {
        let mut installed = Installed::new();
        for fact in judged(context).filter(|fact| fact.kind == self.kind) {
            installed.entry(fact.name()).or_default().push(fact);
        }
        installed
    }

    /// Installed packages, each with what is published under its name. Empty where none of them is known: what knows no
    /// package of the image is no feed.
    fn compared<'r>(&self, context: &Context<'r>) -> Vec<(Vec<&'r PackageFact<'r>>, Option<&'r PublishedPackage>)> {
        let Some(published) = (self.published)(&context.image.knowledge) else { return Vec::new() };
        let installed = self.installed(context).into_iter();
        let compared: Vec<_> = installed.map(|(name, facts)| (facts, published.get(name))).collect();
        if compared.iter().any(|(_, published)| published.is_some()) { compared } else { Vec::new() }
    }

    /// Fires for each installed copy whose version is not the latest.
    pub(super) fn not_latest(&'static self) -> Check {
        Check::new(move |context, firings| {
            for (facts, published) in self.compared(context) {
                let Some(PublishedPackage { latest, .. }) = published else { continue };
                let outdated = |fact: &&&PackageFact<'_>| !fact.version.is_empty() && fact.version != latest;
                for fact in facts.iter().filter(outdated) {
                    let (prefix, name, version) = (self.outdated, fact.name(), fact.version);
                    firings
                        .fire(format!(
                            "{prefix}Package ({name}) version ({version}) installed but is not the latest version ({latest})"
                        ))
                        .about(About::Package(fact.index));
                }
            }
            Ok(())
        })
    }

    /// Fires for each name that the registry does not know.
    pub(super) fn not_official(&'static self) -> Check {
        Check::new(move |context, firings| {
            for (facts, _) in self.compared(context).iter().filter(|(_, published)| published.is_none()) {
                let (label, name) = (self.label, facts[0].name());
                firings
                    .fire(format!("{label}NOTOFFICIAL Package ({name}) in container but not in official {label} feed."))
                    .about(About::Package(facts[0].index));
            }
            Ok(())
        })
    }

    /// Fires for each version of a known package that was never published.
    pub(super) fn bad_version(&'static self) -> Check {
        Check::new(move |context, firings| {
            for (facts, published) in self.compared(context) {
                let Some(PublishedPackage { versions: official, .. }) = published else { continue };
                let mut told = BTreeSet::new();
                for fact in facts {
                    let (label, name, version) = (self.label, fact.name(), fact.version);
                    if official.iter().any(|known| known == version) || !told.insert(version) {
                        continue;
                    }
                    let official = pyrepr::list(official.iter().map(String::as_str));
                    firings
                        .fire(format!(
                            "{label}BADVERSION Package ({name}) version ({version}) installed but version is not in the \
                             official feed for this package ({official})"
                        ))
                        .about(About::Package(fact.index));
                }
            }
            Ok(())
        })
    }

    /// Fires once if a package of that name, and of that version if one is given, is installed.
    pub(super) fn blacklist(&'static self, arguments: &Arguments<'_>) -> Result<Check, Failure> {
        let name = arguments.text_or("name", "").to_owned();
        let version = arguments.text("version").map(str::to_owned);
        Ok(Check::new(move |context, firings| {
            let mut copies = judged_named(context, &name).filter(|fact| fact.kind == self.kind);
            let title = self.title;
            let Some(version) = &version else {
                if let Some(fact) = copies.next() {
                    let about = About::Package(fact.index);
                    firings.fire(format!("{title} Package is blacklisted: {name}")).about(about);
                }
                return Ok(());
            };
            // An empty version is none that a package can have.
            let found = copies.find(|fact| !version.is_empty() && fact.version == version);
            if let Some(fact) = found {
                let about = About::Package(fact.index);
                firings.fire(format!("{title} Package is blacklisted: {name}-{version}")).about(about);
            }
            Ok(())
        }))
    }

    /// Fires if it is not known what the registry publishes, whatever the image holds.
    pub(super) fn unavailable(&'static self) -> Check {
        Check::new(move |context, firings| {
            if (self.published)(&context.image.knowledge).is_none() {
                let (title, feed) = (self.title, self.feed);
                firings.fire(format!(
                    "{title} packages are present but the anchore {feed} feed is not available - will be unable to \
                     perform checks that require feed data"
                ));
            }
            Ok(())
        })
    }
}
