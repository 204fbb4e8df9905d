//! The result of an evaluation (`spec/policy.md` §2.6).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{About, Action, AllowList, AllowListItem, Problem, Rule, Warning};

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
    /// Shared by all rows about one finding.
    pub trigger_id: Arc<str>,
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
}
