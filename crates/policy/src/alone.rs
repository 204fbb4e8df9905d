//! What findings come to by themselves: enough to see whether new vulnerability data can change a verdict, without looking
//! at the image.
//!
//! Where every rule judges a finding by what is known of that finding alone, the verdict on an image is the worst of what
//! its findings come to and of what has nothing to do with findings. Findings that come and go can only change it if they
//! are worse than it, or as bad as it when they go.

use jiff::Timestamp;

use crate::{
    About, Action, CompiledBundle, Request, Tag,
    evaluate::{Run, first},
    gate::Inputs,
    mapping::Identified,
};

/// What findings come to, where the image that they are in is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alone {
    /// The worst that rules may make of them.
    pub worst: Action,
    /// What rules make of them at least.
    pub best: Action,
    /// When time alone may make something else of them.
    pub valid_until: Option<Timestamp>,
}

impl Alone {
    /// What nothing at all comes to.
    pub const NOTHING: Self = Self { worst: Action::Go, best: Action::Go, valid_until: None };

    /// What these findings come to together with others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            worst: self.worst.min(other.worst),
            best: self.best.min(other.best),
            valid_until: self.valid_until.into_iter().chain(other.valid_until).min(),
        }
    }
}

impl CompiledBundle {
    /// Whether every rule judges a finding by what is known of that finding alone.
    pub fn judges_findings_alone(&self) -> bool {
        self.fatal.is_none() && !self.reads().intersects(Inputs::ALL_FINDINGS)
    }

    /// Which of the mappings an image gets, counted from 0; `None` where none, or one that cannot be used.
    pub fn mapping_of(&self, tag: &str, digest: &str, id: &str) -> Option<usize> {
        let tag = Tag::parse(tag);
        let image = Identified { tag: &tag, digest, id };
        let found = first(self.mappings.iter().map(|mapping| &mapping.images), image).ok()??;
        self.mappings[found].problems.is_empty().then_some(found)
    }

    /// What the findings of an image come to under a mapping, whatever else the image is like. Where a package lies is not
    /// known here: libraries that an allow-list may cover by their file are between the best and the worst. `None` where it
    /// cannot be said.
    pub fn judge_alone(&self, mapping: usize, request: &Request<'_>) -> Option<Alone> {
        let mapping = self.mappings.get(mapping)?;
        let mut run = Run::about(request, self.context(request), Inputs::FINDINGS);
        let policies = run.evaluate_mapping(mapping);
        if run.problems.iter().any(crate::Problem::stops) {
            return None;
        }
        let mut alone = Alone { valid_until: run.valid_until, ..Alone::NOTHING };
        for row in policies.iter().flat_map(|policy| &policy.rows) {
            let About::Finding(index) = row.about else { return None };
            let is_exact = request.image.findings().get(index).is_some_and(crate::FindingFact::is_os);
            let (worst, best) = if is_exact { (row.action, row.action) } else { (row.rule.action, Action::Go) };
            alone = alone.and(Alone { worst, best, valid_until: row.grace_until });
        }
        Some(alone)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use windlass_matching::{Finding, Flaw, Outcome, Severity, Vulnerability};
    use windlass_sbom::{Package, PackageType, Sbom};

    use super::*;
    use crate::{Bundle, Image, Knowledge, Profile, testing};

    fn bundle(rule: Value) -> CompiledBundle {
        let mut document = testing::bundle(&[rule]);
        document["whitelists"] = json!([{"id": "w", "version": "1_0", "name": "w", "items": [
            {"id": "i", "gate": "vulnerabilities", "trigger_id": "CVE-2026-1+apt"},
        ]}]);
        document["mappings"][0]["whitelist_ids"] = json!(["w"]);
        CompiledBundle::new(Arc::new(Bundle::from_value(document).unwrap()), Profile::Compat)
    }

    fn alone(kind: PackageType, cve: &str, severity: Severity) -> Alone {
        let param = |name: &str, value: &str| json!({"name": name, "value": value});
        let bundle = bundle(json!({
            "id": "r", "gate": "vulnerabilities", "trigger": "package", "action": "STOP",
            "params": [param("package_type", "all"), param("severity_comparison", ">="), param("severity", "high")],
        }));
        let sbom = Sbom { packages: vec![Package::new(kind, "apt", "1")], ..Sbom::default() };
        let record = Vulnerability { id: cve.into(), severity, ..Vulnerability::default() };
        let finding = Finding::new(0, Flaw { vulnerability: Arc::new(record), ..Flaw::default() });
        let outcome = Outcome { findings: vec![finding], ..Outcome::default() };
        let image = Image::new(&sbom, &outcome, Knowledge::default());
        let request = Request::new(&image, "docker.io/a:1", Timestamp::UNIX_EPOCH);
        let mapping = bundle.mapping_of("docker.io/a:1", "", "").unwrap();
        assert!(bundle.judges_findings_alone());
        bundle.judge_alone(mapping, &request).unwrap()
    }

    #[test]
    fn findings_of_the_distribution_are_judged_as_in_their_image() {
        let both = |action| Alone { worst: action, best: action, valid_until: None };
        assert_eq!(alone(PackageType::Deb, "CVE-2026-2", Severity::High), both(Action::Stop));
        assert_eq!(alone(PackageType::Deb, "CVE-2026-1", Severity::High), both(Action::Go), "it is allowed");
        assert_eq!(alone(PackageType::Deb, "CVE-2026-2", Severity::Low), both(Action::Go));
    }

    #[test]
    fn a_library_may_be_allowed_by_the_file_that_it_lies_in() {
        let told = alone(PackageType::Npm, "CVE-2026-2", Severity::High);
        assert_eq!((told.worst, told.best), (Action::Stop, Action::Go));
    }

    #[test]
    fn a_rule_that_asks_for_more_than_the_finding_is_not_judged_alone() {
        let rule = json!({
            "id": "r", "gate": "vulnerabilities", "trigger": "blacklist", "action": "STOP",
            "params": [{"name": "vulnerability_ids", "value": "CVE-2026-1"}],
        });
        assert!(!bundle(rule).judges_findings_alone());
    }
}
