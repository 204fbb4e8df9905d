//! Findings of a policy bundle: a rule a trigger, a result a finding, suppressed where it is allowed.

use serde_sarif::sarif::{
    Location, LogicalLocation, Message, MultiformatMessageString, ReportingDescriptor, Result, ResultLevel, Suppression,
};
use windlass_policy::{Action, Gate, Row, Trigger};

use crate::{
    Judgement,
    policy::{allowance, rule_name},
    text::printable,
};

/// Triggers that found something, in the order of their first findings.
fn triggers(judgement: &Judgement<'_>) -> Vec<(&'static Gate, &'static Trigger)> {
    let mut triggers: Vec<(&'static Gate, &'static Trigger)> = Vec::new();
    for (_, row) in judgement.rows() {
        if !triggers.iter().any(|(_, trigger)| std::ptr::eq(*trigger, row.rule.trigger)) {
            triggers.push((row.rule.gate, row.rule.trigger));
        }
    }
    triggers
}

pub(super) fn rules(judgement: &Judgement<'_>) -> Vec<ReportingDescriptor> {
    let text = |text: &str| MultiformatMessageString::builder().text(text).build();
    let rule = |(gate, trigger): (&Gate, &Trigger)| {
        ReportingDescriptor::builder()
            .id(id(gate, trigger))
            .name("PolicyFinding")
            .short_description(text(&format!("{} {}", gate.name, trigger.name)))
            .full_description(text(trigger.description))
            .build()
    };
    triggers(judgement).into_iter().map(|(gate, trigger)| rule((gate, trigger))).collect()
}

/// `first` is the index of the first of [`rules`] among the rules of the run.
pub(super) fn results(judgement: &Judgement<'_>, first: usize) -> Vec<Result> {
    let triggers = triggers(judgement);
    let index = |row: &Row<'_>| {
        let at = triggers.iter().position(|(_, trigger)| std::ptr::eq(*trigger, row.rule.trigger));
        i64::try_from(first + at.unwrap_or_default()).unwrap_or(i64::MAX)
    };
    let name = printable(judgement.tag);
    judgement.rows().map(|(policy, row)| result(policy, row, index(row), &name)).collect()
}

fn id(gate: &Gate, trigger: &Trigger) -> String {
    format!("policy/{}/{}", gate.name, trigger.name)
}

fn result(policy: &str, row: &Row<'_>, index: i64, image: &str) -> Result {
    let level = match row.action {
        Action::Stop => ResultLevel::Error,
        Action::Warn => ResultLevel::Warning,
        Action::Go => ResultLevel::Note,
    };
    let logical = LogicalLocation::builder().name(image).fully_qualified_name(image).build();
    let location = Location::builder().logical_locations(vec![logical]).build();
    let suppression = |because: String| Suppression::builder().kind("external").justification(because).build();
    Result::builder()
        .rule_id(id(row.rule.gate, row.rule.trigger))
        .rule_index(index)
        .level(level)
        .message(Message::builder().text(format!("{} ({})", printable(&row.message), rule_name(policy, row))).build())
        .locations(vec![location])
        .suppressions(allowance(row).map(suppression).into_iter().collect::<Vec<_>>())
        .partial_fingerprints(std::collections::BTreeMap::from([(
            "windlass/v1".to_owned(),
            row.trigger_id.to_string(),
        )]))
        .build()
}
