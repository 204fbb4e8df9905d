//! The result of an evaluation, and the form in which clients know it (`spec/policy.md` §5.1, §5.2).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{About, Action, AllowList, AllowListItem, Bundle, Problem, Rule, Warning};

/// The verdict on one image under one name, with everything that led to it.
#[derive(Debug)]
pub struct Evaluation<'b> {
    pub final_action: Action,
    /// What the policies alone say.
    pub policy_action: Action,
    pub reason: Reason,
    /// The mapping rule that applied, as it was given.
    pub mapping: Option<&'b Value>,
    /// The entry of the list of allowed images that applied.
    pub allowed_image: Option<&'b Value>,
    /// The entry of the list of denied images that applied.
    pub denied_image: Option<&'b Value>,
    /// In the order of the mapping.
    pub policies: Vec<PolicyResult<'b>>,
    pub problems: Vec<Problem>,
    /// What should be known about the verdict and is no part of the original's result.
    pub warnings: Vec<Warning>,
    /// When time alone may change the verdict: an item expires, a finding grows old.
    pub valid_until: Option<Timestamp>,
}

/// Why the verdict is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    PolicyEvaluation,
    /// The image is on the list of allowed ones.
    Allowed,
    /// The image is on the list of denied ones.
    Denied,
}

impl Reason {
    /// `policy_evaluation`, `whitelisted`, `blacklisted`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PolicyEvaluation => "policy_evaluation",
            Self::Allowed => "whitelisted",
            Self::Denied => "blacklisted",
        }
    }
}

/// What one policy found.
#[derive(Debug)]
pub struct PolicyResult<'b> {
    pub id: &'b str,
    /// Grouped by gate.
    pub rows: Vec<Row<'b>>,
    pub action: Action,
}

/// One finding of a rule.
#[derive(Debug)]
pub struct Row<'b> {
    pub rule: &'b Rule,
    pub trigger_id: String,
    pub message: String,
    /// What it comes to: the rule's action, go if it is allowed, at most a warning during its grace.
    pub action: Action,
    pub allowed: Option<Allowed<'b>>,
    /// The finding is young: it only warns until then.
    pub grace_until: Option<Timestamp>,
    pub about: About,
}

/// The item of an allow-list that covers a finding.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'b> {
    pub list: &'b AllowList,
    pub item: &'b AllowListItem,
}

/// Columns of the table.
const HEADER: [&str; 9] = [
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

/// Whose evaluation it is: what the document says beside the verdict.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The account.
    pub user_id: &'a str,
    /// 64 hexadecimal digits.
    pub image_id: &'a str,
    /// As it was asked for.
    pub tag: &'a str,
    pub created_at: Timestamp,
}

impl<'b> Evaluation<'b> {
    /// A verdict that no rule had a part in.
    pub(crate) fn stopped(mapping: Option<&'b Value>, problems: Vec<Problem>) -> Self {
        Self {
            final_action: Action::Stop,
            policy_action: Action::Stop,
            reason: Reason::PolicyEvaluation,
            mapping,
            allowed_image: None,
            denied_image: None,
            policies: Vec::new(),
            problems,
            warnings: Vec::new(),
            valid_until: None,
        }
    }

    /// Every finding, policy by policy.
    pub fn rows(&self) -> impl Iterator<Item = (&'b str, &Row<'b>)> {
        self.policies.iter().flat_map(|policy| policy.rows.iter().map(|row| (policy.id, row)))
    }

    /// The document that clients of the original service know.
    pub fn document(&self, bundle: &Bundle, subject: &Subject<'_>) -> Value {
        let rule = |rule: Option<&Value>| rule.cloned().unwrap_or(Value::Bool(false));
        let seconds = subject.created_at.as_second();
        json!({
            "user_id": subject.user_id,
            "image_id": subject.image_id,
            "tag": subject.tag,
            "bundle": bundle.document(),
            "matched_mapping_rule": rule(self.mapping),
            "matched_whitelisted_images_rule": rule(self.allowed_image),
            "matched_blacklisted_images_rule": rule(self.denied_image),
            "final_action": self.final_action.as_str(),
            "final_action_reason": self.reason.as_str(),
            "result": self.table(subject),
            "created_at": seconds,
            "last_modified": seconds,
            "evaluation_problems": self.problems,
        })
    }

    fn table(&self, subject: &Subject<'_>) -> Value {
        let rows: Vec<Value> = self.rows().map(|(policy, row)| row.columns(policy, subject)).collect();
        json!({
            subject.image_id: {
                "result": {
                    "header": HEADER,
                    "row_count": rows.len(),
                    "rows": rows,
                    "final_action": self.policy_action.as_str(),
                }
            },
            "policy_data": [],
            "whitelist_data": [],
            "policy_name": "",
            "whitelist_names": [],
        })
    }
}

impl Row<'_> {
    fn columns(&self, policy: &str, subject: &Subject<'_>) -> Value {
        let allowed = self.allowed.map_or(Value::Bool(false), |allowed| {
            json!({
                "whitelist_name": allowed.list.name,
                "whitelist_id": allowed.list.id,
                "matched_rule_id": allowed.item.id,
            })
        });
        json!([
            subject.image_id,
            subject.tag,
            self.trigger_id,
            self.rule.gate.name,
            self.rule.trigger.name,
            self.message,
            self.action.as_str(),
            allowed,
            policy,
        ])
    }
}
