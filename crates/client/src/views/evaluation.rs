//! Policy evaluations: `[{digest: {tag: [evaluation, …]}}]` (`spec/api.md` A4.6).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Text,
    lenient::{list, or_default},
};

/// The evaluations of an image under one name.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// Of the image that was evaluated; it need not be the digest that was asked about, if that is an index's.
    pub image_digest: String,
    pub full_tag: String,
    /// Newest first.
    pub evaluations: Vec<Evaluation>,
}

impl Check {
    /// All that an answer holds.
    pub fn all(document: &Value) -> Vec<Self> {
        let records: Vec<Record> = list(document).unwrap_or_default();
        let by_digest = records.into_iter().flatten();
        let flat = by_digest.flat_map(|(image_digest, tags)| {
            tags.0.into_iter().map(move |(full_tag, evaluations)| Self {
                image_digest: image_digest.clone(),
                full_tag,
                evaluations: evaluations.0,
            })
        });
        flat.collect()
    }

    /// What the newest says: whether the image passed. `None` if there is none, or its word is unknown.
    pub fn passed(&self) -> Option<bool> {
        let status = &self.evaluations.first()?.status;
        if status.is("pass") { Some(true) } else { status.is("fail").then_some(false) }
    }
}

type Record = BTreeMap<String, Tags>;

#[derive(Deserialize)]
struct Tags(#[serde(deserialize_with = "or_default")] BTreeMap<String, Evaluations>);

#[derive(Deserialize)]
struct Evaluations(#[serde(deserialize_with = "list")] Vec<Evaluation>);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    pub status: Text,
    pub last_evaluation: Text,
    #[serde(rename = "policyId")]
    pub policy_id: Text,
    #[serde(deserialize_with = "or_default")]
    detail: Detail,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Detail {
    #[serde(deserialize_with = "or_default")]
    result: Option<Outcome>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Outcome {
    image_id: Text,
    final_action: Text,
    final_action_reason: Text,
    #[serde(deserialize_with = "or_default")]
    evaluation_problems: Vec<EvaluationProblem>,
    result: Value,
}

/// Something that kept the verdict from being reached in full.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct EvaluationProblem {
    pub details: Text,
    /// What to do about it.
    pub hint: Text,
}

/// One finding of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationRow {
    pub gate: String,
    pub trigger: String,
    pub detail: String,
    /// The action, or `whitelisted(NAME)`.
    pub status: String,
}

impl Evaluation {
    /// Whether the service told more than the status.
    pub fn has_detail(&self) -> bool {
        self.detail.result.is_some()
    }

    pub fn image_id(&self) -> &str {
        self.detail.result.as_ref().map_or("", |result| result.image_id.as_str())
    }

    pub fn final_action(&self) -> &str {
        self.detail.result.as_ref().map_or("", |result| result.final_action.as_str())
    }

    pub fn final_action_reason(&self) -> &str {
        self.detail.result.as_ref().map_or("", |result| result.final_action_reason.as_str())
    }

    pub fn problems(&self) -> &[EvaluationProblem] {
        self.detail.result.as_ref().map_or(&[], |result| &result.evaluation_problems)
    }

    /// In the service's order. A row is a list of cells; the fourth is the gate, and so on (`spec/api.md` B6).
    pub fn rows(&self) -> Vec<EvaluationRow> {
        let Some(outcome) = &self.detail.result else { return Vec::new() };
        let rows = outcome.result.get(outcome.image_id.as_str()).and_then(|image| image.pointer("/result/rows"));
        let rows = rows.and_then(Value::as_array).into_iter().flatten();
        rows.map(|row| {
            let cell =
                |at: usize| row.get(at).and_then(|cell| Text::deserialize(cell).ok()).unwrap_or_default().to_string();
            let allowed = row.get(7).and_then(|entry| entry.get("whitelist_name")).and_then(Value::as_str);
            EvaluationRow {
                gate: cell(3),
                trigger: cell(4),
                detail: cell(5),
                status: allowed.map_or_else(|| cell(6), |name| format!("whitelisted({name})")),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_evaluation_is_read_with_its_rows() {
        let document = json!([{"sha256:aa": {"docker.io/nginx:1": [{"status": "fail", "policyId": "p", "detail": {"result": {
            "image_id": "77", "final_action": "stop", "final_action_reason": "policy_evaluation", "result": {"77": {"result": {"rows": [
                ["77", "t", "id", "vulnerabilities", "package", "HIGH", "stop", false, "p1"],
                ["77", "t", "id", "dockerfile", "instruction", "no", "go", {"whitelist_name": "ours"}, "p1"],
                ["77"]]}}}}}}]}}]);
        let checks = Check::all(&document);
        assert_eq!((checks.len(), checks[0].image_digest.as_str(), checks[0].passed()), (1, "sha256:aa", Some(false)));
        let evaluation = &checks[0].evaluations[0];
        assert_eq!((evaluation.image_id(), evaluation.final_action()), ("77", "stop"));
        let statuses: Vec<_> = evaluation.rows().into_iter().map(|row| row.status).collect();
        assert_eq!(statuses, ["stop", "whitelisted(ours)", ""]);
    }

    #[test]
    fn without_a_known_word_nothing_passed_or_failed() {
        assert!(Check::all(&json!({"message": "oops"})).is_empty());
        for evaluations in [json!([]), json!(null), json!([{"status": "error"}]), json!([{}])] {
            let checks = Check::all(&json!([{"sha256:aa": {"t": evaluations}}]));
            assert_eq!(checks[0].passed(), None);
        }
        let passed = Check::all(&json!([{"sha256:aa": {"t": [{"status": "PASS", "detail": {}}]}}]));
        assert_eq!(passed[0].passed(), Some(true));
        assert!(!passed[0].evaluations[0].has_detail() && passed[0].evaluations[0].rows().is_empty());
    }
}
