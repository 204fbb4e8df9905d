//! What a case expects of an evaluation, and how that differs.

use std::fmt;

use regex::Regex;
use serde::Deserialize;
use windlass_policy::{Action, Evaluation, Row};

use super::cases::{ActionName, Case};

/// Which findings there must be. Each pattern takes the first finding that it fits and no pattern before it took.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    /// These and no others.
    exactly: Option<Vec<Pattern>>,
    #[serde(default)]
    includes: Vec<Pattern>,
    #[serde(default)]
    excludes: Vec<Pattern>,
}

/// What is left out fits everything; `*` stands for any text.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    gate: Option<String>,
    trigger: Option<String>,
    trigger_id: Option<String>,
    message: Option<String>,
    action: Option<ActionName>,
    /// Id of the rule.
    rule: Option<String>,
}

impl Case {
    /// What was expected and did not happen, or happened and was not expected.
    pub(super) fn differences(&self, evaluation: &Evaluation<'_>) -> Vec<String> {
        let mut differences = Vec::new();
        let expected = Action::from(self.verdict);
        if evaluation.final_action != expected {
            differences.push(format!("the verdict is {}, not {expected}", evaluation.final_action));
        }
        let rows: Vec<&Row<'_>> = evaluation.rows().map(|(_, row)| row).collect();
        self.rows.compare(&rows, &mut differences);
        self.compare_problems(evaluation, &mut differences);
        differences
    }

    fn compare_problems(&self, evaluation: &Evaluation<'_>, differences: &mut Vec<String>) {
        let mut left: Vec<String> = evaluation.problems.iter().map(ToString::to_string).collect();
        for text in &self.problems {
            match left.iter().position(|problem| problem.contains(text)) {
                Some(at) => drop(left.remove(at)),
                None => differences.push(format!("no problem says {text:?}")),
            }
        }
        differences.extend(left.iter().map(|problem| format!("unexpected problem: {problem}")));
    }
}

impl Rows {
    fn compare(&self, rows: &[&Row<'_>], differences: &mut Vec<String>) {
        if let Some(exactly) = &self.exactly {
            for row in take(exactly, rows, differences) {
                differences.push(format!("unexpected: {}", described(row)));
            }
        }
        take(&self.includes, rows, differences);
        for pattern in &self.excludes {
            for row in rows.iter().filter(|row| pattern.fits(row)) {
                differences.push(format!("excluded by {pattern}: {}", described(row)));
            }
        }
    }
}

/// The rows that no pattern takes.
fn take<'r, 'b>(patterns: &[Pattern], rows: &[&'r Row<'b>], differences: &mut Vec<String>) -> Vec<&'r Row<'b>> {
    let mut left = rows.to_vec();
    for pattern in patterns {
        match left.iter().position(|row| pattern.fits(row)) {
            Some(at) => drop(left.remove(at)),
            None => differences.push(format!("missing: {pattern}")),
        }
    }
    left
}

fn described(row: &Row<'_>) -> String {
    let rule = row.rule;
    format!("{} {}/{} {}: {}", row.action, rule.gate.name, rule.trigger.name, row.trigger_id, row.message)
}

impl Pattern {
    fn fits(&self, row: &Row<'_>) -> bool {
        let is = |pattern: &Option<String>, text: &str| pattern.as_deref().is_none_or(|pattern| fits(pattern, text));
        is(&self.gate, row.rule.gate.name)
            && is(&self.trigger, row.rule.trigger.name)
            && is(&self.trigger_id, &row.trigger_id)
            && is(&self.message, &row.message)
            && is(&self.rule, row.rule.id.as_deref().unwrap_or_default())
            && self.action.is_none_or(|action| Action::from(action) == row.action)
    }
}

/// Whether a text is the pattern, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let parts: Vec<String> = pattern.split('*').map(regex::escape).collect();
    let regex = Regex::new(&format!("(?s)^{}$", parts.join(".*")));
    regex.map_or(pattern == text, |regex| regex.is_match(text))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = [
            ("action", self.action.map(|action| Action::from(action).to_string())),
            ("gate", self.gate.clone()),
            ("trigger", self.trigger.clone()),
            ("trigger_id", self.trigger_id.clone()),
            ("message", self.message.clone()),
            ("rule", self.rule.clone()),
        ];
        let members = members.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
        write!(f, "{{{}}}", members.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn an_asterisk_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("CVE-1+*", "CVE-1+openssl", true),
            ("CVE-1", "CVE-1+openssl", false),
            ("*(root)*", "the user (root)\nis", true),
            ("a.c", "abc", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
