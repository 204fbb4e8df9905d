//! For a comment on a change: the verdict first, then what to do, then the findings.

use std::io::{self, Write};

use windlass_policy::Action;

use crate::{Judgement, Report, gaps::gaps, plan, policy::rule_name, text, verdict};

/// Findings listed; comments have a maximal length.
const FINDINGS: usize = 200;
/// Reasons listed why the answer is incomplete; the rest are counted.
const GAPS: usize = 20;

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Windlass: {}", cell(report.sbom.source.name()))?;
    writeln!(out, "\n**{}**", cell(&verdict::sentence(report.outcome, report.fail_on)))?;
    let upgrades = plan::upgrades(report.sbom, report.outcome);
    if !upgrades.is_empty() {
        writeln!(out, "\n| Upgrade | From | To | Clears | Worst |\n|---|---|---|---:|---|")?;
        for upgrade in upgrades {
            let (name, from, to) = (cell(&upgrade.name), cell(&upgrade.installed), cell(&upgrade.to));
            writeln!(out, "| {name} | {from} | {to} | {} | {} |", upgrade.clears, upgrade.worst)?;
        }
    }
    if !report.outcome.findings.is_empty() {
        writeln!(out, "\n| Package | Installed | Fixed in | Vulnerability | Severity | EPSS | Risk |")?;
        writeln!(out, "|---|---|---|---|---|---:|---:|")?;
        for finding in report.outcome.findings.iter().take(FINDINGS) {
            let Some(package) = report.sbom.packages.get(finding.package) else { continue };
            let id = cell(&finding.vulnerability.id);
            let link = &finding.vulnerability.data_source;
            let id = if link.starts_with("https://") { format!("[{id}]({})", cell(link)) } else { id };
            let exploited = if text::is_known_exploited(finding) { " (exploited)" } else { "" };
            writeln!(
                out,
                "| {} | {} | {} | {id} | {}{exploited} | {} | {:.1} |",
                cell(&package.name),
                cell(&package.version),
                cell(&text::fix(finding)),
                finding.severity(),
                text::epss(finding),
                finding.risk
            )?;
        }
        if let Some(more @ 1..) = report.outcome.findings.len().checked_sub(FINDINGS) {
            writeln!(out, "\nand {more} more")?;
        }
    }
    coverage(report, out)?;
    report.policy.map_or(Ok(()), |judgement| policy(judgement, out))
}

/// Why the answer is incomplete, if it is.
fn coverage(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let gaps = gaps(report);
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCoverage is incomplete:\n")?;
    gaps.iter().take(GAPS).try_for_each(|gap| writeln!(out, "- {}", cell(gap)))?;
    match gaps.len().saturating_sub(GAPS) {
        0 => Ok(()),
        more => writeln!(out, "- and {more} more"),
    }
}

/// What stops and what warns, worst first.
fn policy(judgement: &Judgement<'_>, out: &mut dyn Write) -> io::Result<()> {
    let bundle = judgement.bundle.bundle();
    let name = if bundle.name().is_empty() { bundle.id() } else { bundle.name() };
    writeln!(out, "\n### Policy {}\n\n**{}**", cell(name), cell(&judgement.sentence()))?;
    let rows = || judgement.rows().filter(|(_, row)| row.action != Action::Go);
    if rows().next().is_some() {
        writeln!(out, "\n| Action | Gate | Trigger | Finding | Rule |\n|---|---|---|---|---|")?;
    }
    let mut worst_first: Vec<_> = rows().collect();
    worst_first.sort_by_key(|(_, row)| row.action);
    for (policy, row) in worst_first.iter().take(FINDINGS) {
        let (gate, trigger) = (row.rule.gate.name, row.rule.trigger.name);
        let (message, rule) = (cell(&row.message), cell(&rule_name(policy, row)));
        writeln!(out, "| {} | {gate} | {trigger} | {message} | {rule} |", row.action)?;
    }
    if let Some(more @ 1..) = worst_first.len().checked_sub(FINDINGS) {
        writeln!(out, "\nand {more} more")?;
    }
    let notes = judgement.evaluation.problems.iter().map(ToString::to_string);
    let warnings = judgement.warnings();
    let notes: Vec<String> = notes.chain(warnings.iter().map(ToString::to_string)).collect();
    if !notes.is_empty() {
        writeln!(out)?;
    }
    notes.iter().try_for_each(|note| writeln!(out, "- {}", cell(note)))
}

/// Text that cannot end a table's cell or start markup.
fn cell(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text::printable(text).chars() {
        if matches!(c, '|' | '<' | '>' | '[' | ']' | '`' | '*' | '\\') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}
