//! Verdicts of policies on images (`spec/api.md` A4.6, `spec/policy.md` §5).

use std::collections::BTreeMap;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, Ref, RefOr, Schema},
};
use windlass_policy::{Action, Allowed, Bundle, Evaluation as Verdict};

use crate::{
    policies::PolicyProblem,
    timestamp::{EpochSeconds, IsoSeconds},
    words::words,
};

/// The answer to a check: one element, with one digest, with one tag.
pub type Check = Vec<BTreeMap<String, BTreeMap<String, Vec<Evaluation>>>>;

/// The answer to a check of that image under that full tag.
pub fn check(image_digest: &str, tag: &str, evaluations: Vec<Evaluation>) -> Check {
    let by_tag = BTreeMap::from([(tag.to_owned(), evaluations)]);
    vec![BTreeMap::from([(image_digest.to_owned(), by_tag)])]
}

words! {
    /// Whether an image may ship.
    EvaluationStatus {
        /// Nothing stops it.
        Pass = "pass",
        /// Something does.
        Fail = "fail",
    }
}

impl EvaluationStatus {
    /// Of an action by its name; what is none fails.
    pub fn of(action: &str) -> Self {
        Action::parse(action).map_or(Self::Fail, Self::from)
    }
}

impl From<Action> for EvaluationStatus {
    fn from(action: Action) -> Self {
        match action {
            Action::Go | Action::Warn => Self::Pass,
            Action::Stop => Self::Fail,
        }
    }
}

words! {
    /// What a finding or a verdict comes to.
    EvaluationAction {
        /// The image may ship.
        Go = "go",
        /// It may, and should not.
        Warn = "warn",
        /// It may not.
        Stop = "stop",
    }
}

impl From<Action> for EvaluationAction {
    fn from(action: Action) -> Self {
        match action {
            Action::Go => Self::Go,
            Action::Warn => Self::Warn,
            Action::Stop => Self::Stop,
        }
    }
}

/// One evaluation of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evaluation {
    pub status: EvaluationStatus,
    pub last_evaluation: IsoSeconds,
    /// The policy bundle.
    #[serde(rename = "policyId")]
    pub policy_id: String,
    pub detail: EvaluationDetail,
}

/// What led to the verdict; empty unless it is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationDetail {
    /// The policy bundle as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object, required = false)]
    pub policy: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub result: Option<EvaluationResult>,
}

impl EvaluationDetail {
    /// The whole of it; `policy` is the bundle as it is now.
    pub fn full(policy: Value, result: EvaluationResult) -> Self {
        Self { policy: Some(policy), result: Some(result) }
    }
}

/// Whose evaluation it is: what its document says beside the verdict.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The account.
    pub user_id: &'a str,
    /// 64 hexadecimal digits.
    pub image_id: &'a str,
    /// `sha256:…`
    pub image_digest: &'a str,
    /// As it was asked for.
    pub tag: &'a str,
    pub created_at: Timestamp,
}

/// The verdict with everything that it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EvaluationResult {
    pub user_id: String,
    /// 64 hexadecimal digits.
    pub image_id: String,
    pub image_digest: String,
    /// The tag that the image was judged under.
    pub tag: String,
    /// The policy bundle that judged.
    #[schema(value_type = Object)]
    pub bundle: Value,
    /// The mapping rule that applied.
    #[schema(value_type = Value)]
    pub matched_mapping_rule: OrFalse<Value>,
    /// The entry of the list of allowed images that applied.
    #[schema(value_type = Value)]
    pub matched_whitelisted_images_rule: OrFalse<Value>,
    /// The entry of the list of denied images that applied.
    #[schema(value_type = Value)]
    pub matched_blacklisted_images_rule: OrFalse<Value>,
    pub final_action: EvaluationAction,
    pub final_action_reason: FinalActionReason,
    pub status: EvaluationStatus,
    pub created_at: EpochSeconds,
    pub last_modified: EpochSeconds,
    /// What kept the verdict from being reached in full.
    pub evaluation_problems: Vec<PolicyProblem>,
    pub result: ResultTables,
}

words! {
    /// Why the verdict is what it is.
    FinalActionReason {
        /// The policies say so.
        PolicyEvaluation = "policy_evaluation",
        /// The image is on the list of allowed ones.
        Whitelisted = "whitelisted",
        /// The image is on the list of denied ones.
        Blacklisted = "blacklisted",
    }
}

impl From<windlass_policy::Reason> for FinalActionReason {
    fn from(reason: windlass_policy::Reason) -> Self {
        match reason {
            windlass_policy::Reason::PolicyEvaluation => Self::PolicyEvaluation,
            windlass_policy::Reason::Allowed => Self::Whitelisted,
            windlass_policy::Reason::Denied => Self::Blacklisted,
        }
    }
}

/// The table of findings, by image id, among members that are always empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultTables {
    policy_data: [(); 0],
    whitelist_data: [(); 0],
    policy_name: String,
    whitelist_names: [(); 0],
    /// One image.
    #[serde(flatten)]
    pub by_image: BTreeMap<String, ImageResult>,
}

// The derive loses what the values of a flattened map refer to.
impl PartialSchema for ResultTables {
    fn schema() -> RefOr<Schema> {
        let empty = || ArrayBuilder::new().max_items(Some(0)).build();
        ObjectBuilder::new()
            .description(Some("The table of findings, by image id, among members that are always empty."))
            .property("policy_data", empty())
            .property("whitelist_data", empty())
            .property("policy_name", String::schema())
            .property("whitelist_names", empty())
            .additional_properties(Some(Ref::from_schema_name(ImageResult::name())))
            .into()
    }
}

impl ToSchema for ResultTables {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ImageResult::name().into_owned(), ImageResult::schema()));
        ImageResult::schemas(schemas);
    }
}

/// What was found of an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImageResult {
    pub result: ResultTable,
}

/// Columns of the table, by which clients find their cells.
pub const HEADER: [&str; 9] = [
    "Image_Id",
    "Repo_Tag",
    "Trigger_Id",
    "Gate",
    "Trigger",
    "Check_Output",
    "Gate_Action",
    "Whitelisted",
    "Policy_Id",
];

/// Findings as a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ResultTable {
    pub header: Vec<String>,
    pub row_count: usize,
    /// Nine cells each.
    #[schema(value_type = Vec<Vec<Value>>)]
    pub rows: Vec<ResultRow>,
    /// What the policies alone say.
    pub final_action: EvaluationAction,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Cells", into = "Cells")]
pub struct ResultRow {
    pub image_id: String,
    pub repo_tag: String,
    /// What allow-lists match.
    pub trigger_id: String,
    pub gate: String,
    pub trigger: String,
    pub check_output: String,
    /// Go for what is allowed.
    pub gate_action: EvaluationAction,
    pub whitelisted: OrFalse<AllowedBy>,
    /// The policy of the bundle.
    pub policy_id: String,
}

type Cells = (String, String, String, String, String, String, EvaluationAction, OrFalse<AllowedBy>, String);

impl From<Cells> for ResultRow {
    fn from(cells: Cells) -> Self {
        let (image_id, repo_tag, trigger_id, gate, trigger, check_output, gate_action, whitelisted, policy_id) = cells;
        Self { image_id, repo_tag, trigger_id, gate, trigger, check_output, gate_action, whitelisted, policy_id }
    }
}

impl From<ResultRow> for Cells {
    fn from(row: ResultRow) -> Self {
        let ResultRow { image_id, repo_tag, trigger_id, gate, trigger, .. } = row;
        let ResultRow { check_output, gate_action, whitelisted, policy_id, .. } = row;
        (image_id, repo_tag, trigger_id, gate, trigger, check_output, gate_action, whitelisted, policy_id)
    }
}

/// The item of an allow-list that covers a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedBy {
    pub whitelist_name: Option<String>,
    pub whitelist_id: String,
    /// The id of the item.
    pub matched_rule_id: Option<String>,
}

impl From<Allowed<'_>> for AllowedBy {
    fn from(allowed: Allowed<'_>) -> Self {
        Self {
            whitelist_name: allowed.list.name.clone(),
            whitelist_id: allowed.list.id.clone(),
            matched_rule_id: allowed.item.id.clone(),
        }
    }
}

/// Something, or `false` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrFalse<T>(pub Option<T>);

impl<T: Serialize> Serialize for OrFalse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(value) => value.serialize(serializer),
            None => serializer.serialize_bool(false),
        }
    }
}

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OrFalse<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(false) => Ok(Self(None)),
            value => serde_json::from_value(value).map(|value| Self(Some(value))).map_err(serde::de::Error::custom),
        }
    }
}

impl EvaluationResult {
    /// The document of a verdict.
    pub fn new(verdict: &Verdict<'_>, bundle: &Bundle, subject: &Subject<'_>) -> Self {
        let created_at = EpochSeconds::from(subject.created_at);
        Self {
            user_id: subject.user_id.into(),
            image_id: subject.image_id.into(),
            image_digest: subject.image_digest.into(),
            tag: subject.tag.into(),
            bundle: bundle.document().clone(),
            matched_mapping_rule: OrFalse(verdict.mapping.cloned()),
            matched_whitelisted_images_rule: OrFalse(verdict.allowed_image.cloned()),
            matched_blacklisted_images_rule: OrFalse(verdict.denied_image.cloned()),
            final_action: verdict.final_action.into(),
            final_action_reason: verdict.reason.into(),
            status: verdict.final_action.into(),
            created_at,
            last_modified: created_at,
            evaluation_problems: verdict.problems.iter().map(PolicyProblem::from).collect(),
            result: ResultTables::new(verdict, subject),
        }
    }

    /// The table of findings; `None` where the document is about another image than it says.
    pub fn table(&self) -> Option<&ResultTable> {
        self.result.by_image.get(&self.image_id).map(|image| &image.result)
    }
}

impl ResultTables {
    fn new(verdict: &Verdict<'_>, subject: &Subject<'_>) -> Self {
        let row = |(policy, row): (&str, &windlass_policy::Row<'_>)| ResultRow {
            image_id: subject.image_id.into(),
            repo_tag: subject.tag.into(),
            trigger_id: row.trigger_id.to_string(),
            gate: row.rule.gate.name.into(),
            trigger: row.rule.trigger.name.into(),
            check_output: row.message.clone(),
            gate_action: row.action.into(),
            whitelisted: OrFalse(row.allowed.map(AllowedBy::from)),
            policy_id: policy.into(),
        };
        let rows: Vec<ResultRow> = verdict.rows().map(row).collect();
        let table = ResultTable {
            header: HEADER.map(str::to_owned).into(),
            row_count: rows.len(),
            rows,
            final_action: verdict.policy_action.into(),
        };
        Self {
            policy_data: [],
            whitelist_data: [],
            policy_name: String::new(),
            whitelist_names: [],
            by_image: BTreeMap::from([(subject.image_id.into(), ImageResult { result: table })]),
        }
    }
}

/// The name under which the last evaluation with this outcome is kept (`spec/policy.md` §5.4).
pub fn evaluation_id(policy_id: &str, account: &str, image_digest: &str, tag: &str, action: Action) -> String {
    let action = action.as_str().to_ascii_uppercase();
    format!("{:x}", Md5::digest(format!("{policy_id}:{account}:{image_digest}:{tag}:{action}")))
}

/// The message of the error where there is nothing to answer with.
pub const NONE_FOUND: &str = "could not find any evaluations for input images";

/// The message of the error for an account without an active policy bundle.
pub fn no_active_policy(account: &str) -> String {
    format!("user has no active policy to evaluate: {account}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_nine_cells_and_what_is_not_allowed_says_false() {
        let cells = json!(["id", "r/a:1", "t", "g", "n", "message", "stop", false, "p"]);
        let row: ResultRow = serde_json::from_value(cells.clone()).unwrap();
        assert_eq!((row.gate_action, &row.whitelisted), (EvaluationAction::Stop, &OrFalse(None)));
        assert_eq!(json!(row), cells);
        let mut allowed = cells;
        allowed[7] = json!({"whitelist_name": "n", "whitelist_id": "w", "matched_rule_id": null});
        let row: ResultRow = serde_json::from_value(allowed.clone()).unwrap();
        assert_eq!(json!(row), allowed);
        allowed[7] = json!(true);
        assert!(serde_json::from_value::<ResultRow>(allowed).is_err());
    }

    #[test]
    fn without_detail_nothing_is_told_but_the_verdict() {
        let evaluation = Evaluation {
            status: EvaluationStatus::Pass,
            last_evaluation: Timestamp::UNIX_EPOCH.into(),
            policy_id: "p".into(),
            detail: EvaluationDetail::default(),
        };
        assert_eq!(
            json!(check("sha256:ab", "docker.io/a:1", vec![evaluation])),
            json!([{"sha256:ab": {"docker.io/a:1": [
                {"status": "pass", "last_evaluation": "1970-01-01T00:00:00Z", "policyId": "p", "detail": {}}
            ]}}])
        );
    }

    #[test]
    fn evaluations_with_the_same_outcome_are_kept_under_one_name() {
        let id = |action| evaluation_id("p", "admin", "sha256:ab", "docker.io/a:1", action);
        assert_eq!(id(Action::Go), format!("{:x}", Md5::digest("p:admin:sha256:ab:docker.io/a:1:GO")));
        assert_ne!(id(Action::Go), id(Action::Warn));
    }
}
