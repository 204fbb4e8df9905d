//! For people, on a terminal: what stops, what warns, what was allowed and by whom, what clears the image, the verdict.

use std::io::{self, Write};

use windlass_policy::{Action, Clearance, Row};

use super::{Judgement, allowance, rule_name};
use crate::text::{self, count, printable};

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The first findings of each rule.
    #[default]
    Short,
    /// Every finding with the id that allow-lists match, and those that come to nothing.
    Full,
}

/// Findings shown of one rule; the rest are counted.
const FINDINGS: usize = 10;

/// Writes a judgement; the last line is the verdict.
///
/// # Errors
/// Those of the writer.
pub fn write(judgement: &Judgement<'_>, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    let bundle = judgement.bundle.bundle();
    let name = if bundle.name().is_empty() { bundle.id() } else { bundle.name() };
    let profile = judgement.bundle.profile().as_str();
    writeln!(out, "{} by the policy bundle {} ({profile})", printable(judgement.tag), printable(name))?;
    let rows: Vec<_> = judgement.rows().collect();
    for (action, title) in [(Action::Stop, "Stops"), (Action::Warn, "Warns")] {
        section(title, rows.iter().filter(|(_, row)| row.action == action), detail, out)?;
    }
    section("Allowed", rows.iter().filter(|(_, row)| row.allowed.is_some()), detail, out)?;
    if detail == Detail::Full {
        let is_noted = |row: &Row<'_>| row.action == Action::Go && row.allowed.is_none();
        section("Noted", rows.iter().filter(|(_, row)| is_noted(row)), detail, out)?;
    }
    list("Could not be evaluated", judgement.evaluation.problems.iter().map(ToString::to_string), out)?;
    list("Mind", judgement.warnings().iter().map(ToString::to_string), out)?;
    if let Some(clearance) = judgement.clearance() {
        clear(&clearance, out)?;
    }
    if let Some(until) = judgement.evaluation.valid_until {
        writeln!(out, "\nThe verdict may change by itself on {until}.")?;
    }
    writeln!(out, "\n{}", judgement.sentence())
}

/// Findings under their rules.
fn section<'r>(
    title: &str,
    rows: impl Iterator<Item = &'r (&'r str, &'r Row<'r>)>,
    detail: Detail,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut groups: Vec<Vec<&(&str, &Row<'_>)>> = Vec::new();
    for entry in rows {
        let is_same = |group: &&mut Vec<&(&str, &Row<'_>)>| {
            let (policy, first) = group[0];
            *policy == entry.0 && std::ptr::eq(first.rule, entry.1.rule)
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:")?;
    for group in groups {
        let (policy, first) = group[0];
        let rule = first.rule;
        writeln!(out, "  {}/{}, {}", rule.gate.name, rule.trigger.name, rule_name(policy, first))?;
        let shown = if detail == Detail::Full { group.len() } else { FINDINGS };
        for (_, row) in group.iter().take(shown) {
            finding(row, detail, out)?;
        }
        if let Some(more @ 1..) = group.len().checked_sub(shown) {
            writeln!(out, "    and {more} more (see --detail or -o json)")?;
        }
        if let Some(recommendation) = &rule.recommendation {
            writeln!(out, "    advice: {}", printable(recommendation))?;
        }
    }
    Ok(())
}

fn finding(row: &Row<'_>, detail: Detail, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "    {}", printable(&row.message))?;
    if detail == Detail::Full {
        writeln!(out, "      id {}", printable(&row.trigger_id))?;
    }
    if let Some(allowance) = allowance(row) {
        writeln!(out, "      {allowance}")?;
    }
    match row.grace_until {
        Some(until) => writeln!(out, "      {} from {until}", row.rule.action),
        None => Ok(()),
    }
}

fn list(title: &str, lines: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        writeln!(out, "\n{title}:")?;
    }
    lines.try_for_each(|line| writeln!(out, "  {}", printable(&line)))
}

fn clear(clearance: &Clearance<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nThe smallest change that clears it:")?;
    let upgrades: Vec<Vec<String>> = clearance
        .upgrades
        .iter()
        .map(|upgrade| {
            let package = upgrade.package;
            let change = format!("{} → {}", printable(&package.version), printable(upgrade.to));
            let clears = format!("clears {}", count(upgrade.clears.len(), "finding"));
            vec![format!("  upgrade {}", printable(&package.name)), change, clears]
        })
        .collect();
    text::columns(&upgrades, out)?;
    for problem in &clearance.problems {
        let remedy = problem.hint.as_deref().unwrap_or("correct the rule, or have failures warn");
        writeln!(out, "  the bundle: {} at {}: {}", problem.problem_type, problem.pointer, printable(remedy))?;
    }
    for row in clearance.remaining.iter().take(FINDINGS) {
        let rule = row.rule;
        writeln!(out, "  change or accept: {}/{}: {}", rule.gate.name, rule.trigger.name, printable(&row.message))?;
    }
    if let Some(more @ 1..) = clearance.remaining.len().checked_sub(FINDINGS) {
        writeln!(out, "  change or accept: {more} more")?;
    }
    if let Some(name) = clearance.denied.map(|entry| entry["name"].as_str().unwrap_or_default()) {
        writeln!(out, "  take the image off the list of denied images: {}", printable(name))?;
    }
    Ok(())
}
