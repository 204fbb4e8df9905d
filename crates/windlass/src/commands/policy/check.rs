//! `windlass policy check IMAGE --policy BUNDLE`: analyse what the bundle reads, match, judge, and fail the gate.

mod service;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use windlass_matching::Outcome as Matched;
use windlass_report::{Detail, write_judgement_json, write_judgement_table};
use windlass_sbom::Sbom;

use crate::{
    Outcome,
    arguments::ArtifactArguments,
    artifact, bundle,
    database::DatabaseArguments,
    judge::{EvaluationArguments, Judge},
    output::{self, Target},
};

#[derive(Args)]
pub(super) struct CheckArguments {
    /// The bundle to judge by.
    #[arg(long, value_name = "BUNDLE")]
    policy: PathBuf,
    /// Show every finding, with the id that allow-lists match; with anchore-json, the evaluation beside its result.
    #[arg(long)]
    detail: bool,
    /// Format, and file to write it to (repeatable): table, json, anchore-json.
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = target, default_value = "table")]
    output: Vec<Target<Format>>,
    #[command(flatten)]
    artifact: ArtifactArguments,
    #[command(flatten)]
    evaluation: EvaluationArguments,
    #[command(flatten)]
    database: DatabaseArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    /// Windlass's own document (`docs/schemas/policy-check.md`).
    Json,
    /// What `anchore-cli --json evaluate check` prints.
    AnchoreJson,
}

fn target(text: &str) -> Result<Target<Format>, String> {
    Target::parse(text, |name| match name {
        "table" => Ok(Format::Table),
        "json" => Ok(Format::Json),
        "anchore-json" => Ok(Format::AnchoreJson),
        _ => Err(format!("{name:?} is no format of a check; there are table, json, anchore-json")),
    })
}

pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<Outcome> {
    output::check(&arguments.output)?;
    let judge = Judge::from_arguments(bundle::read(&arguments.policy)?, &arguments.evaluation)?;
    let now = Timestamp::now();
    // The database first: without one there is no point in reading an image.
    let database = judge.needs_findings().then(|| arguments.database.open()).transpose()?;
    let sbom = artifact::analyse(&arguments.artifact, &judge.needs())?;
    let matched = match &database {
        Some(database) => artifact::match_with(&sbom, database, now)?,
        None => Matched::default(),
    };
    let image = judge.image(&sbom, &matched, database.as_ref().map(windlass_vulnerabilities::Database::built_at));
    let evaluation = judge.evaluate(&image, now);
    let judgement = judge.judgement(&image, &evaluation, now);
    warn_unreadable(&sbom);
    for target in &arguments.output {
        target.write(|format, out| match format {
            Format::Table => {
                let detail = if arguments.detail { Detail::Full } else { Detail::Short };
                write_judgement_table(&judgement, detail, out)
            }
            Format::Json => write_judgement_json(&judgement, env!("CARGO_PKG_VERSION"), out),
            Format::AnchoreJson => service::write(&judgement, arguments.detail, out),
        })?;
    }
    Ok(if judgement.is_stopped() { Outcome::GateFailed } else { Outcome::Fine })
}

fn warn_unreadable(sbom: &Sbom) {
    for unknown in &sbom.unknowns {
        tracing::warn!(path = %unknown.path, by = %unknown.found_by, "could not be read: {}", unknown.reason);
    }
}
