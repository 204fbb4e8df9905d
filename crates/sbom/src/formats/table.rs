//! Text for people: what is there, and what could not be read.

use std::io::{self, Write};

use super::Document;
use crate::{Sbom, printable};

/// One line a package, equal lines counted instead of repeated; then what could not be read.
pub(super) fn write(sbom: &Sbom, _document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let texts = sbom.packages.iter().map(|package| [&*package.name, &*package.version, package.kind.as_str()]);
    let mut rows: Vec<_> = texts.map(|row| row.map(printable)).collect();
    rows.sort();
    if rows.is_empty() {
        writeln!(out, "No packages found.")?;
    } else {
        let width = |column: usize, title: &str| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default().max(title.len())
        };
        let (name_width, version_width) = (width(0, "NAME"), width(1, "VERSION"));
        writeln!(out, "{:name_width$}  {:version_width$}  TYPE", "NAME", "VERSION")?;
        for equal in rows.chunk_by(PartialEq::eq) {
            let [name, version, kind] = &equal[0];
            write!(out, "{name:name_width$}  {version:version_width$}  {kind}")?;
            match equal.len() {
                1 => writeln!(out)?,
                count => writeln!(out, "  (×{count})")?,
            }
        }
    }
    if !sbom.unknowns.is_empty() {
        writeln!(out, "\nCould not be read, so packages may be missing:")?;
        for unknown in &sbom.unknowns {
            let [path, found_by, reason] =
                [&unknown.path, &unknown.found_by, &unknown.reason].map(|text| printable(text));
            writeln!(out, "  {path}: {reason} ({found_by})")?;
        }
    }
    Ok(())
}
