//! Outcomes as a store keeps them: findings as rows of a package version, records once each.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    ContentKey, Finding, Fix, IncomparableRecord, Match, Options, PackageInput, PackageOutcome, Severity,
    Vulnerability, engine, fold, inventory::is_named,
};

/// A [`PackageOutcome`] without the records themselves. Only `findings` grows with what is found; each is a row that
/// opens when it appears and closes when it is gone, and the rest fits the row of the package version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredOutcome {
    pub findings: Vec<StoredFinding>,
    pub rest: StoredRest,
}

/// What an outcome holds beside findings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredRest {
    /// Matches that are findings in no image, because the package alone shows that they are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<Match<ContentKey>>,
    /// As in [`PackageOutcome`], like the rest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomparable: Vec<IncomparableRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cves: Vec<ContentKey>,
}

/// One flaw in one package version. All but `matches` are columns to search and sort by, as of the day it was stored;
/// `matches` are what findings of images are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredFinding {
    /// The record that speaks for the flaw: with its namespace what the finding is known by from one database to the next.
    pub vulnerability: String,
    pub namespace: String,
    pub severity: Severity,
    pub fix: Fix,
    /// Every name it goes by, its own first, none twice.
    pub names: Vec<String>,
    /// Upper case: the CVEs it is about, by which exploitation and its likelihood are looked up.
    pub cves: Vec<String>,
    /// The first link of the record.
    pub link: String,
    /// 0 to 100.
    pub risk: f64,
    pub is_known_exploited: bool,
    /// Chance of exploitation within thirty days and its rank, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<(f64, f64)>,
    /// Never empty.
    pub matches: Vec<Match<ContentKey>>,
}

/// Records by the key of their content, without decorations. All of them stay in memory: who stores many packages takes
/// one for each batch and leaves out, when writing, the keys that the store already has.
#[derive(Clone, Debug, Default)]
pub struct Records {
    by_key: BTreeMap<ContentKey, Arc<Vulnerability>>,
    /// Keys by the address of a record; the record is kept, so that no other can have its address.
    known: HashMap<usize, (ContentKey, Arc<Vulnerability>)>,
}

/// A record that an outcome names and the store does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the vulnerability record {key} is not in the store; match the package again")]
pub struct MissingRecord {
    pub key: ContentKey,
}

impl Records {
    pub fn new() -> Self {
        Self::default()
    }

    /// The records to be kept, by key; [`Vulnerability::decorated`] completes them when they are read.
    pub fn iter(&self) -> impl Iterator<Item = (&ContentKey, &Arc<Vulnerability>)> {
        self.by_key.iter()
    }

    pub fn get(&self, key: &ContentKey) -> Option<&Arc<Vulnerability>> {
        self.by_key.get(key)
    }

    /// The key of a record, which is kept from now on.
    pub fn intern(&mut self, record: &Arc<Vulnerability>) -> ContentKey {
        let address = Arc::as_ptr(record).addr();
        if let Some((key, _)) = self.known.get(&address) {
            return *key;
        }
        let plain = Vulnerability::clone(record).undecorated();
        let key = ContentKey::of("record 1", &plain);
        self.by_key.entry(key).or_insert_with(|| Arc::new(plain));
        self.known.insert(address, (key, Arc::clone(record)));
        key
    }
}

impl PackageOutcome {
    /// The findings of a package that has them in an image where nothing clears them; indexes are 0.
    pub fn findings(&self, input: &PackageInput, options: &Options) -> Vec<Finding> {
        engine::of_package(self.open(), 0, input, options)
    }

    /// The outcome in the form that a store keeps; its records go to `records`.
    pub fn store(&self, input: &PackageInput, options: &Options, records: &mut Records) -> StoredOutcome {
        let mut stored = |one: &Match| one.try_map(&mut |record| Ok::<_, Never>(records.intern(record)));
        let mut findings = Vec::new();
        for folded in engine::folded(self.open(), options) {
            let matches = folded.hits.iter().map(|one| always(stored(one))).collect();
            findings.push(StoredFinding::of(&engine::finding(folded, 0, input, options), matches));
        }
        let cleared = self.matches.iter().filter(|one| one.cleared.is_some());
        let cleared = cleared.map(|one| always(stored(one))).collect();
        let rest = StoredRest {
            cleared,
            fixed: self.fixed.clone(),
            incomparable: self.incomparable.clone(),
            failure: self.failure.clone(),
            cves: self.cves.iter().map(|record| records.intern(record)).collect(),
        };
        StoredOutcome { findings, rest }
    }

    fn open(&self) -> Vec<Match> {
        self.matches.iter().filter(|one| one.cleared.is_none()).cloned().collect()
    }
}

enum Never {}

fn always<T>(result: Result<T, Never>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

impl StoredFinding {
    /// Whether it is none where the owners of its package have fixed the flaws of these names
    /// ([`PackageOutcome::fixed`]), upper case.
    pub fn is_fixed_by(&self, fixed: &HashSet<&str>) -> bool {
        self.matches.iter().all(|one| is_named(&one.names, fixed))
    }

    fn of(finding: &Finding, matches: Vec<Match<ContentKey>>) -> Self {
        let record = &finding.vulnerability;
        let unique = |names: &mut dyn Iterator<Item = &str>| {
            let mut seen = BTreeSet::new();
            names.filter(|name| seen.insert(name.to_ascii_uppercase())).map(str::to_owned).collect::<Vec<_>>()
        };
        let records = || std::iter::once(record).chain(&finding.related);
        Self {
            vulnerability: record.id.clone(),
            namespace: record.namespace.clone(),
            severity: record.severity,
            fix: finding.fix.clone(),
            names: unique(&mut finding.names()),
            cves: unique(&mut records().flat_map(|record| &record.cves).map(String::as_str)),
            link: record.data_source.clone(),
            risk: finding.risk,
            is_known_exploited: !record.known_exploited.is_empty(),
            epss: record.epss.first().map(|score| (score.epss, score.percentile)),
            matches,
        }
    }
}

impl StoredOutcome {
    /// The records it names, to be read before [`StoredOutcome::load`].
    pub fn records(&self) -> BTreeSet<ContentKey> {
        let of_matches = self.matches().flat_map(|one| std::iter::once(&one.vulnerability).chain(&one.related));
        of_matches.chain(&self.rest.cves).copied().collect()
    }

    /// The outcome as it was matched, with the records that `record` has for these keys, decorated or not.
    ///
    /// # Errors
    /// When `record` does not have one.
    pub fn load(
        &self,
        mut record: impl FnMut(&ContentKey) -> Option<Arc<Vulnerability>>,
    ) -> Result<PackageOutcome, MissingRecord> {
        let mut read = |key: &ContentKey| record(key).ok_or(MissingRecord { key: *key });
        let matches = self.matches().map(|one| one.try_map(&mut read)).collect::<Result<Vec<Match>, _>>();
        let mut matches = matches?;
        matches.sort_by(fold::precedence);
        let rest = &self.rest;
        Ok(PackageOutcome {
            matches,
            fixed: rest.fixed.clone(),
            incomparable: rest.incomparable.clone(),
            failure: rest.failure.clone(),
            cves: rest.cves.iter().map(&mut read).collect::<Result<_, _>>()?,
        })
    }

    fn matches(&self) -> impl Iterator<Item = &Match<ContentKey>> {
        self.findings.iter().flat_map(|finding| &finding.matches).chain(&self.rest.cleared)
    }
}
