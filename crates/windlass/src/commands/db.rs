//! `windlass db …`: vulnerability databases.

mod build;
mod compare;
mod install;
mod status;

use std::{path::PathBuf, time::Instant};

use clap::{Args, Subcommand};
use windlass_vulnerabilities::{Cache, Progress};

use crate::{Outcome, paths};

#[derive(Args)]
pub(crate) struct DbArguments {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Subcommand)]
enum DbCommand {
    /// Say which database is installed, how old it is and what it was made from.
    Status(status::StatusArguments),
    /// Fetch a newer database if there is one, verify it and put it in the old one's place.
    Update(install::UpdateArguments),
    /// Build a database from advisory files on disk.
    Build(build::BuildArguments),
    /// Install a database from a file: an archive, or the database itself.
    Import(install::ImportArguments),
    /// Write the installed database to an archive that `import` takes.
    Export(install::ExportArguments),
    /// Say which database a publisher offers.
    List(install::ListArguments),
    /// Compare two databases: which advisories were added, changed, removed.
    Diff(compare::DiffArguments),
}

/// Where databases are installed.
#[derive(Args)]
struct CacheArguments {
    /// Folder the database is installed in: WINDLASS_DB_CACHE_DIR [default: db in the cache folder].
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

impl CacheArguments {
    fn cache(&self) -> anyhow::Result<Cache> {
        Ok(Cache::new(&match &self.cache_dir {
            Some(folder) => folder.clone(),
            None => paths::database_cache()?,
        }))
    }
}

pub(crate) fn run(arguments: &DbArguments) -> anyhow::Result<Outcome> {
    match &arguments.command {
        DbCommand::Status(arguments) => status::run(arguments),
        DbCommand::Update(arguments) => install::update(arguments),
        DbCommand::Build(arguments) => build::run(arguments),
        DbCommand::Import(arguments) => install::import(arguments),
        DbCommand::Export(arguments) => install::export(arguments),
        DbCommand::List(arguments) => install::list(arguments),
        DbCommand::Diff(arguments) => compare::run(arguments),
    }?;
    Ok(Outcome::Fine)
}

/// Tells of progress in the log, at most once a second.
pub(super) fn watch() -> impl FnMut(Progress) {
    let mut last: Option<Instant> = None;
    move |progress| {
        if last.is_none_or(|last| last.elapsed().as_secs() >= 1) {
            last = Some(Instant::now());
            tracing::info!("{progress:?}");
        }
    }
}
