//! What changed between two lists of vulnerabilities (`spec/operations.md` §2.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vulnerability;

/// A vulnerability in a package as notifications tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "PascalCase")]
pub struct VulnerabilitySummary {
    #[serde(rename = "CVE_ID")]
    pub cve_id: String,
    pub severity: String,
    /// Name and version, with a hyphen between them.
    #[serde(rename = "Vulnerable_Package")]
    pub vulnerable_package: String,
    /// Versions that fix it, separated by commas, or `None`.
    #[serde(rename = "Fix_Available")]
    pub fix_available: String,
    #[serde(rename = "URL")]
    pub url: String,
    #[serde(rename = "Package_Name")]
    pub package_name: String,
    #[serde(rename = "Package_Version")]
    pub package_version: String,
    #[serde(rename = "Package_Type")]
    pub package_type: String,
    pub feed: String,
    #[serde(rename = "Feed_Group")]
    pub feed_group: String,
}

impl From<&Vulnerability> for VulnerabilitySummary {
    fn from(vulnerability: &Vulnerability) -> Self {
        Self {
            cve_id: vulnerability.vuln.clone(),
            severity: vulnerability.severity.to_string(),
            vulnerable_package: vulnerability.package.clone(),
            fix_available: vulnerability.fix.clone(),
            url: vulnerability.url.clone(),
            package_name: vulnerability.package_name.clone(),
            package_version: vulnerability.package_version.clone(),
            package_type: vulnerability.package_type.clone(),
            feed: vulnerability.feed.clone(),
            feed_group: vulnerability.feed_group.clone(),
        }
    }
}

/// What an image has now, had before, or has in another form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VulnerabilityChanges {
    pub added: Vec<VulnerabilitySummary>,
    pub removed: Vec<VulnerabilitySummary>,
    pub updated: Vec<VulnerabilityChange>,
}

/// A vulnerability as it is told now, with the members that were different before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VulnerabilityChange {
    #[serde(flatten)]
    pub now: VulnerabilitySummary,
    /// By name of the member.
    pub changed: BTreeMap<String, OldAndNew>,
}

/// The value of a member before and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OldAndNew {
    pub old: String,
    pub new: String,
}

type Identity<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

impl VulnerabilityChanges {
    /// The way from one list to another, sorted by vulnerability, group and package.
    pub fn between(old: &[Vulnerability], new: &[Vulnerability]) -> Self {
        let (old, new) = (by_identity(old), by_identity(new));
        let summaries = |of: &BTreeMap<Identity<'_>, VulnerabilitySummary>, without: &BTreeMap<Identity<'_>, _>| {
            of.iter().filter(|(identity, _)| !without.contains_key(*identity)).map(|(_, one)| one.clone()).collect()
        };
        let updated = new.iter().filter_map(|(identity, now)| {
            let changed = changed(old.get(identity)?, now);
            (!changed.is_empty()).then(|| VulnerabilityChange { now: now.clone(), changed })
        });
        Self { added: summaries(&new, &old), removed: summaries(&old, &new), updated: updated.collect() }
    }

    /// Adds what became of one vulnerability in one package, of which nothing is told where it stayed as it was. `more` are
    /// members beside those of the summary that differ. [`VulnerabilityChanges::sort`] ends it.
    pub fn add(
        &mut self,
        before: Option<&VulnerabilitySummary>,
        now: Option<&VulnerabilitySummary>,
        more: impl IntoIterator<Item = (String, OldAndNew)>,
    ) {
        match (before, now) {
            (None, None) => {}
            (None, Some(now)) => self.added.push(now.clone()),
            (Some(before), None) => self.removed.push(before.clone()),
            (Some(before), Some(now)) => {
                let mut changed = changed(before, now);
                changed.extend(more);
                if !changed.is_empty() {
                    self.updated.push(VulnerabilityChange { now: now.clone(), changed });
                }
            }
        }
    }

    /// By vulnerability, group and package.
    pub fn sort(&mut self) {
        fn key(of: &VulnerabilitySummary) -> (&str, &str, &str, &str, &str) {
            (&of.cve_id, &of.feed_group, &of.package_name, &of.package_version, &of.package_type)
        }
        self.added.sort_by(|a, b| key(a).cmp(&key(b)));
        self.removed.sort_by(|a, b| key(a).cmp(&key(b)));
        self.updated.sort_by(|a, b| key(&a.now).cmp(&key(&b.now)));
    }

    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.updated.is_empty()
    }
}

fn by_identity(vulnerabilities: &[Vulnerability]) -> BTreeMap<Identity<'_>, VulnerabilitySummary> {
    let identity = |of: &'_ Vulnerability| -> VulnerabilitySummary { of.into() };
    vulnerabilities
        .iter()
        .map(|one| {
            let key: Identity<'_> = (
                &one.vuln,
                &one.feed_group,
                &one.package_name,
                &one.package_version,
                &one.package_type,
                &one.package_path,
            );
            (key, identity(one))
        })
        .collect()
}

/// The members that may differ where the identity is the same.
fn changed(old: &VulnerabilitySummary, new: &VulnerabilitySummary) -> BTreeMap<String, OldAndNew> {
    [
        ("Severity", &old.severity, &new.severity),
        ("Fix_Available", &old.fix_available, &new.fix_available),
        ("URL", &old.url, &new.url),
        ("Feed", &old.feed, &new.feed),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(name, old, new)| (name.to_owned(), OldAndNew { old: old.clone(), new: new.clone() }))
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::vulnerabilities::tests::vulnerability;

    #[test]
    fn what_came_went_and_changed_is_told_apart() {
        let (kept, gone, came) = (vulnerability("CVE-1"), vulnerability("CVE-2"), vulnerability("CVE-3"));
        let mut fixed = vulnerability("CVE-4");
        let before = [gone.clone(), fixed.clone(), kept.clone()];
        fixed.fix = "2.0".into();
        let after = [came, kept, fixed];
        let changes = VulnerabilityChanges::between(&before, &after);
        let ids = |list: &[VulnerabilitySummary]| list.iter().map(|one| one.cve_id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&changes.added), ids(&changes.removed)), (vec!["CVE-3".to_owned()], vec!["CVE-2".to_owned()]));
        assert_eq!(
            json!(changes.updated),
            json!([{
                "CVE_ID": "CVE-4", "Severity": "High", "Vulnerable_Package": "p-1", "Fix_Available": "2.0",
                "URL": "None", "Package_Name": "p", "Package_Version": "1", "Package_Type": "dpkg",
                "Feed": "vulnerabilities", "Feed_Group": "debian:12",
                "changed": {"Fix_Available": {"old": "None", "new": "2.0"}},
            }])
        );
        assert!(VulnerabilityChanges::between(&after, &after).is_empty());
    }
}
