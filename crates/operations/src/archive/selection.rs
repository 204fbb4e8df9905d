//! Which images rules of the archive select (`spec/operations.md` §4.6, §4.7): a function of the rules, the images and the
//! time.
//!
//! A rule selects tags; an image is moved when every one of its tags is selected by some rule of the same scope. What is
//! different from the original: how many newer images a tag has is counted over all that it ever stood for (D-12), a limit
//! counts images and not their tags (D-13), and an image without an analysis is never selected.
//!
//! One query reads all that it takes. SQL could count and compare as well, but not faster: ARCHITECTURE.md says why it does not.

use std::collections::{BTreeSet, HashSet};

use globset::GlobMatcher;
use windlass_store::{Moment, archive_rules::Model as Rule};

use crate::wildcards::{shell_pattern, wildcard};

const DAY: i64 = 86_400;

/// An image of the working set, or of the archive.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) digest: String,
    /// The digest of the index that it was added with, or its own: images of one index are one version of a tag.
    pub(super) parent: String,
    /// Nothing where it is not analysed, so that it counts as newer than others and is not moved itself.
    pub(super) analyzed_at: Option<Moment>,
    /// What its age is counted from.
    pub(super) since: Moment,
}

/// A tag that stands, or stood, for an image.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// Place of its image among the candidates.
    pub(super) image: usize,
    pub(super) registry: String,
    pub(super) repository: String,
    pub(super) tag: String,
    pub(super) detected_at: Moment,
}

/// An image to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selected {
    pub(super) digest: String,
    /// `registry/repository:tag` of all its tags.
    pub(super) tags: Vec<String>,
    /// Ids of the rules that selected them.
    pub(super) rules: Vec<String>,
}

/// Before when whatever these rules could select was analysed, or archived; `None` where that could be any image.
pub(super) fn age_limit(rules: &[Rule], now: Moment) -> Option<Moment> {
    let limits: Option<Vec<Moment>> = rules.iter().map(|rule| limit(rule, now)).collect();
    limits?.into_iter().max()
}

/// Before when images were analysed, or archived, that are old enough for a rule; `None` where age does not count.
fn limit(rule: &Rule, now: Moment) -> Option<Moment> {
    let counts = rule.analysis_age_days >= 0 && rule.max_images_per_account.is_none();
    counts.then(|| now.plus_seconds(rule.analysis_age_days.saturating_mul(-DAY)))
}

/// The images that the rules of one scope select, in the order of their digests.
///
/// Of images that are too young for every rule ([`age_limit`]), only those need to be there that share a tag with an older
/// one.
pub(super) fn select(rules: &[&Rule], images: &[Candidate], mut mappings: Vec<Mapping>, now: Moment) -> Vec<Selected> {
    let criteria: Vec<Criteria> = rules.iter().map(|rule| Criteria::of(rule, images, now)).collect();
    mappings.sort_by(|one, other| {
        let newest_first = other.detected_at.cmp(&one.detected_at).then(other.image.cmp(&one.image));
        name(one).cmp(&name(other)).then(newest_first)
    });
    let mut selected: Vec<Selected> =
        images.iter().map(|image| Selected { digest: image.digest.clone(), tags: vec![], rules: vec![] }).collect();
    let mut rules_of: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); images.len()];
    let mut is_held = vec![false; images.len()];
    for history in mappings.chunk_by(|one, other| name(one) == name(other)) {
        let mut versions = HashSet::new();
        for mapping in history {
            let at = mapping.image;
            versions.insert(images[at].parent.as_str());
            let newer = i64::try_from(versions.len() - 1).unwrap_or(i64::MAX);
            let hits = criteria.iter().filter(|criteria| criteria.select(mapping, &images[at], newer, now));
            let mut hits = hits.map(|criteria| criteria.rule.id.as_str()).peekable();
            is_held[at] |= hits.peek().is_none();
            rules_of[at].extend(hits);
            selected[at].tags.push(format!("{}/{}:{}", mapping.registry, mapping.repository, mapping.tag));
        }
    }
    for (at, selected) in selected.iter_mut().enumerate() {
        selected.rules = rules_of[at].iter().map(|id| (*id).to_owned()).collect();
    }
    let mut moved: Vec<Selected> = selected
        .into_iter()
        .zip(is_held)
        .filter(|(selected, is_held)| !is_held && !selected.tags.is_empty())
        .map(|(selected, _)| selected)
        .collect();
    moved.sort_by(|one, other| one.digest.cmp(&other.digest));
    moved
}

fn name(mapping: &Mapping) -> (&str, &str, &str) {
    (&mapping.registry, &mapping.repository, &mapping.tag)
}

/// A rule, ready to be asked.
struct Criteria<'a> {
    rule: &'a Rule,
    before: Option<Moment>,
    selector: [GlobMatcher; 3],
    /// `None`: nothing is excluded.
    exclude: Option<[GlobMatcher; 3]>,
    /// Places of the images beyond the limit, where the rule has one.
    surplus: Option<HashSet<usize>>,
}

impl<'a> Criteria<'a> {
    fn of(rule: &'a Rule, images: &[Candidate], now: Moment) -> Self {
        let exclude = [&rule.exclude_registry, &rule.exclude_repository, &rule.exclude_tag];
        Self {
            rule,
            before: limit(rule, now),
            selector: [&rule.registry, &rule.repository, &rule.tag].map(|text| wildcard(text)),
            exclude: exclude.iter().all(|text| !text.is_empty()).then(|| exclude.map(|text| shell_pattern(text))),
            surplus: rule.max_images_per_account.map(|limit| surplus(limit, images)),
        }
    }

    /// `newer`: how many other versions the tag stood for later.
    fn select(&self, mapping: &Mapping, image: &Candidate, newer: i64, now: Moment) -> bool {
        let Some(analyzed_at) = image.analyzed_at else { return false };
        if let Some(surplus) = &self.surplus {
            return surplus.contains(&mapping.image);
        }
        let is_old = self.before.is_none_or(|before| image.since < before);
        let is_superseded = self.rule.tag_versions_newer <= newer;
        is_old && is_superseded && matches(&self.selector, mapping) && !self.excludes(mapping, analyzed_at, now)
    }

    fn excludes(&self, mapping: &Mapping, analyzed_at: Moment, now: Moment) -> bool {
        let days = now.micros().saturating_sub(analyzed_at.micros()).div_euclid(DAY * 1_000_000);
        let expiration = self.rule.exclude_expiration_days;
        let is_in_force = expiration < 0 || expiration > days;
        is_in_force && self.exclude.as_ref().is_some_and(|exclude| matches(exclude, mapping))
    }
}

fn matches([registry, repository, tag]: &[GlobMatcher; 3], mapping: &Mapping) -> bool {
    registry.is_match(&mapping.registry) && repository.is_match(&mapping.repository) && tag.is_match(&mapping.tag)
}

/// The images that were analysed first, beyond the limit. A limit of 0 is none.
fn surplus(limit: i64, images: &[Candidate]) -> HashSet<usize> {
    let analysed = images.iter().enumerate().filter_map(|(at, image)| Some((image.analyzed_at?, &image.digest, at)));
    let mut analysed: Vec<_> = analysed.collect();
    analysed.sort_unstable();
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let beyond = analysed.len().saturating_sub(limit);
    analysed[..beyond].iter().map(|(.., at)| *at).collect()
}

#[cfg(test)]
mod tests;
