//! `windlass db diff OLD NEW`

use std::path::PathBuf;

use clap::Args;
use windlass_vulnerabilities::{self as vulnerabilities, Database};

use crate::output::Target;

#[derive(Args)]
pub(super) struct DiffArguments {
    /// The database to compare with.
    old: PathBuf,
    /// The database that changed.
    new: PathBuf,
    /// Only count.
    #[arg(long)]
    summary: bool,
}

pub(super) fn run(arguments: &DiffArguments) -> anyhow::Result<()> {
    let (old, new) = (Database::open(&arguments.old)?, Database::open(&arguments.new)?);
    let differences = vulnerabilities::diff(&old, &new)?;
    Target { format: (), file: None }.write(|(), out| {
        for difference in &differences {
            let (added, changed, removed) = (&difference.added, &difference.changed, &difference.removed);
            writeln!(
                out,
                "{}: {} added, {} changed, {} removed",
                difference.provider,
                added.len(),
                changed.len(),
                removed.len()
            )?;
            if arguments.summary {
                continue;
            }
            for (sign, names) in [('+', added), ('~', changed), ('-', removed)] {
                for name in names {
                    writeln!(out, "{sign} {name}")?;
                }
            }
        }
        Ok(())
    })
}
