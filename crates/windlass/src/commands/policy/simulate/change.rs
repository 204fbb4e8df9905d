//! An image that is judged otherwise, and why.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::Serialize;
use windlass_policy::{Action, Evaluation, Problem, Reason, Row, Rule};
use windlass_sbom::printable;

#[derive(Serialize)]
pub(super) struct Change {
    analysis: String,
    tag: String,
    before: &'static str,
    after: &'static str,
    /// Rules whose findings make the difference.
    rules: Vec<RuleChange>,
    /// What else does.
    reasons: Vec<String>,
}

/// Findings of one rule that have come to something else.
#[derive(Serialize)]
struct RuleChange {
    policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    pointer: String,
    gate: &'static str,
    trigger: &'static str,
    /// `None`: there was no such finding.
    before: Option<&'static str>,
    /// `None`: there is no such finding any more.
    after: Option<&'static str>,
    findings: usize,
}

impl Change {
    /// `None` if the verdict is the same.
    pub(super) fn between(file: &Path, tag: &str, before: &Evaluation<'_>, after: &Evaluation<'_>) -> Option<Self> {
        if before.final_action == after.final_action {
            return None;
        }
        Some(Self {
            analysis: file.display().to_string(),
            tag: tag.to_owned(),
            before: before.final_action.as_str(),
            after: after.final_action.as_str(),
            rules: rules(before, after),
            reasons: reasons(before, after),
        })
    }

    pub(super) fn is_newly_stopped(&self) -> bool {
        self.after == Action::Stop.as_str()
    }

    pub(super) fn is_newly_passing(&self) -> bool {
        self.before == Action::Stop.as_str()
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (tag, analysis) = (printable(&self.tag), printable(&self.analysis));
        writeln!(out, "{tag} ({analysis}): {} → {}", self.before, self.after)?;
        for change in &self.rules {
            let name = change.rule.as_ref().map_or_else(|| format!("at {}", change.pointer), Clone::clone);
            let (gate, trigger, findings) = (change.gate, change.trigger, change.findings);
            let (before, after) = (change.before.unwrap_or("nothing"), change.after.unwrap_or("nothing"));
            let what = if findings == 1 { "finding" } else { "findings" };
            let (name, policy) = (printable(&name), printable(&change.policy));
            writeln!(out, "  {gate}/{trigger}: {findings} {what}, {before} → {after}, rule {name} of policy {policy}")?;
        }
        self.reasons.iter().try_for_each(|reason| writeln!(out, "  {}", printable(reason)))
    }
}

impl RuleChange {
    /// Whether it is the difference that this finding makes, too.
    fn is_of(&self, policy: &str, rule: &Rule, (before, after): (Option<Action>, Option<Action>)) -> bool {
        let actions = (before.map(Action::as_str), after.map(Action::as_str));
        (self.before, self.after) == actions && self.pointer == rule.pointer && self.policy == policy
    }
}

/// Findings that weigh as much as one of the verdicts.
fn rules(before: &Evaluation<'_>, after: &Evaluation<'_>) -> Vec<RuleChange> {
    let differences = before.differences(after);
    let worst = before.final_action.min(after.final_action);
    let mut rules: Vec<RuleChange> = Vec::new();
    let mut add = |policy: &str, before: Option<&Row<'_>>, after: Option<&Row<'_>>| {
        let actions = (before.map(|row| row.action), after.map(|row| row.action));
        let Some(row) = after.or(before).filter(|_| [actions.0, actions.1].contains(&Some(worst))) else { return };
        // Findings come rule by rule, so that it is mostly the last one.
        if let Some(known) = rules.iter_mut().rev().find(|known| known.is_of(policy, row.rule, actions)) {
            known.findings += 1;
            return;
        }
        rules.push(RuleChange {
            policy: policy.to_owned(),
            rule: row.rule.id.clone(),
            pointer: row.rule.pointer.clone(),
            gate: row.rule.gate.name,
            trigger: row.rule.trigger.name,
            before: actions.0.map(Action::as_str),
            after: actions.1.map(Action::as_str),
            findings: 1,
        });
    };
    differences.appeared.iter().for_each(|(policy, row)| add(policy, None, Some(row)));
    differences.changed.iter().for_each(|changed| add(changed.policy, Some(changed.before), Some(changed.after)));
    differences.gone.iter().for_each(|(policy, row)| add(policy, Some(row), None));
    rules
}

/// What changes a verdict besides findings.
fn reasons(before: &Evaluation<'_>, after: &Evaluation<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    for problem in after.problems.iter().filter(|problem| !before.problems.contains(problem)) {
        reasons.push(format!("new problem: {problem}"));
    }
    let is_gone = |problem: &&Problem| !after.problems.contains(problem);
    reasons.extend(before.problems.iter().filter(is_gone).map(|problem| format!("no more: {problem}")));
    if before.reason != after.reason {
        let word = |reason: Reason| match reason {
            Reason::PolicyEvaluation => "its findings",
            Reason::Allowed => "the list of allowed images",
            Reason::Denied => "the list of denied images",
        };
        reasons.push(format!("decided by {}, no more by {}", word(after.reason), word(before.reason)));
    }
    match (before.mapping, after.mapping) {
        (Some(_), None) => reasons.push("no mapping is about it any more".into()),
        (None, Some(_)) => reasons.push("no mapping was about it".into()),
        _ => {}
    }
    reasons
}
