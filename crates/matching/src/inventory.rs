//! The packages of an artifact as matching sees them, each distinct one once, and how they stand to each other.

use std::{
    borrow::{Borrow, Cow},
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use foldhash::quality::RandomState;
use windlass_sbom::Sbom;

use crate::{
    Distribution, Match, Options, OwnClearance, PackageInput, PackageOutcome, StoredFinding, input::purl_of,
    ownership::Ownership,
};

/// What [`compose`](crate::compose) needs of an artifact beside the outcomes of its packages. Of these facts a store
/// keeps per package of an image: the key of its [input](Inventory::input), whether it is
/// [answered for](Inventory::owner), and which findings are [cleared](Inventory::cleared); "which images does this
/// vulnerability affect" is then a join of the open findings of inputs with the packages that have the input, are not
/// answered for and have the finding not cleared.
#[derive(Debug, Default)]
pub struct Inventory {
    inputs: Vec<PackageInput>,
    /// By package of the bill of materials.
    places: Vec<Option<usize>>,
    /// The artifact's own.
    distribution: Option<Distribution>,
    ownership: Ownership,
    /// Packages that their owner answers for.
    answered: HashMap<usize, usize>,
}

impl Inventory {
    /// Reads a bill of materials; of the options only the distribution counts.
    pub fn of(sbom: &Sbom, options: &Options) -> Self {
        let shown = sbom.distro.as_ref().and_then(Distribution::of_artifact);
        let stated = options.distribution.clone().map(|mut stated| {
            // A user names the release; what else the artifact shows of itself still holds.
            stated.extended_support |= shown.as_ref().is_some_and(|shown| shown.extended_support);
            stated
        });
        let distribution = stated.or(shown);
        let ownership = Ownership::of(sbom);
        let answered = ownership.answered(sbom, distribution.as_ref());

        let mut known: HashMap<PackageInput, usize, RandomState> =
            HashMap::with_capacity_and_hasher(sbom.packages.len(), RandomState::default());
        let places = sbom.packages.iter().enumerate().map(|(index, package)| {
            if answered.contains_key(&index) {
                return None;
            }
            let purl = purl_of(package);
            let of_purl = || Distribution::parse(purl.as_ref()?.qualifiers().get("distro")?).ok();
            let own = match &distribution {
                Some(known) => Some(Cow::Borrowed(known)),
                None => of_purl().map(Cow::Owned),
            };
            let input = PackageInput::of_parsed(package, purl.as_ref(), own.as_deref(), ownership.owns_any(index));
            let next = known.len();
            Some(*known.entry(input).or_insert(next))
        });
        let places = places.collect();
        let mut inputs = vec![PackageInput::default(); known.len()];
        for (input, place) in known {
            inputs[place] = input;
        }
        Self { inputs, places, distribution, ownership, answered }
    }

    /// The distinct packages to compare, in the order they first appear.
    pub fn inputs(&self) -> &[PackageInput] {
        &self.inputs
    }

    /// Which of [`Inventory::inputs`] a package of the bill of materials is; `None` where its owner answers for it.
    pub fn input(&self, package: usize) -> Option<usize> {
        self.places[package]
    }

    /// The package that answers for another, which then is not compared: a distribution's for the library it ships
    /// (`spec/matching.md` §2.1). Both are indexes into `Sbom::packages`.
    pub fn owner(&self, package: usize) -> Option<usize> {
        self.answered.get(&package).copied()
    }

    /// The packages whose files a package owns, whether it answers for them or not. All are indexes into
    /// `Sbom::packages`.
    pub fn owned_by(&self, package: usize) -> impl Iterator<Item = usize> {
        self.ownership.owned_by(package)
    }

    /// Every distribution that a package or the artifact is of.
    pub fn distributions(&self) -> BTreeSet<Distribution> {
        let of_packages = self.inputs.iter().filter(|input| input.kind.is_os_package());
        let distinct: BTreeSet<&Distribution> = of_packages.filter_map(|input| input.distribution.as_ref()).collect();
        distinct.into_iter().cloned().chain(self.distribution()).collect()
    }

    /// The findings, by package, that the owner of the package has fixed: its distribution patched the flaw without
    /// changing the library's own version (`spec/matching.md` §3.2). Empty lists are left out. The outcomes are those
    /// of [`Inventory::inputs`], in that order.
    pub fn cleared<'f>(
        &self,
        outcomes: &[impl Borrow<PackageOutcome>],
        findings: impl Fn(usize) -> &'f [StoredFinding],
    ) -> BTreeMap<usize, Vec<&'f StoredFinding>> {
        let fixed = self.fixed_by_owners(|input| outcomes[input].borrow());
        let mut cleared = BTreeMap::new();
        for (&package, names) in &fixed {
            let Some(input) = self.places[package] else { continue };
            let is_cleared = |finding: &&StoredFinding| finding.is_fixed_by(names);
            let of_package: Vec<&StoredFinding> = findings(input).iter().filter(is_cleared).collect();
            if !of_package.is_empty() {
                cleared.insert(package, of_package);
            }
        }
        cleared
    }

    /// The packages of each input.
    pub(crate) fn packages(&self) -> Vec<Vec<usize>> {
        let mut packages = vec![Vec::new(); self.inputs.len()];
        for (package, place) in self.places.iter().enumerate() {
            if let Some(place) = place {
                packages[*place].push(package);
            }
        }
        packages
    }

    /// The artifact's own distribution, as inputs have it.
    pub(crate) fn distribution(&self) -> Option<Distribution> {
        self.distribution.clone().map(|own| Distribution { id_like: Vec::new(), ..own })
    }

    /// Upper-case names of what the owners of a package have fixed, by package with any matches; by the outcome of each
    /// input.
    pub(crate) fn fixed_by_owners<'o>(
        &self,
        outcome: impl Fn(usize) -> &'o PackageOutcome,
    ) -> BTreeMap<usize, HashSet<&'o str>> {
        let mut fixed: BTreeMap<usize, HashSet<&str>> = BTreeMap::new();
        for (owner, place) in self.places.iter().enumerate() {
            let Some(place) = place else { continue };
            let names = &outcome(*place).fixed;
            if names.is_empty() {
                continue;
            }
            for owned in self.ownership.owned_by(owner) {
                let has_matches = self.places[owned].is_some_and(|own| !outcome(own).matches.is_empty());
                if has_matches {
                    fixed.entry(owned).or_default().extend(names.iter().map(String::as_str));
                }
            }
        }
        fixed
    }
}

pub(crate) fn is_named(own: &[String], names: &HashSet<&str>) -> bool {
    own.iter().any(|name| names.contains(name.to_ascii_uppercase().as_str()))
}

/// Why a match is no finding of a package whose owners have fixed these; `None`: it is one.
pub(crate) fn reason_to_clear(one: &Match, fixed: Option<&HashSet<&str>>) -> Option<&'static str> {
    match one.cleared {
        Some(OwnClearance::Unaffected) => Some("UnaffectedPackageEntry"),
        _ if fixed.is_some_and(|names| is_named(&one.names, names)) => Some("DistroPackageFixed"),
        Some(OwnClearance::OtherSoftware) => Some("another software of the same name"),
        None => None,
    }
}
