//! Policy bundles: their records and what is wrong with them (`spec/api.md` A4.7).

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use windlass_policy::{Problem, Warning};

use crate::{error::ErrorEnvelope, timestamp::IsoSeconds, words::words};

/// A policy bundle of an account. Clients send it back as they got it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRecord {
    /// The id of the bundle.
    #[serde(rename = "policyId")]
    pub policy_id: String,
    /// Whether images are judged by it; at most one of an account's is.
    pub active: bool,
    /// The account.
    #[serde(rename = "userId")]
    pub user_id: String,
    /// `local`
    pub policy_source: String,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
    /// The bundle; empty unless details are asked for.
    #[schema(value_type = Object)]
    pub policybundle: Value,
    /// Nothing that clients read; left out of the answers to changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object, required = false)]
    pub policybundlemeta: Option<Value>,
    /// As the bundle has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// As the bundle has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
}

/// The source of a bundle that came by the API.
pub const LOCAL: &str = "local";
/// The answer to the deletion of a bundle.
pub const DELETED: &str = "deleted";
/// The message of the error for the deletion of the active bundle.
pub const DELETE_ACTIVE: &str = "cannot delete an active policy - activate a different policy then delete this one";
/// The message of the error for the deactivation of the active bundle.
pub const DEACTIVATE_ACTIVE: &str = "cannot deactivate an active policy - can only activate an inactive policy";

/// The message of the error for a bundle that is not known.
pub fn not_found(policy_id: &str) -> String {
    format!("Policy bundle {policy_id} not found in DB")
}

/// The message of the error for a record under the path of another.
pub fn other_policy(route: &str, payload: &str) -> String {
    format!("policyId in route is different from policyId in payload: {route} != {payload}")
}

/// The id of a bundle that was given without one (`spec/policy.md` §1.1).
pub fn nameless_id(account: &str, name: &str) -> String {
    format!("{:x}", Md5::digest(format!("{account}:{name}")))
}

impl PolicyRecord {
    /// The record as lists tell it.
    #[must_use]
    pub fn without_bundle(mut self) -> Self {
        let empty = || Value::Object(serde_json::Map::new());
        self.policybundle = empty();
        self.policybundlemeta = Some(empty());
        self
    }
}

/// Replaces a bundle, and activates it or not: a record as it was got. That members are missing is told by who handles
/// the request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PolicyUpdate {
    #[serde(rename = "policyId", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object, required = false)]
    pub policybundle: Option<Value>,
}

/// One thing that is wrong with a bundle or an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyProblem {
    pub severity: ProblemSeverity,
    /// `ParameterValueInvalidError`, `GateNotFoundError`, …
    pub problem_type: String,
    pub details: String,
    /// What was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hint: Option<String>,
}

words! {
    /// Whether a problem makes a bundle invalid.
    ProblemSeverity {
        /// It does.
        Error = "error",
        /// It does not.
        Warn = "warn",
    }
}

impl From<&Problem> for PolicyProblem {
    fn from(problem: &Problem) -> Self {
        Self {
            severity: match problem.severity {
                windlass_policy::ProblemSeverity::Error => ProblemSeverity::Error,
                windlass_policy::ProblemSeverity::Warn => ProblemSeverity::Warn,
            },
            problem_type: problem.problem_type.into(),
            details: problem.details.clone(),
            hint: problem.hint.clone(),
        }
    }
}

impl From<&Warning> for PolicyProblem {
    fn from(warning: &Warning) -> Self {
        Self {
            severity: ProblemSeverity::Warn,
            problem_type: warning.code.into(),
            details: warning.message.clone(),
            hint: Some(warning.remedy.clone()),
        }
    }
}

/// The answer to a bundle with problems.
pub fn invalid_bundle(problems: &[Problem]) -> ErrorEnvelope {
    let details: Vec<PolicyProblem> = problems.iter().map(PolicyProblem::from).collect();
    let details = serde_json::to_value(details).expect("problems are texts");
    ErrorEnvelope::new(400, "Bundle failed validation").with("validation_details", details)
}

/// A policy bundle. Windlass keeps it as it was given; `docs/gates` has its gates, triggers and parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyBundle {
    pub id: String,
    /// `1_0`
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
    pub policies: Vec<Policy>,
    /// Which policies and allow-lists go for which images; the first that matches counts.
    pub mappings: Vec<MappingRule>,
    #[serde(default)]
    #[schema(required = false)]
    pub whitelists: Vec<Whitelist>,
    /// Images that pass whatever the policies say.
    #[serde(default)]
    #[schema(required = false)]
    pub whitelisted_images: Vec<ImageSelectionRule>,
    /// Images that fail whatever the policies say.
    #[serde(default)]
    #[schema(required = false)]
    pub blacklisted_images: Vec<ImageSelectionRule>,
}

/// Rules that are evaluated together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    pub id: String,
    /// `1_0`
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comment: Option<String>,
    #[serde(default)]
    #[schema(required = false)]
    pub rules: Vec<PolicyRule>,
}

/// A trigger, its parameters, and what a finding of it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRule {
    pub gate: String,
    pub trigger: String,
    pub action: RuleAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    #[serde(default)]
    #[schema(required = false)]
    pub params: Vec<RuleParameter>,
}

words! {
    /// What a rule's findings come to.
    RuleAction {
        /// The image may ship.
        Go = "GO",
        /// It may not.
        Stop = "STOP",
        /// It may, and should not.
        Warn = "WARN",
    }
}

/// A parameter of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleParameter {
    pub name: String,
    pub value: String,
}

/// Findings that are accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Whitelist {
    pub id: String,
    /// `1_0`
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub comment: Option<String>,
    #[serde(default)]
    #[schema(required = false)]
    pub items: Vec<WhitelistItem>,
}

/// A finding that is accepted, for a time where it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhitelistItem {
    pub gate: String,
    /// The id of the finding, or a pattern for it.
    pub trigger_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:\:\d+)?[A-Z]?$")]
    pub expires_on: Option<String>,
}

/// Images, and what they are judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingRule {
    pub name: String,
    /// A name, or a pattern with asterisks.
    pub registry: String,
    /// A name, or a pattern with asterisks.
    pub repository: String,
    pub image: ImageReference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// The one policy, in place of `policy_ids`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy_ids: Option<Vec<String>>,
    #[serde(default)]
    #[schema(required = false)]
    pub whitelist_ids: Vec<String>,
}

/// Images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageSelectionRule {
    pub name: String,
    /// A name, or a pattern with asterisks.
    pub registry: String,
    /// A name, or a pattern with asterisks.
    pub repository: String,
    pub image: ImageReference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
}

/// An image by one of its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageReference {
    #[serde(rename = "type")]
    pub kind: ImageReferenceType,
    /// A tag, or a pattern for it; a digest; an id.
    pub value: String,
}

words! {
    /// By what an image is referred to.
    ImageReferenceType {
        /// Its tag.
        Tag = "tag",
        /// The digest of its manifest.
        Digest = "digest",
        /// Its id.
        Id = "id",
    }
}

words! {
    /// Whether a gate, trigger or parameter should be used.
    LifecycleState {
        /// It should.
        Active = "active",
        /// Something else should.
        Deprecated = "deprecated",
        /// It has no effect any more.
        EndOfLife = "eol",
    }
}

/// A gate of the policy language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GateSpec {
    pub name: String,
    pub description: String,
    pub state: LifecycleState,
    /// The gate to use instead.
    #[schema(required = true)]
    pub superceded_by: Option<String>,
    pub triggers: Vec<TriggerSpec>,
}

/// A trigger of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TriggerSpec {
    pub name: String,
    pub description: String,
    pub state: LifecycleState,
    /// The trigger to use instead.
    #[schema(required = true)]
    pub superceded_by: Option<String>,
    /// In the order in which they are shown.
    pub parameters: Vec<ParameterSpec>,
}

/// A parameter of a trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParameterSpec {
    pub name: String,
    pub description: String,
    #[schema(required = true)]
    pub example: Option<String>,
    pub state: LifecycleState,
    /// The parameter to use instead.
    #[schema(required = true)]
    pub superceded_by: Option<String>,
    pub required: bool,
    pub validator: ParameterValidator,
}

/// What values a parameter may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParameterValidator {
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
    /// JSON schema.
    #[schema(value_type = Object)]
    pub criteria: Value,
}
