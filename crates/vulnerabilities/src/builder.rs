//! Writes a database from records (`spec/matching.md` §10). The same records in the same order give the same bytes.

mod codenames;
mod decorations;
mod ends_of_life;
mod normalise;
mod providers;
mod rhel;
mod rows;
mod severities;
mod specifiers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};
use windlass_advisories::{Advisory, Epss, KnownExploited, OperatingSystem, PackageStatement, Provider, Record};

use crate::file::Replacement;
use crate::hydrate::{self, FAST_WRITES};
use crate::schema::{INDEXES, Index, TABLES};
use crate::{Error, Progress, Result, SCHEMA, Watch, time};
use providers::Providers;
pub use rhel::expand_rhel_minors;
use rows::Rows;
use severities::Severities;

/// The provider whose severities fill in for the others.
const NVD: &str = "nvd";

/// How a database is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// With indexes and statistics: can be read in place.
    Ready,
    /// Without indexes and as small as possible: to be archived, published and hydrated by those who take it.
    Distribution,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records by provider, ordered by its id.
    pub providers: Vec<(String, u64)>,
    pub vulnerabilities: u64,
    /// Rows that tie a vulnerability to a package, affected and unaffected.
    pub packages: u64,
    /// Rows that tie a vulnerability to a CPE.
    pub cpes: u64,
    /// The size of the file.
    pub bytes: u64,
}

/// A database being written. It appears under its name only when [`Builder::finish`] succeeds; until then, and after
/// any failure, whatever had that name stays.
pub struct Builder {
    file: Replacement,
    connection: Connection,
    rows: Rows,
    severities: Severities,
    providers: Providers,
    ends_of_life: Vec<OperatingSystem>,
    epss_date: Option<String>,
    summary: Summary,
}

impl Builder {
    /// Starts a database that will stand at `target` and say that it was built at `built` (cut to whole seconds).
    pub fn create(target: &Path, built: Timestamp) -> Result<Self> {
        let file = Replacement::beside(target)?;
        let connection = Connection::open(file.path()).map_err(Error::sqlite("create", target))?;
        let builder = Self {
            file,
            connection,
            rows: Rows::default(),
            severities: Severities::default(),
            providers: Providers::default(),
            ends_of_life: Vec::new(),
            epss_date: None,
            summary: Summary::default(),
        };
        builder.begin(built).map_err(Error::sqlite("start", target))?;
        Ok(builder)
    }

    /// Where a provider belongs in the order of providers: sort by it before adding them.
    pub fn order(provider: &str) -> (u8, &str) {
        (u8::from(provider != NVD), provider)
    }

    /// Says what a provider's records were read from, before or after they are added. A provider read from several
    /// inputs is as recent as the newest of them.
    pub fn describe(&mut self, provider: &Provider) {
        self.providers.describe(provider);
    }

    /// Adds a record of the provider of that id.
    ///
    /// # Errors
    /// The disk; a record of NVD after those of others; EPSS scores of two different days.
    pub fn add(&mut self, provider: &str, record: Record) -> Result<()> {
        self.providers.count(provider);
        match record {
            Record::Advisory(advisory) => self.add_advisory(provider, *advisory),
            Record::KnownExploited(entry) => self.add_known_exploited(entry),
            Record::Epss(score) => self.add_epss(&score),
            Record::EndOfLife(release) => {
                self.ends_of_life.push(release);
                Ok(())
            }
        }
    }

    /// Completes the file and puts it in its place.
    pub fn finish(mut self, finish: Finish, watch: Watch<'_>) -> Result<Summary> {
        let target = self.file.target().to_owned();
        let failed = || Error::sqlite("complete", &target);
        ends_of_life::decorate(&self.connection, &mut self.ends_of_life).map_err(failed())?;
        self.providers.write(&self.connection).map_err(failed())?;
        if let Some(date) = self.epss_date.as_deref().and_then(time::to_column) {
            decorations::epss_date(&self.connection, &date).map_err(failed())?;
        }
        self.connection.execute_batch("commit").map_err(failed())?;
        match finish {
            Finish::Ready => {
                let all: Vec<&Index> = INDEXES.iter().collect();
                hydrate::create(&self.connection, &all, watch).map_err(failed())?;
            }
            Finish::Distribution => {
                watch(Progress::Compacting);
                self.connection.execute_batch("vacuum").map_err(failed())?;
            }
        }
        self.connection.close().map_err(|(_, error)| failed()(error))?;
        watch(Progress::Installing);
        self.summary.providers = self.providers.counts();
        self.summary.bytes = self.file.commit()?;
        Ok(self.summary)
    }

    fn begin(&self, built: Timestamp) -> rusqlite::Result<()> {
        self.connection.execute_batch(FAST_WRITES)?;
        self.connection.set_prepared_statement_cache_capacity(32);
        self.connection.execute_batch("begin")?;
        for table in TABLES {
            self.connection.execute_batch(table)?;
        }
        specifiers::write(&self.connection)?;
        let whole_seconds = Timestamp::from_second(built.as_second()).unwrap_or(built).to_zoned(TimeZone::UTC);
        self.connection.execute(
            "insert into db_metadata (build_timestamp, model, revision, addition) values (?, ?, ?, ?)",
            params![time::column(whole_seconds.timestamp()), SCHEMA.model, SCHEMA.revision, SCHEMA.addition],
        )?;
        Ok(())
    }

    fn add_advisory(&mut self, provider: &str, mut advisory: Advisory) -> Result<()> {
        normalise::advisory(&mut advisory);
        if provider != NVD {
            self.severities.fill_in(&mut advisory.blob);
        } else if self.severities.were_asked() {
            return Err(Error::NvdNotFirst);
        } else {
            self.severities.remember(&advisory.blob);
        }
        let target: PathBuf = self.file.target().to_owned();
        let failed = || Error::sqlite("write", &target);
        let json = |source| Error::Json { what: advisory.name.clone(), source };

        let document = serde_json::to_string(&advisory.blob).map_err(json)?;
        let known = self.rows.vulnerabilities_written();
        let vulnerability =
            self.rows.vulnerability(&self.connection, provider, &advisory, &document).map_err(failed())?;
        self.summary.vulnerabilities += self.rows.vulnerabilities_written() - known;

        let mut seen = BTreeSet::new();
        for statement in sorted(&advisory.packages) {
            let blob = serde_json::to_string(&statement.blob).map_err(json)?;
            let blob = self.rows.blob(&self.connection, &blob).map_err(failed())?;
            for release in rhel::releases(statement, &advisory.packages) {
                let row = self
                    .rows
                    .package_handle(&self.connection, vulnerability, statement, release.as_ref(), blob, &mut seen)
                    .map_err(failed())?;
                self.summary.packages += u64::from(row);
            }
        }
        let mut seen = BTreeSet::new();
        let mut cpes: Vec<_> = advisory.cpes.iter().collect();
        cpes.sort_by(|a, b| (a.standing, &a.cpe).cmp(&(b.standing, &b.cpe)));
        for statement in cpes {
            let blob = serde_json::to_string(&statement.blob).map_err(json)?;
            let blob = self.rows.blob(&self.connection, &blob).map_err(failed())?;
            let row =
                self.rows.cpe_handle(&self.connection, vulnerability, statement, blob, &mut seen).map_err(failed())?;
            self.summary.cpes += u64::from(row);
        }
        for cwe in &advisory.cwes {
            decorations::cwe(&self.connection, cwe).map_err(failed())?;
        }
        Ok(())
    }

    fn add_known_exploited(&mut self, mut entry: KnownExploited) -> Result<()> {
        normalise::known_exploited(&mut entry);
        let document =
            serde_json::to_string(&entry).map_err(|source| Error::Json { what: entry.cve.clone(), source })?;
        let failed = || Error::sqlite("write", self.file.target());
        let blob = self.rows.blob(&self.connection, &document).map_err(failed())?;
        decorations::known_exploited(&self.connection, &entry.cve, blob).map_err(failed())
    }

    fn add_epss(&mut self, score: &Epss) -> Result<()> {
        match &self.epss_date {
            None => self.epss_date = Some(score.date.clone()),
            Some(first) if *first != score.date => {
                return Err(Error::MixedEpssDates { first: first.clone(), second: score.date.clone() });
            }
            Some(_) => {}
        }
        decorations::epss(&self.connection, score).map_err(Error::sqlite("write", self.file.target()))
    }
}

/// Package statements by name, ecosystem, constraint and release.
fn sorted(packages: &[PackageStatement]) -> Vec<&PackageStatement> {
    fn constraints(statement: &PackageStatement) -> impl Iterator<Item = &str> {
        statement.blob.ranges.iter().map(|range| range.version.constraint.as_str())
    }
    let mut statements: Vec<_> = packages.iter().collect();
    statements.sort_by(|a, b| {
        (&a.name, &a.ecosystem)
            .cmp(&(&b.name, &b.ecosystem))
            .then_with(|| constraints(a).cmp(constraints(b)))
            .then_with(|| a.operating_system.cmp(&b.operating_system))
            .then_with(|| a.standing.cmp(&b.standing))
    });
    statements
}
