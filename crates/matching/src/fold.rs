//! Which records speak of one flaw, and which of them speaks for it.
//!
//! A flaw has many records: the distribution's, GitHub's, the NVD's. Reporting each makes one problem look like three,
//! so records of one flaw in one package become one finding. The one who knows the package best speaks for it: its
//! distribution, then GitHub's reviewed advisories, then the ecosystem's own, then the NVD.

use std::{cmp::Ordering, collections::HashMap};

use windlass_advisories::FixState;

use crate::{Fix, Match, MatchDetail, search::tidy};

/// Hits of one package that become one finding; the first speaks.
pub(crate) struct Folded {
    pub(crate) hits: Vec<Match>,
    pub(crate) fix: Fix,
    pub(crate) details: Vec<MatchDetail>,
}

/// One finding a flaw.
pub(crate) fn by_flaw(mut hits: Vec<Match>) -> Vec<Folded> {
    hits.sort_by(precedence);
    let groups = groups(&hits);
    let mut members: Vec<Vec<Match>> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (hit, group) in hits.into_iter().zip(groups) {
        let place = *places.entry(group).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[place].push(hit);
    }
    members
        .into_iter()
        .map(|hits| {
            let fix = folded_fix(&hits);
            Folded { details: details(&hits), fix, hits }
        })
        .collect()
}

/// One finding a record and fix: the baseline's fingerprint (`spec/matching.md` §6.4).
pub(crate) fn by_record(mut hits: Vec<Match>) -> Vec<Folded> {
    hits.sort_by(precedence);
    let mut folded: Vec<Folded> = Vec::new();
    let mut places: HashMap<(String, String, FixState, Vec<String>), usize> = HashMap::new();
    for hit in hits {
        let fingerprint =
            (hit.vulnerability.id.clone(), hit.namespace().to_owned(), hit.fix.state, hit.fix.versions.clone());
        if let Some(&place) = places.get(&fingerprint) {
            let known = &mut folded[place];
            known.hits.push(hit);
            known.details = details(&known.hits);
        } else {
            places.insert(fingerprint, folded.len());
            folded.push(Folded { details: vec![hit.detail.clone()], fix: hit.fix.clone(), hits: vec![hit] });
        }
    }
    folded
}

/// Best first, and total: equal hits are equal.
pub(crate) fn precedence(a: &Match, b: &Match) -> Ordering {
    let rank = |hit: &Match| match hit.vulnerability.provider.as_str() {
        _ if hit.namespace().contains(":distro:") => 0,
        "github" => 1,
        "nvd" => 3,
        _ => 2,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| a.vulnerability.id.cmp(&b.vulnerability.id))
        .then_with(|| a.namespace().cmp(b.namespace()))
        .then_with(|| a.detail.cmp(&b.detail))
        .then_with(|| a.fix.cmp(&b.fix))
        .then_with(|| a.names.cmp(&b.names))
}

fn details(hits: &[Match]) -> Vec<MatchDetail> {
    let mut details: Vec<MatchDetail> = hits.iter().map(|hit| hit.detail.clone()).collect();
    details.sort();
    details.dedup();
    details
}

/// The speaker's fix, over all its records of the flaw; where it does not know of any, that of the next who does.
fn folded_fix(hits: &[Match]) -> Fix {
    let speaker = &hits[0];
    let mut fix = Fix::default();
    for hit in hits.iter().filter(|hit| hit.namespace() == speaker.namespace()) {
        merge(&mut fix, &hit.fix);
    }
    if fix.state == FixState::Unknown
        && let Some(next) = hits.iter().find(|hit| hit.fix.state != FixState::Unknown)
    {
        merge(&mut fix, &next.fix);
    }
    tidy(&mut fix);
    fix
}

fn merge(fix: &mut Fix, other: &Fix) {
    let rank = |state| match state {
        FixState::Fixed => 4,
        FixState::WontFix => 3,
        FixState::NotFixed => 2,
        FixState::NotAffected => 1,
        FixState::Unknown => 0,
    };
    if rank(other.state) > rank(fix.state) {
        fix.state = other.state;
    }
    fix.versions.extend(other.versions.iter().cloned());
    fix.available.extend(other.available.iter().cloned());
    fix.advisories.extend(other.advisories.iter().cloned());
}

/// For each hit the index of the group it belongs to.
///
/// Records are joined by the names they share. An advisory about several CVEs is no other name of any of them, so CVEs
/// join only records that concern a single one, and groups about different CVEs are never joined, whatever else they
/// share.
fn groups(hits: &[Match]) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..hits.len()).collect();
    let mut cves: Vec<Option<String>> = Vec::with_capacity(hits.len());
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (index, hit) in hits.iter().enumerate() {
        let mut names: Vec<String> = hit.names.iter().map(|name| name.to_ascii_uppercase()).collect();
        names.sort();
        names.dedup();
        let own: Vec<String> = names.iter().filter(|name| name.starts_with("CVE-")).cloned().collect();
        let single = (own.len() == 1).then(|| own[0].clone());
        let record_name = hit.vulnerability.id.to_ascii_uppercase();
        if single.is_none() {
            names.retain(|name| !name.starts_with("CVE-") || *name == record_name);
        }
        cves.push(single);
        for name in names {
            let Some(&owner) = owners.get(&name) else {
                owners.insert(name, index);
                continue;
            };
            let (one, other) = (root(&mut parents, owner), root(&mut parents, index));
            let (first, second) = (one.min(other), one.max(other));
            let agree = match (&cves[first], &cves[second]) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            };
            if first != second && agree {
                parents[second] = first;
                cves[first] = cves[first].clone().or_else(|| cves[second].clone());
            }
        }
    }
    (0..hits.len()).map(|index| root(&mut parents, index)).collect()
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}
