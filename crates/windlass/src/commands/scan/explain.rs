//! `windlass scan --explain ID`: why a vulnerability was or was not found.

use std::io::{self, Write};

use windlass_matching::Explanation;
use windlass_sbom::{Sbom, printable};

pub(super) fn write(sbom: &Sbom, explanation: &Explanation, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}", explanation.id)?;
    if !explanation.aliases.is_empty() {
        write!(out, " (also {})", explanation.aliases.join(", "))?;
    }
    writeln!(out)?;
    if !explanation.is_known {
        return writeln!(out, "\nThe database has no record of it.");
    }
    if explanation.considerations.is_empty() {
        writeln!(out, "\nThe database has records of it, but none about a package of this image.")?;
    }
    let name = |index: usize| {
        let package = sbom.packages.get(index);
        package.map_or_else(String::new, |package| format!("{} {} ({})", package.name, package.version, package.kind))
    };
    let mut last = None;
    for considered in &explanation.considerations {
        if last != Some(considered.package) {
            writeln!(out, "\n{}", printable(&name(considered.package)))?;
            last = Some(considered.package);
        }
        let constraint = if considered.constraint.is_empty() { "every version" } else { &considered.constraint };
        writeln!(
            out,
            "  {} of {}: {constraint} ({}), compared with {} by {} as {}",
            considered.record,
            considered.provider,
            considered.format,
            printable(&considered.version),
            considered.matcher,
            considered.kind.as_str()
        )?;
        writeln!(out, "    {}", considered.verdict)?;
    }
    for finding in &explanation.findings {
        writeln!(
            out,
            "\nReported: {} in {}, {}, fix: {}",
            finding.vulnerability.id,
            printable(&name(finding.package)),
            finding.severity(),
            finding.fix.suggested.as_deref().unwrap_or(finding.fix.state.as_str())
        )?;
    }
    for ignored in &explanation.ignored {
        let reasons: Vec<_> = ignored.reasons.iter().map(|rule| rule.reason.as_str()).collect();
        writeln!(
            out,
            "\nLeft out: {} in {}: {}",
            ignored.finding.vulnerability.id,
            printable(&name(ignored.finding.package)),
            reasons.join("; ")
        )?;
    }
    Ok(())
}
