//! What a policy bundle says of an image, for every format: the verdict, what led to it, what was allowed, what clears it.

pub(crate) mod json;
mod table;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use windlass_policy::{
    Action, Clearance, CompiledBundle, Evaluation, Image, Inputs, Reason, Row, Warning, missing_inputs,
};

use crate::text::{count, printable};

pub use json::write as write_judgement_json;
pub use table::{Detail, write as write_judgement_table};

/// What is added to a verdict that was reached without all that the rules read.
const BLIND: &str = "; not everything that the bundle reads was looked for";

/// An evaluation with everything that it was made of.
pub struct Judgement<'a> {
    pub bundle: &'a CompiledBundle,
    pub image: &'a Image<'a>,
    pub evaluation: &'a Evaluation<'a>,
    /// The name that the image was judged under.
    pub tag: &'a str,
    /// The time of the evaluation.
    pub now: Timestamp,
}

impl<'a> Judgement<'a> {
    /// What should be known about the verdict: what the evaluation says, then what rules read and nobody looked for.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.evaluation.warnings.clone();
        warnings.extend(self.missing());
        warnings
    }

    /// Whether everything was there that the rules read.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    fn missing(&self) -> Vec<Warning> {
        missing_inputs(Inputs::ALL, self.bundle, self.evaluation, self.image)
    }

    pub fn is_stopped(&self) -> bool {
        self.evaluation.final_action == Action::Stop
    }

    pub(crate) fn clearance(&self) -> Option<Clearance<'a>> {
        self.evaluation.clearance(self.image)
    }

    /// Every finding with the id of its policy.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'a str, &'a Row<'a>)> {
        self.evaluation.rows()
    }

    /// How many findings stop, warn and are allowed.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, row) in self.rows() {
            match row.action {
                _ if row.allowed.is_some() => counts.allowed += 1,
                Action::Stop => counts.stop += 1,
                Action::Warn => counts.warn += 1,
                Action::Go => counts.go += 1,
            }
        }
        counts
    }

    /// The verdict in a sentence: `STOP: 2 findings stop, 1 finding warns`.
    pub(crate) fn sentence(&self) -> String {
        let verdict = self.evaluation.final_action.as_str().to_uppercase();
        let because = match self.evaluation.reason {
            Reason::Denied => "the image is on the list of denied images".to_owned(),
            Reason::Allowed => format!("the image is on the list of allowed images; {}", self.counts().sentence()),
            Reason::PolicyEvaluation if self.evaluation.mapping.is_none() && self.evaluation.problems.is_empty() => {
                format!("no mapping of the bundle is about {}", printable(self.tag))
            }
            Reason::PolicyEvaluation => self.counts().sentence(),
        };
        let blind = if self.is_complete() { "" } else { BLIND };
        match self.evaluation.problems.len() {
            0 => format!("{verdict}: {because}{blind}"),
            problems => format!("{verdict}: {}; {because}{blind}", count(problems, "problem")),
        }
    }
}

/// Findings by what they come to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) stop: usize,
    pub(crate) warn: usize,
    pub(crate) go: usize,
    pub(crate) allowed: usize,
}

impl Counts {
    fn sentence(self) -> String {
        let parts =
            [(self.stop, "stops", "stop"), (self.warn, "warns", "warn"), (self.allowed, "is allowed", "are allowed")];
        let said: Vec<String> = parts
            .iter()
            .filter(|(number, _, _)| *number > 0)
            .map(|(number, one, many)| {
                format!("{} {}", count(*number, "finding"), if *number == 1 { one } else { many })
            })
            .collect();
        if said.is_empty() { "nothing stops or warns".into() } else { said.join(", ") }
    }
}

/// The rule in words: its id, or its place in the bundle.
pub(crate) fn rule_name(policy: &str, row: &Row<'_>) -> String {
    let policy = printable(policy);
    match &row.rule.id {
        Some(id) => format!("rule {} of policy {policy}", printable(id)),
        None => format!("the rule at {} of policy {policy}", printable(&row.rule.pointer)),
    }
}

/// By which item of which allow-list a finding is allowed, and until when.
pub(crate) fn allowance(row: &Row<'_>) -> Option<String> {
    let allowed = row.allowed?;
    let (list, item) = (allowed.list, allowed.item);
    let item_name = match &item.id {
        Some(id) => format!("item {}", printable(id)),
        None => format!("the item at {}", printable(&item.pointer)),
    };
    let list_name = list.name.as_deref().unwrap_or(&list.id);
    let until = item.expires_on.map_or_else(|| "without an end".to_owned(), |moment| format!("until {moment}"));
    let reason = item.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", printable(reason)));
    let owner = item.owner.as_deref().map_or_else(String::new, |owner| format!(" ({})", printable(owner)));
    Some(format!("by {item_name} of allow-list {}, {until}{reason}{owner}", printable(list_name)))
}
