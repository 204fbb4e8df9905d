//! One bill of materials after the other.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

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
    answers: HashMap<PackageInput, Arc<Answer>>,
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
            answers: HashMap::new(),
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
        let unknown = inventory.inputs().iter().filter(|input| !self.answers.contains_key(*input));
        let unknown: Vec<PackageInput> = unknown.cloned().collect();
        let outcomes = packages::match_all(&unknown, surroundings, self.advisories, &self.options, None)?;
        for (input, outcome) in unknown.into_iter().zip(outcomes) {
            let answer = Answer::new(outcome, &input, &self.options);
            self.weight += answer.weight();
            self.answers.insert(input, Arc::new(answer));
        }
        let answers: Vec<&Answer> = inventory.inputs().iter().map(|input| &*self.answers[input]).collect();
        Ok(compose_by(&self.rules, sbom, &inventory, &answers, surroundings, &self.options))
    }
}
