//! `windlass scan IMAGE`: analyse, match, report, and fail the gate.

mod explain;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use windlass_matching::{Distribution, Options, Severity, SortBy, VexDocument};
use windlass_report::{Format, Judgement, Report};

use crate::{
    Outcome,
    arguments::{ArtifactArguments, severity},
    artifact, bundle,
    commands::sbom,
    database::{self, DatabaseArguments},
    inspection::Needs,
    judge::{EvaluationArguments, Judge},
    output::{self, Target},
};

/// A VEX document longer than this is not read.
const VEX_LIMIT: u64 = 256 << 20;

#[derive(Args)]
pub(crate) struct ScanArguments {
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
    /// Take options from a YAML file whose keys are the names of these options; what is given here counts more.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Judge the image by this policy bundle, too; a verdict of STOP fails the gate.
    #[arg(long, value_name = "BUNDLE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    artifact: ArtifactArguments,
    #[command(flatten)]
    evaluation: EvaluationArguments,
    #[command(flatten)]
    database: DatabaseArguments,
}

fn target(text: &str) -> Result<Target<Format>, String> {
    Target::parse(text, Format::parse)
}

fn sort_by(word: &str) -> Result<SortBy, String> {
    let known = SortBy::ALL.iter().find(|(name, _)| *name == word).map(|(_, order)| *order);
    known.ok_or_else(|| format!("{word:?} is no order; there are risk, severity, epss, kev, package, vulnerability"))
}

pub(crate) fn run(arguments: &ScanArguments) -> anyhow::Result<Outcome> {
    output::check(&arguments.output)?;
    let now = Timestamp::now();
    let options = options(arguments, now)?;
    let judge = arguments.policy.as_deref().map(bundle::read).transpose()?;
    let judge = judge.map(|bundle| Judge::from_arguments(bundle, &arguments.evaluation)).transpose()?;
    // The database first: without one there is no point in reading an image.
    let database = arguments.database.open()?;
    let sbom = artifact::analyse(&arguments.artifact, &judge.as_ref().map_or_else(Needs::default, Judge::needs))?;
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
    let judged = judge.as_ref().map(|judge| judge.image(&sbom, &outcome, Some(database.built_at())));
    let judged = judge.as_ref().zip(judged.as_ref());
    let evaluation = judged.map(|(judge, image)| judge.evaluate(image, now));
    let judgement = judged.zip(evaluation.as_ref());
    let judgement = judgement.map(|((judge, image), evaluation)| judge.judgement(image, evaluation, now));
    let report = Report {
        sbom: &sbom,
        outcome: &outcome,
        database: &description,
        fail_on: arguments.fail_on,
        policy: judgement.as_ref(),
        document: &sbom::document()?,
    };
    for target in &arguments.output {
        target.write(|format, out| windlass_report::write(&report, *format, out))?;
    }
    let reached = arguments.fail_on.is_some_and(|threshold| outcome.reaches(threshold));
    let incomplete = arguments.fail_on_incomplete && !outcome.coverage.is_complete();
    let stopped = judgement.as_ref().is_some_and(Judgement::is_stopped);
    Ok(if reached || incomplete || stopped { Outcome::GateFailed } else { Outcome::Fine })
}

fn options(arguments: &ScanArguments, now: Timestamp) -> anyhow::Result<Options> {
    let mut options = Options {
        distribution: arguments.distro.as_deref().map(Distribution::parse).transpose()?,
        today: Some(now.strftime("%Y-%m-%d").to_string()),
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
