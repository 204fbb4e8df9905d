//! One rule on one image, for the tests of gates.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_matching::Outcome;
use windlass_sbom::Sbom;

use crate::{Bundle, CompiledBundle, Evaluation, Image, Knowledge, Profile, Request};

/// A row, as far as gates decide it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fired {
    pub(crate) id: String,
    pub(crate) message: String,
}

impl Fired {
    pub(crate) fn new(id: &str, message: &str) -> Self {
        Self { id: id.into(), message: message.into() }
    }
}

/// The time of every evaluation here.
pub(crate) const NOW: &str = "2024-06-01T00:00:00Z";

/// A rule and what it is to be evaluated over.
pub(crate) struct Case<'a> {
    pub(crate) sbom: &'a Sbom,
    pub(crate) outcome: Outcome,
    pub(crate) knowledge: Knowledge<'a>,
    pub(crate) profile: Profile,
}

impl<'a> Case<'a> {
    /// Nothing is known but the analysis.
    pub(crate) fn new(sbom: &'a Sbom) -> Self {
        Self { sbom, outcome: Outcome::default(), knowledge: Knowledge::default(), profile: Profile::Compat }
    }

    /// What a rule of id `rid` finds; panics where it cannot be evaluated.
    pub(crate) fn fired(&self, gate: &str, trigger: &str, params: &[(&str, &str)]) -> Vec<Fired> {
        self.evaluated(gate, trigger, params).unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// What a rule finds, or the text of the problem.
    pub(crate) fn evaluated(&self, gate: &str, trigger: &str, params: &[(&str, &str)]) -> Result<Vec<Fired>, String> {
        self.evaluate(gate, trigger, params, |evaluation| {
            if let Some(problem) = evaluation.problems.first() {
                return Err(problem.details.clone());
            }
            let rows = evaluation.rows();
            Ok(rows.map(|(_, row)| Fired { id: row.trigger_id.to_string(), message: row.message.clone() }).collect())
        })
    }

    /// Until when the result of a rule holds; `None`: for ever.
    pub(crate) fn valid_until(&self, gate: &str, trigger: &str, params: &[(&str, &str)]) -> Option<Timestamp> {
        self.evaluate(gate, trigger, params, |evaluation| evaluation.valid_until)
    }

    fn evaluate<T>(
        &self,
        gate: &str,
        trigger: &str,
        params: &[(&str, &str)],
        result: impl FnOnce(&Evaluation<'_>) -> T,
    ) -> T {
        let params: Vec<Value> = params.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let rule = json!({"id": "rid", "gate": gate, "trigger": trigger, "action": "STOP", "params": params});
        let bundle = Bundle::from_value(bundle(&[rule])).unwrap();
        let compiled = CompiledBundle::new(Arc::new(bundle), self.profile);
        let image = Image::new(self.sbom, &self.outcome, self.knowledge.clone());
        let now: Timestamp = NOW.parse().unwrap();
        result(&compiled.evaluate(&Request::new(&image, "docker.io/library/test:1", now)))
    }
}

/// What a rule finds in an analysis.
pub(crate) fn fired(gate: &str, trigger: &str, params: &[(&str, &str)], sbom: &Sbom) -> Vec<Fired> {
    Case::new(sbom).fired(gate, trigger, params)
}

/// A bundle of one policy, which every image is mapped to.
pub(crate) fn bundle(rules: &[Value]) -> Value {
    json!({
        "id": "b", "version": "1_0", "whitelists": [],
        "policies": [{"id": "p", "version": "1_0", "rules": rules}],
        "mappings": [{
            "name": "all", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
            "policy_ids": ["p"], "whitelist_ids": [],
        }],
    })
}
