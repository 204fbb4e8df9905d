//! `windlass sbom IMAGE`: the bill of materials.

use std::path::PathBuf;

use clap::Args;
use windlass_policy::Profile;
use windlass_sbom::formats::{self, Document, Format};

use crate::{
    Outcome,
    arguments::ArtifactArguments,
    artifact, bundle,
    inspection::Needs,
    judge::{self, Judge},
    output::{self, Target},
};

#[derive(Args)]
pub(crate) struct SbomArguments {
    /// Format, and file to write it to (repeatable): table, json, compact, syft-json, cyclonedx-json,
    /// spdx-json.
    #[arg(short, long, value_name = "FORMAT[=FILE]", value_parser = target, default_value = "table")]
    output: Vec<Target<Format>>,
    /// Look for all that this policy bundle reads, so that the document (json) can be checked against it.
    #[arg(long, value_name = "BUNDLE")]
    policy: Option<PathBuf>,
    /// Profile that the bundle is to be evaluated with: compat, native.
    #[arg(long, value_name = "PROFILE", value_parser = judge::profile, default_value = "compat", requires = "policy")]
    profile: Profile,
    #[command(flatten)]
    artifact: ArtifactArguments,
}

fn target(text: &str) -> Result<Target<Format>, String> {
    Target::parse(text, |name| Format::parse(name).map_err(|error| error.to_string()))
}

pub(crate) fn run(arguments: &SbomArguments) -> anyhow::Result<Outcome> {
    output::check(&arguments.output)?;
    let needs = match &arguments.policy {
        Some(path) => Judge::new(bundle::read(path)?, arguments.profile).needs(),
        None => Needs::default(),
    };
    let sbom = artifact::analyse(&arguments.artifact, &needs)?;
    for unknown in &sbom.unknowns {
        tracing::warn!(path = %unknown.path, by = %unknown.found_by, "could not be read: {}", unknown.reason);
    }
    let document = document()?;
    for target in &arguments.output {
        target.write(|format, out| formats::write(&sbom, *format, &document, out))?;
    }
    Ok(Outcome::Fine)
}

/// What documents say of their making: `SOURCE_DATE_EPOCH` sets the time, so that builds can be reproduced.
pub(crate) fn document() -> anyhow::Result<Document> {
    let created =
        match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(seconds) => {
                Some(seconds.parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).ok_or_else(
                    || anyhow::anyhow!("SOURCE_DATE_EPOCH is {seconds:?}, which is no number of seconds"),
                )?)
            }
            Err(_) => None,
        };
    Ok(Document { created, tool_version: env!("CARGO_PKG_VERSION").into() })
}
