//! Small things that every text format needs.

use windlass_advisories::FixState;
use windlass_matching::Finding;

/// `1 finding`, `2 findings`
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("{number} {what}") } else { format!("{number} {what}s") }
}

/// As [`windlass_sbom::printable`], owned, as the cells of a table are.
pub(crate) fn printable(text: &str) -> String {
    windlass_sbom::printable(text).into_owned()
}

/// The version to move to, or why there is none.
pub(crate) fn fix(finding: &Finding) -> String {
    match (&finding.fix.suggested, finding.fix.state) {
        (Some(version), FixState::Fixed) => printable(version),
        (None, FixState::Fixed) => printable(&finding.fix.versions.join(", ")),
        (_, FixState::WontFix) => "won't fix".into(),
        (_, FixState::NotAffected) => "not affected".into(),
        _ => String::new(),
    }
}

/// The highest exploit prediction in percent, such as `94.4%`.
pub(crate) fn epss(finding: &Finding) -> String {
    let highest = finding
        .vulnerability
        .epss
        .iter()
        .map(|score| score.epss)
        .fold(None, |highest: Option<f64>, score| Some(highest.map_or(score, |highest| highest.max(score))));
    match highest {
        Some(score) if score < 0.001 => "<0.1%".into(),
        Some(score) => format!("{:.1}%", score * 100.0),
        None => String::new(),
    }
}

/// Whether it is in the catalogue of known exploited vulnerabilities.
pub(crate) fn is_known_exploited(finding: &Finding) -> bool {
    !finding.vulnerability.known_exploited.is_empty()
}

/// Writes rows of cells padded to columns; the last column is not padded.
///
/// # Errors
/// Those of the writer.
pub fn columns(rows: &[Vec<String>], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
