//! For people, on a terminal: findings by risk, what to upgrade, what the answer is worth, the verdict.

use std::io::{self, Write};

use crate::{
    Report,
    gaps::gaps,
    plan, policy,
    text::{self, count, printable},
    verdict,
};

/// Upgrades listed; the rest are counted.
const UPGRADES: usize = 15;

pub(crate) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    findings(report, out)?;
    summary(report, out)?;
    upgrades(report, out)?;
    coverage(report, out)?;
    writeln!(out, "\n{}", verdict::sentence(report.outcome, report.fail_on))?;
    match report.policy {
        Some(judgement) => {
            writeln!(out)?;
            policy::write_judgement_table(judgement, policy::Detail::Short, out)
        }
        None => Ok(()),
    }
}

fn findings(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.outcome.findings.is_empty() {
        return writeln!(out, "No vulnerabilities found.");
    }
    let titles = ["PACKAGE", "INSTALLED", "FIXED IN", "TYPE", "VULNERABILITY", "SEVERITY", "EPSS", "RISK", ""];
    let mut rows: Vec<Vec<String>> = vec![titles.map(str::to_owned).to_vec()];
    for finding in &report.outcome.findings {
        let Some(package) = report.sbom.packages.get(finding.package) else { continue };
        rows.push(vec![
            printable(&package.name),
            printable(&package.version),
            text::fix(finding),
            package.kind.as_str().to_owned(),
            printable(&finding.vulnerability.id),
            finding.severity().as_str().to_owned(),
            text::epss(finding),
            format!("{:.1}", finding.risk),
            if text::is_known_exploited(finding) { "exploited".into() } else { String::new() },
        ]);
    }
    let mut lines: Vec<(Vec<String>, usize)> = Vec::new();
    for row in rows {
        match lines.iter_mut().rev().take(8).find(|(earlier, _)| *earlier == row) {
            Some((_, times)) => *times += 1,
            None => lines.push((row, 1)),
        }
    }
    let rows: Vec<_> = lines
        .into_iter()
        .map(|(mut row, times)| {
            if times > 1 {
                row[0] = format!("{} (×{times})", row[0]);
            }
            row
        })
        .collect();
    text::columns(&rows, out)
}

fn summary(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts: Vec<String> = report
        .outcome
        .count_by_severity()
        .into_iter()
        .filter(|(_, all, _)| *all > 0)
        .map(|(severity, all, fixed)| format!("{all} {} ({fixed} fixed)", severity.as_str().to_lowercase()))
        .collect();
    writeln!(
        out,
        "\n{} in {}{}",
        count(report.outcome.findings.len(), "finding"),
        count(report.sbom.packages.len(), "package"),
        if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) }
    )?;
    if !report.outcome.ignored.is_empty() {
        writeln!(out, "{} left out by rules (see -o json)", count(report.outcome.ignored.len(), "finding"))?;
    }
    Ok(())
}

fn upgrades(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let upgrades = plan::upgrades(report.sbom, report.outcome);
    if upgrades.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWhat to upgrade:")?;
    let rows: Vec<_> = upgrades
        .iter()
        .take(UPGRADES)
        .map(|upgrade| {
            let places = if upgrade.places > 1 { format!(" (×{})", upgrade.places) } else { String::new() };
            vec![
                format!("  {}{places}", printable(&upgrade.name)),
                format!("{} → {}", printable(&upgrade.installed), printable(&upgrade.to)),
                format!("clears {}, worst {}", count(upgrade.clears, "finding"), upgrade.worst.as_str().to_lowercase()),
            ]
        })
        .collect();
    text::columns(&rows, out)?;
    match upgrades.len().saturating_sub(UPGRADES) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more (see -o json)"),
    }
}

fn coverage(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let gaps = gaps(report);
    if gaps.is_empty() {
        return writeln!(out, "\nCoverage: every package was compared with data built {}.", report.database.built);
    }
    writeln!(out, "\nCoverage is incomplete (data built {}):", report.database.built)?;
    for gap in gaps {
        writeln!(out, "  {gap}")?;
    }
    Ok(())
}
