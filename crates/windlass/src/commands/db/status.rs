//! `windlass db status`

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use windlass_vulnerabilities::{Integrity, Status};

use super::CacheArguments;
use crate::{diagnostics::Hinted, output::Target};

#[derive(Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    cache: CacheArguments,
    /// How to print it.
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
    /// Fail if the database is older than this many hours.
    #[arg(long, value_name = "HOURS")]
    max_age: Option<u32>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

pub(super) fn run(arguments: &StatusArguments) -> anyhow::Result<()> {
    let status = arguments.cache.cache()?.status(Timestamp::now())?;
    Target { format: (), file: None }.write(|(), out| match arguments.output {
        Format::Table => table(&status, out),
        Format::Json => json(&status, out),
    })?;
    if let Integrity::Altered { expected, found } = &status.integrity {
        return Err(Hinted::error(
            format!("{} was altered since it was installed: {found}, not {expected}", status.path.display()),
            "install it again: windlass db update --force, or windlass db import FILE",
        ));
    }
    if arguments.max_age.is_some_and(|hours| status.age > SignedDuration::from_hours(hours.into())) {
        return Err(Hinted::error(
            format!("the database was built {}, {} hours ago", status.built, status.age.as_hours()),
            "run windlass db update",
        ));
    }
    Ok(())
}

fn integrity(status: &Status) -> &'static str {
    match status.integrity {
        Integrity::Valid => "valid",
        Integrity::Altered { .. } => "altered",
        Integrity::Unknown => "unknown",
    }
}

fn table(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "path       {}", status.path.display())?;
    writeln!(out, "schema     {}", status.schema)?;
    writeln!(out, "built      {} ({} hours ago)", status.built, status.age.as_hours())?;
    if let Some(source) = &status.source {
        writeln!(out, "source     {source}")?;
    }
    writeln!(out, "size       {} bytes", status.bytes)?;
    writeln!(out, "integrity  {}", integrity(status))?;
    writeln!(out, "\n{:24} {:>10}  DATA OF", "PROVIDER", "RECORDS")?;
    for provider in &status.providers {
        let date = provider.provider.date_captured.as_deref().unwrap_or("unknown");
        writeln!(out, "{:24} {:>10}  {date}", provider.provider.id, provider.records)?;
    }
    Ok(())
}

fn json(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let providers: Vec<_> = status
        .providers
        .iter()
        .map(|provider| {
            serde_json::json!({
                "id": provider.provider.id, "records": provider.records,
                "dateCaptured": provider.provider.date_captured, "input": provider.provider.input_digest,
            })
        })
        .collect();
    let document = serde_json::json!({
        "path": status.path, "schemaVersion": status.schema.to_string(), "built": status.built.to_string(),
        "ageHours": status.age.as_hours(), "source": status.source, "bytes": status.bytes,
        "integrity": integrity(status), "providers": providers,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
