//! Which vulnerability database is asked.

use std::path::PathBuf;

use clap::{Args, builder::FalseyValueParser};
use jiff::{SignedDuration, Timestamp};
use windlass_advisories::Advisories as _;
use windlass_report::DatabaseDescription;
use windlass_vulnerabilities::{self as vulnerabilities, Cache, Database, Http, UpdateOptions};

use crate::{diagnostics::Hinted, environment, paths};

#[derive(Args)]
#[command(next_help_heading = "Vulnerability database")]
pub(crate) struct DatabaseArguments {
    /// Database file to ask [default: the installed one, which is fetched or refreshed first].
    #[arg(long, value_name = "FILE", env = "WINDLASS_DB")]
    db: Option<PathBuf>,
    /// Use nothing but what is on disk.
    #[arg(long, env = "WINDLASS_OFFLINE", value_parser = FalseyValueParser::new())]
    offline: bool,
    /// Fail if the database is older than this many hours.
    #[arg(long, value_name = "HOURS")]
    db_max_age: Option<u32>,
}

/// The variable that says where a newer database is looked for, if that is not where Anchore publishes.
pub(crate) const SOURCE: &str = "WINDLASS_DB_SOURCE";

/// A database older than this is worth a warning.
const OLD: SignedDuration = SignedDuration::from_hours(5 * 24);

impl DatabaseArguments {
    /// Opens the database, after an update where that is allowed and due.
    pub(crate) fn open(&self) -> anyhow::Result<Database> {
        let database = match &self.db {
            Some(file) => Database::open(file)?,
            None => self.open_installed()?,
        };
        let age = Timestamp::now().duration_since(database.built_at());
        if self.db_max_age.is_some_and(|hours| age > SignedDuration::from_hours(hours.into())) {
            return Err(Hinted::error(
                format!("the vulnerability database was built {}, {} hours ago", database.built_at(), age.as_hours()),
                "run windlass db update, or raise --db-max-age",
            ));
        }
        if age > OLD {
            tracing::warn!("the vulnerability database is {} days old", age.as_hours() / 24);
        }
        Ok(database)
    }

    fn open_installed(&self) -> anyhow::Result<Database> {
        let cache = Cache::new(&paths::database_cache()?);
        if !self.offline {
            let http = Http::new(concat!("windlass/", env!("CARGO_PKG_VERSION")))?;
            let usual = UpdateOptions::default();
            let source = environment::variables()?.remove(SOURCE).unwrap_or(usual.source);
            let options = UpdateOptions { source, ..usual };
            if let Err(error) = vulnerabilities::update(&cache, &http, &options, Timestamp::now(), &mut |_| {}) {
                // What is installed still answers; its age is part of every report.
                if cache.open().is_err() {
                    return Err(anyhow::Error::new(error)
                        .context("there is no vulnerability database and none could be fetched"));
                }
                tracing::warn!("the vulnerability database could not be refreshed: {error}");
            }
        }
        Ok(cache.open()?)
    }
}

/// What the report says of the database.
pub(crate) fn describe(database: &Database) -> anyhow::Result<DatabaseDescription> {
    Ok(DatabaseDescription {
        schema: database.schema().to_string(),
        built: database.built_at().to_string(),
        path: database.path().display().to_string(),
        providers: database.providers()?,
    })
}
