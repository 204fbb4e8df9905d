//! What a scan found, in every format a person or a pipeline reads.
//!
//! A [`Report`] is the bill of materials, the outcome of matching it, and the database that answered. [`write()`] turns
//! it into one of the [`Format`]s; equal reports give equal bytes. Every format says what the answer is worth (its
//! coverage), so that an incomplete scan cannot be taken for a clean image.
//!
//! A format is one module and one line in [`Format::ALL`].

mod cyclonedx;
mod gaps;
mod grype;
mod json;
mod junit;
mod markdown;
mod plan;
mod policy;
mod sarif;
mod table;
mod text;
mod verdict;

use std::io::{self, Write};

use windlass_advisories::Provider;
use windlass_matching::{Outcome, Severity};
use windlass_sbom::{
    Sbom,
    formats::{self, Document},
};

pub use plan::{Upgrade, upgrades};
pub use policy::{Detail, Judgement, write_judgement_json, write_judgement_table};
pub use text::columns;
pub use verdict::Verdict;

/// Everything a report is made of.
pub struct Report<'a> {
    pub sbom: &'a Sbom,
    pub outcome: &'a Outcome,
    pub database: &'a DatabaseDescription,
    /// The severity that makes the gate fail, if there is a gate.
    pub fail_on: Option<Severity>,
    /// What a policy bundle says, if one was asked.
    pub policy: Option<&'a Judgement<'a>>,
    /// Who writes, and when.
    pub document: &'a Document,
}

/// The database that answered.
#[derive(Clone, Debug, Default)]
pub struct DatabaseDescription {
    /// `6.1.9`
    pub schema: String,
    /// RFC 3339, UTC.
    pub built: String,
    pub path: String,
    /// Ordered by id.
    pub providers: Vec<Provider>,
}

/// The formats of a report, by their names on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people, on a terminal.
    Table,
    /// Windlass's own document (`docs/schemas/scan.md`).
    Json,
    /// What `grype -o json` writes.
    GrypeJson,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// `JUnit` XML, for the test report of a CI system.
    Junit,
    /// For a comment on a change.
    Markdown,
    /// CycloneDX 1.6 with vulnerabilities.
    CycloneDxJson,
    /// A bill of materials alone.
    Sbom(formats::Format),
}

impl Format {
    /// Every format with the name that is shown.
    pub const ALL: &[(&str, Self)] = &[
        ("table", Self::Table),
        ("json", Self::Json),
        ("grype-json", Self::GrypeJson),
        ("sarif", Self::Sarif),
        ("junit", Self::Junit),
        ("markdown", Self::Markdown),
        ("cyclonedx-json", Self::CycloneDxJson),
        ("spdx-json", Self::Sbom(formats::Format::SpdxJson)),
        ("syft-json", Self::Sbom(formats::Format::SyftJson)),
    ];

    /// Reads a name.
    ///
    /// # Errors
    /// Names the nearest format.
    pub fn parse(name: &str) -> Result<Self, String> {
        if let Some((_, format)) = Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Ok(*format);
        }
        let names = Self::ALL.iter().map(|(known, _)| *known);
        let nearest = names.clone().min_by_key(|known| strsim::damerau_levenshtein(known, name)).unwrap_or_default();
        let all: Vec<_> = names.collect();
        Err(format!("{name:?} is no report format; did you mean {nearest:?}? There are {}", all.join(", ")))
    }
}

/// Writes the report in a format.
///
/// # Errors
/// Those of the writer.
pub fn write(report: &Report<'_>, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, out),
        Format::Json => json::write(report, out),
        Format::GrypeJson => grype::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Markdown => markdown::write(report, out),
        Format::CycloneDxJson => cyclonedx::write(report, out),
        Format::Sbom(format) => formats::write(report.sbom, format, report.document, out),
    }
}

#[cfg(test)]
mod tests;
