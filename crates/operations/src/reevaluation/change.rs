//! Changes of findings, read once for all tags that they are told of.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use windlass_advisories::FixState;
use windlass_channels::{VulnerabilityChange, VulnerabilityFact};
use windlass_matching::StoredFinding;
use windlass_sbom::PackageType;
use windlass_store::{finding_changes::Described, findings::InImage};
use windlass_v1::{
    feeds,
    vulnerabilities::{OldAndNew, SeverityName, VulnerabilitySummary},
};

use crate::{Error, Result, vulnerabilities::ChangedFinding};

/// What a finding is known by, whatever data speak of it: package version, vulnerability, group, ordinal.
pub(super) type Identity = (i64, String, String, i64);

/// A finding as it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) summary: VulnerabilitySummary,
    fact: VulnerabilityFact,
}

/// A change as data made it.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) id: i64,
    pub(super) identity: Identity,
    /// `None` where there was none, or none that is told: vendors will not fix it.
    pub(super) before: Option<Told>,
    pub(super) after: Option<Told>,
    /// As rules see it; only where rules are asked.
    pub(super) judged: Option<ChangedFinding>,
}

/// A package in the words of the API.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    kind: &'a str,
    feed_group: &'a str,
}

impl Change {
    pub(super) fn of(row: &Described, judged: Option<ChangedFinding>) -> Result<Self> {
        let package = Package { name: &row.name, version: &row.version, kind: &row.kind, feed_group: &row.feed_group };
        let (before, after) = (read(row.before.as_deref())?, read(row.after.as_deref())?);
        let either = after.as_ref().or(before.as_ref());
        let vulnerability = either.map(|finding| finding.vulnerability.clone()).unwrap_or_default();
        let told = |finding: &Option<StoredFinding>| finding.as_ref().and_then(|finding| Told::of(finding, &package));
        Ok(Self {
            id: row.id,
            identity: (row.package_version, vulnerability, row.feed_group.clone(), row.ordinal),
            before: told(&before),
            after: told(&after),
            judged,
        })
    }
}

fn read(detail: Option<&str>) -> Result<Option<StoredFinding>> {
    let unreadable = |error: serde_json::Error| Error::Broken(format!("a finding cannot be read: {error}"));
    detail.map(|text| serde_json::from_str(text).map_err(unreadable)).transpose()
}

impl Told {
    /// `None` where the vendor will not fix it (`spec/operations.md` §2.3).
    fn of(finding: &StoredFinding, package: &Package<'_>) -> Option<Self> {
        if finding.fix.state == FixState::WontFix {
            return None;
        }
        let Package { name, version, kind, feed_group } = *package;
        let fixed_in: Vec<String> =
            finding.fix.versions.iter().filter(|version| !version.is_empty()).cloned().collect();
        let or_none = |text: &str| if text.is_empty() { "None".to_owned() } else { text.to_owned() };
        let severity = SeverityName::from(finding.severity).as_str().to_owned();
        let summary = VulnerabilitySummary {
            cve_id: finding.vulnerability.clone(),
            severity: severity.clone(),
            vulnerable_package: format!("{name}-{version}"),
            fix_available: or_none(&fixed_in.join(",")),
            url: or_none(&finding.link),
            package_name: name.to_owned(),
            package_version: version.to_owned(),
            package_type: windlass_policy::package_kind(PackageType::parse(kind)).to_owned(),
            feed: feeds::VULNERABILITIES.to_owned(),
            feed_group: feed_group.to_owned(),
        };
        let aliases = finding.names.iter().filter(|name| !name.eq_ignore_ascii_case(&finding.vulnerability));
        let fact = VulnerabilityFact {
            id: finding.vulnerability.clone(),
            aliases: aliases.cloned().collect(),
            change: VulnerabilityChange::Added,
            severity,
            kev: finding.is_known_exploited,
            epss: finding.epss.map(|(score, _)| score),
            package: name.to_owned(),
            version: version.to_owned(),
            fixed_in,
            url: (!finding.link.is_empty()).then(|| finding.link.clone()),
        };
        Some(Self { summary, fact })
    }

    /// The finding as a fact of what became of it.
    pub(super) fn fact(&self, change: VulnerabilityChange) -> VulnerabilityFact {
        VulnerabilityFact { change, ..self.fact.clone() }
    }

    /// What differs beside the members of the summary: whether it is exploited is news, and was none of them.
    pub(super) fn more_than(&self, before: &Self) -> Option<(String, OldAndNew)> {
        let (old, new) = (before.fact.kev, self.fact.kev);
        (old != new).then(|| ("Known_Exploited".to_owned(), OldAndNew { old: old.to_string(), new: new.to_string() }))
    }
}

/// What is found in an image now, as it is told, by what it is told by: places of a package are not told apart.
pub(super) fn present(rows: Vec<InImage>) -> Result<HashMap<VulnerabilityKey, Arc<Told>>> {
    let mut present = HashMap::with_capacity(rows.len());
    for row in rows {
        let package = Package { name: &row.name, version: &row.version, kind: &row.kind, feed_group: &row.feed_group };
        let told = read(Some(&row.detail))?.as_ref().and_then(|finding| Told::of(finding, &package));
        if let Some(told) = told {
            let of = &told.summary;
            let key = [&of.cve_id, &of.feed_group, &of.package_name, &of.package_version, &of.package_type];
            present.insert(key.map(Clone::clone), Arc::new(told));
        }
    }
    Ok(present)
}

/// Vulnerability, group, and the package's name, version and type.
pub(super) type VulnerabilityKey = [String; 5];

/// A change as whoever looks back is told it.
#[derive(Clone, Debug)]
pub(crate) struct ToldChange {
    /// `added`, `updated`, `removed`
    pub(crate) change: &'static str,
    pub(crate) vulnerability: VulnerabilitySummary,
    pub(crate) changed: BTreeMap<String, OldAndNew>,
}

/// What is told of a change; `None` where nothing is that anybody is told.
pub(crate) fn told_change(row: &Described) -> Result<Option<ToldChange>> {
    let change = Change::of(row, None)?;
    let pair = [(change.before.as_ref(), change.after.as_ref())];
    let mut changes = super::vulnerabilities::Diff::between(pair.into_iter()).changes;
    let told = |change, vulnerability, changed| ToldChange { change, vulnerability, changed };
    Ok(if let Some(added) = changes.added.pop() {
        Some(told("added", added, BTreeMap::new()))
    } else if let Some(removed) = changes.removed.pop() {
        Some(told("removed", removed, BTreeMap::new()))
    } else {
        changes.updated.pop().map(|updated| told("updated", updated.now, updated.changed))
    })
}
