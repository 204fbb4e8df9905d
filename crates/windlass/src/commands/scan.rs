//! `windlass scan IMAGE`: analyse, match, report, and fail the gate.

mod database;
mod explain;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use windlass_matching::{Distribution, Options, Severity, SortBy, VexDocument};
use windlass_report::{Format, Report};

use crate::{
    Outcome,
    arguments::ArtifactArguments,
    artifact,
    commands::sbom,
    output::{self, Target},
};

/// A VEX document longer than this is not read.
const VEX_LIMIT: u64 = 256 << 20;

#[derive(Args)]
pub(crate) struct ScanArguments {
    #[command(flatten)]
    artifact: ArtifactArguments,
    /// Format, and file to write it to (repeatable): table, json, grype-json, sarif, junit, markdown, cyclonedx-json,
    /// spdx-json, syft-json.
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = target, default_value = "table")]
    output: Vec<Target<Format>>,
    /// Exit with 1 if a finding is of this severity or worse: negligible, low, medium, high, critical.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    fail_on: Option<Severity>,
    /// Also exit with 1 if anything could not be read or compared.
    #[arg(long)]
    fail_on_incomplete: bool,
    /// Report only what some version fixes.
    #[arg(long, conflicts_with = "only_notfixed")]
    only_fixed: bool,
    /// Report only what no version fixes.
    #[arg(long)]
    only_notfixed: bool,
    /// Order of the findings: risk, severity, epss, kev, package, vulnerability.
    #[arg(long, value_name = "ORDER", value_parser = sort_by, default_value = "risk")]
    sort_by: SortBy,
    /// Name findings by their CVE where they have one.
    #[arg(long)]
    by_cve: bool,
    /// Report each source's record of a flaw on its own, as Grype does.
    #[arg(long)]
    like_grype: bool,
    /// Match as if the image were of this distribution, such as debian:12.
    #[arg(long, value_name = "NAME:VERSION")]
    distro: Option<String>,
    /// Statements of the makers on what affects them: OpenVEX, CSAF or CycloneDX (repeatable).
    #[arg(long, value_name = "FILE")]
    vex: Vec<PathBuf>,
    /// Say of every package why a vulnerability was or was not found, instead of a report.
    #[arg(long, value_name = "ID", conflicts_with_all = ["output", "fail_on"])]
    explain: Option<String>,
    #[command(flatten)]
    database: database::DatabaseArguments,
}

fn target(text: &str) -> Result<Target<Format>, String> {
    Target::parse(text, Format::parse)
}

fn severity(word: &str) -> Result<Severity, String> {
    let known = Severity::ALL.iter().find(|severity| severity.as_str().eq_ignore_ascii_case(word));
    known.copied().ok_or_else(|| format!("{word:?} is no severity; there are negligible, low, medium, high, critical"))
}

fn sort_by(word: &str) -> Result<SortBy, String> {
    let known = SortBy::ALL.iter().find(|(name, _)| *name == word).map(|(_, order)| *order);
    known.ok_or_else(|| format!("{word:?} is no order; there are risk, severity, epss, kev, package, vulnerability"))
}

pub(crate) fn run(arguments: &ScanArguments) -> anyhow::Result<Outcome> {
    output::check(&arguments.output)?;
    let options = options(arguments)?;
    // The database first: without one there is no point in reading an image.
    let database = arguments.database.open()?;
    let sbom = artifact::analyse(&arguments.artifact)?;
    if let Some(id) = &arguments.explain {
        let explanation = windlass_matching::explain(&sbom, &database, &options, id)?;
        Target { format: (), file: None }.write(|(), out| explain::write(&sbom, &explanation, out))?;
        return Ok(Outcome::Fine);
    }
    let outcome = windlass_matching::match_sbom(&sbom, &database, &options)?;
    for statement in &outcome.unmatched_statements {
        tracing::warn!("a VEX statement applied to nothing: {statement:?}");
    }
    let description = database::describe(&database)?;
    let report = Report {
        sbom: &sbom,
        outcome: &outcome,
        database: &description,
        fail_on: arguments.fail_on,
        document: &sbom::document()?,
    };
    for target in &arguments.output {
        target.write(|format, out| windlass_report::write(&report, *format, out))?;
    }
    let reached = arguments.fail_on.is_some_and(|threshold| outcome.reaches(threshold));
    let incomplete = arguments.fail_on_incomplete && !outcome.coverage.is_complete();
    Ok(if reached || incomplete { Outcome::GateFailed } else { Outcome::Fine })
}

fn options(arguments: &ScanArguments) -> anyhow::Result<Options> {
    let mut options = Options {
        distribution: arguments.distro.as_deref().map(Distribution::parse).transpose()?,
        today: Some(jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()),
        like_grype: arguments.like_grype,
        by_cve: arguments.by_cve,
        sort: arguments.sort_by,
        ..Options::default()
    };
    for path in &arguments.vex {
        let failed = || format!("the VEX document {} cannot be read", path.display());
        let length = std::fs::metadata(path).with_context(failed)?.len();
        anyhow::ensure!(length <= VEX_LIMIT, "{}: it is longer than {VEX_LIMIT} bytes", failed());
        let bytes = std::fs::read(path).with_context(failed)?;
        options.vex.push(VexDocument::parse(&path.display().to_string(), &bytes).with_context(failed)?);
    }
    if arguments.only_fixed {
        options = options.only_fixed();
    }
    if arguments.only_notfixed {
        options = options.only_not_fixed();
    }
    Ok(options)
}
