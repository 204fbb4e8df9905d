//! What another bundle, or another analysis, makes of an image.

use std::collections::{HashMap, VecDeque};

use crate::{Action, Evaluation, evaluation::Row};

/// How one evaluation differs from an earlier one. Rows are the same finding where policy, gate, trigger and trigger id
/// are the same.
#[derive(Debug)]
pub struct Differences<'e> {
    pub before: Action,
    pub after: Action,
    /// Rows of the later evaluation that the earlier one does not have, with the id of their policy.
    pub appeared: Vec<(&'e str, &'e Row<'e>)>,
    /// Rows of the earlier evaluation that the later one does not have.
    pub gone: Vec<(&'e str, &'e Row<'e>)>,
    /// Rows of both whose action differs.
    pub changed: Vec<Changed<'e>>,
}

/// A finding that is judged otherwise than before.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'e> {
    pub policy: &'e str,
    pub before: &'e Row<'e>,
    pub after: &'e Row<'e>,
}

impl Differences<'_> {
    /// Whether the image passes now and did not before, or the other way round.
    pub fn flips(&self) -> bool {
        self.before.status() != self.after.status()
    }

    pub fn is_empty(&self) -> bool {
        self.before == self.after && self.appeared.is_empty() && self.gone.is_empty() && self.changed.is_empty()
    }
}

impl<'b> Evaluation<'b> {
    /// What a later evaluation changes against this one.
    pub fn differences<'e>(&'e self, later: &'e Evaluation<'b>) -> Differences<'e> {
        let mut earlier: HashMap<_, VecDeque<&Row<'_>>> = HashMap::new();
        for (policy, row) in self.rows() {
            earlier.entry(key(policy, row)).or_default().push_back(row);
        }
        let mut differences = Differences {
            before: self.final_action,
            after: later.final_action,
            appeared: Vec::new(),
            gone: Vec::new(),
            changed: Vec::new(),
        };
        for (policy, after) in later.rows() {
            match earlier.get_mut(&key(policy, after)).and_then(VecDeque::pop_front) {
                None => differences.appeared.push((policy, after)),
                Some(before) if before.action != after.action => {
                    differences.changed.push(Changed { policy, before, after });
                }
                Some(_) => {}
            }
        }
        // What is left over, in the order of the earlier evaluation: the first of equal rows have found their partners.
        let mut left: Vec<_> = self.rows().collect();
        left.reverse();
        left.retain(|(policy, row)| earlier.get_mut(&key(policy, row)).is_some_and(|rows| rows.pop_back().is_some()));
        left.reverse();
        differences.gone = left;
        differences
    }
}

fn key<'e>(policy: &'e str, row: &'e Row<'_>) -> (&'e str, &'static str, &'static str, &'e str) {
    (policy, row.rule.gate.name, row.rule.trigger.name, &row.trigger_id)
}
