//! Databases that come from elsewhere or go there: `update`, `import`, `export`, `list`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use windlass_vulnerabilities::{
    self as vulnerabilities, Budget, Compression, Http, Lifecycle, Listing, Outcome, UpdateOptions,
};

use super::CacheArguments;
use crate::{database, diagnostics::Hinted, output::Target};

#[derive(Args)]
pub(super) struct UpdateArguments {
    #[command(flatten)]
    cache: CacheArguments,
    /// Address, file or folder of a listing [default: Anchore's public one].
    #[arg(long, value_name = "URL|FILE", env = database::SOURCE, default_value = vulnerabilities::DEFAULT_SOURCE, hide_default_value = true)]
    from: String,
    /// Look even if it was looked for in the last two hours.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
pub(super) struct ImportArguments {
    #[command(flatten)]
    cache: CacheArguments,
    /// A database or an archive of one (.tar.zst, .tar.gz).
    file: PathBuf,
    /// What the file must have: sha256:… or the digits alone.
    #[arg(long, value_name = "DIGEST")]
    checksum: Option<String>,
}

#[derive(Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    cache: CacheArguments,
    /// The archive to write (.tar.zst or .tar.gz).
    file: PathBuf,
    /// Another database than the installed one.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Also write the listing that makes the folder a source for `update --from`.
    #[arg(long, value_name = "FILE")]
    listing: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ListArguments {
    /// Address, file or folder of a listing [default: Anchore's public one].
    #[arg(long, value_name = "URL|FILE", env = database::SOURCE, default_value = vulnerabilities::DEFAULT_SOURCE, hide_default_value = true)]
    from: String,
    /// Print the listing as it is published.
    #[arg(long)]
    json: bool,
}

fn http() -> anyhow::Result<Http> {
    Ok(Http::new(concat!("windlass/", env!("CARGO_PKG_VERSION")))?)
}

pub(super) fn update(arguments: &UpdateArguments) -> anyhow::Result<()> {
    let mut options = UpdateOptions { source: arguments.from.clone(), ..UpdateOptions::default() };
    if arguments.force {
        options.every = SignedDuration::ZERO;
    }
    let cache = arguments.cache.cache()?;
    let outcome = vulnerabilities::update(&cache, &http()?, &options, Timestamp::now(), &mut super::watch())?;
    if let Outcome::Updated { listing, .. } | Outcome::Current { listing, .. } = &outcome {
        warn_of_end(listing);
    }
    answer(&match outcome {
        Outcome::Updated { listing, previous: Some(previous), .. } => {
            format!("updated: built {} (was {previous})", listing.built)
        }
        Outcome::Updated { listing, .. } => format!("installed: built {}", listing.built),
        Outcome::Current { built, .. } => format!("up to date: built {built}"),
        Outcome::NotDue { built, last_check } => format!("up to date as of {last_check}: built {built}"),
        Outcome::Offline { built } => format!("not looked for (offline): built {built}"),
    })
}

/// Prints the line that says what was done.
fn answer(line: &str) -> anyhow::Result<()> {
    Target { format: (), file: None }.write(|(), out| writeln!(out, "{line}"))
}

fn warn_of_end(listing: &Listing) {
    if matches!(listing.lifecycle, Lifecycle::Deprecated | Lifecycle::Eol) {
        tracing::warn!("the publisher says that databases of this kind are {}", listing.lifecycle);
    }
}

pub(super) fn import(arguments: &ImportArguments) -> anyhow::Result<()> {
    let cache = arguments.cache.cache()?;
    let checksum = arguments.checksum.as_deref();
    cache.import(&arguments.file, "manual import", checksum, Budget::default(), &mut super::watch())?;
    answer(&format!("installed: built {}", cache.open()?.built_at()))
}

pub(super) fn export(arguments: &ExportArguments) -> anyhow::Result<()> {
    let name = arguments.file.to_string_lossy();
    let compression = Compression::of_name(&name).ok_or_else(|| {
        Hinted::error(format!("{name:?} does not say how to compress"), "let the name end in .tar.zst or .tar.gz")
    })?;
    let database = match &arguments.db {
        Some(database) => database.clone(),
        None => arguments.cache.cache()?.database_path(),
    };
    // As that of the archive is, and before the archive is there.
    if let Some(folder) = arguments.listing.as_deref().and_then(Path::parent) {
        let failed = || format!("the folder {} of the listing cannot be made", folder.display());
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    let listing = vulnerabilities::export(&database, &arguments.file, compression)?;
    if let Some(file) = &arguments.listing {
        let target = Target { format: (), file: Some(file.clone()) };
        target.write(|(), out| out.write_all(listing.to_json().as_bytes()))?;
    }
    answer(&format!("exported: built {}, {}", listing.built, listing.checksum))
}

pub(super) fn list(arguments: &ListArguments) -> anyhow::Result<()> {
    let listing = vulnerabilities::check(&http()?, &arguments.from)?;
    warn_of_end(&listing);
    answer(&if arguments.json {
        listing.to_json()
    } else {
        format!("{}  schema {}  {}  {}", listing.built, listing.schema, listing.path, listing.checksum)
    })
}
