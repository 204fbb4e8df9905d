//! One bill of materials after the other.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use foldhash::quality::RandomState;
use windlass_advisories::Advisories;
use windlass_sbom::Sbom;

use super::{Answer, compose::compose_by, packages};
use crate::{Distribution, Inventory, MatchError, Options, Outcome, PackageInput, Surroundings, ignore};

/// Records and package versions whose answers are remembered: about two hundred megabytes.
const REMEMBERED: usize = 100_000;

/// Matches many bills of materials with the same data, as [`match_sbom`](crate::match_sbom) does: images share most of
/// their packages, and what they share is compared once.
pub struct Matcher<'a> {
    advisories: &'a dyn Advisories,
    options: Options,
    rules: ignore::Rules,
    answers: HashMap<PackageInput, Arc<Answer>, RandomState>,
    /// Of all answers.
    weight: usize,
    surroundings: BTreeMap<BTreeSet<Distribution>, Surroundings>,
}

impl<'a> Matcher<'a> {
    /// # Errors
    /// When an ignore rule cannot be used.
    pub fn new(advisories: &'a dyn Advisories, options: Options) -> Result<Self, MatchError> {
        Ok(Self {
            advisories,
            rules: ignore::rules(&options)?,
            options,
            answers: HashMap::default(),
            weight: 0,
            surroundings: BTreeMap::new(),
        })
    }

    /// # Errors
    /// As [`match_sbom`](crate::match_sbom).
    pub fn match_sbom(&mut self, sbom: &Sbom) -> Result<Outcome, MatchError> {
        if self.weight > REMEMBERED {
            (self.answers, self.surroundings, self.weight) = Default::default();
        }
        let inventory = Inventory::of(sbom, &self.options);
        let distributions = inventory.distributions();
        if !self.surroundings.contains_key(&distributions) {
            let found = Surroundings::look_up(distributions.iter().cloned(), self.advisories, &self.options)?;
            self.surroundings.insert(distributions.clone(), found);
            self.weight += 1;
        }
        let surroundings = &self.surroundings[&distributions];
        let mut known: Vec<Option<Arc<Answer>>> =
            inventory.inputs().iter().map(|input| self.answers.get(input).cloned()).collect();
        let places: Vec<usize> = (0..known.len()).filter(|place| known[*place].is_none()).collect();
        let unknown: Vec<PackageInput> = places.iter().map(|place| inventory.inputs()[*place].clone()).collect();
        let outcomes = packages::match_all(&unknown, surroundings, self.advisories, &self.options, None)?;
        for ((input, outcome), place) in unknown.into_iter().zip(outcomes).zip(places) {
            let answer = Arc::new(Answer::new(outcome, &input, &self.options));
            self.weight += answer.weight();
            known[place] = Some(Arc::clone(&answer));
            self.answers.insert(input, answer);
        }
        let answers: Vec<Arc<Answer>> = known.into_iter().flatten().collect();
        Ok(compose_by(&self.rules, sbom, &inventory, &answers, surroundings, &self.options))
    }
}
