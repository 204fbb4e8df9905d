//! What is known of vulnerabilities while cases are tried.

use std::path::Path;

use jiff::Timestamp;
use windlass_feeds::Stop;
use windlass_vulnerabilities::{Builder, Database, Finish};

use super::cases::Suite;
use crate::diagnostics::Hinted;

/// A database, and the folder it lies in if it was built for the cases.
pub(super) struct Advisories {
    database: Option<Database>,
    _folder: Option<tempfile::TempDir>,
}

impl Advisories {
    /// Opens the database that the cases name, or builds one from the files that they name.
    pub(super) fn open(suite: &Suite, folder: &Path, now: Timestamp) -> anyhow::Result<Self> {
        if let Some(path) = &suite.db {
            anyhow::ensure!(suite.advisories.is_empty(), "the tests name both db and advisories: leave one out");
            return Ok(Self { database: Some(Database::open(&folder.join(path))?), _folder: None });
        }
        if suite.advisories.is_empty() {
            return Ok(Self { database: None, _folder: None });
        }
        let place = tempfile::tempdir()?;
        let path = place.path().join("vulnerability.db");
        build(suite, folder, suite.now.unwrap_or(now), &path)?;
        Ok(Self { database: Some(Database::open(&path)?), _folder: Some(place) })
    }

    pub(super) fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }
}

fn build(suite: &Suite, folder: &Path, built: Timestamp, path: &Path) -> anyhow::Result<()> {
    let mut builder = Builder::create(path, built)?;
    for (name, files) in &suite.advisories {
        let source = windlass_feeds::sources().iter().find(|source| source.name == name).ok_or_else(|| {
            let known: Vec<_> = windlass_feeds::sources().iter().map(|source| source.name).collect();
            Hinted::error(
                format!("there is no source of advisories {name:?}"),
                format!("there are {}", known.join(", ")),
            )
        })?;
        let files: Vec<_> = files.iter().map(|file| folder.join(file)).collect();
        let files: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
        let mut add =
            |provider: windlass_feeds::ProviderId, record| builder.add(provider.as_str(), record).map_err(Stop::from);
        let summary = windlass_feeds::read(source, &files, &mut add)?;
        if let Some(problem) = summary.problems.first().iter().next() {
            anyhow::bail!("{} {} cannot be read: {}", problem.file, problem.record, problem.reason);
        }
        for provider in &summary.providers {
            builder.describe(provider);
        }
    }
    builder.finish(Finish::Ready, &mut |_| {})?;
    Ok(())
}
