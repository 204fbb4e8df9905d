//! Opening the database.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
    str::FromStr as _,
    sync::Arc,
    time::Duration,
};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, SqlxPostgresConnector,
    SqlxSqliteConnector, TransactionOptions, TransactionTrait as _,
};
use sqlx::{
    ConnectOptions as _, Connection as _,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tracing::log::LevelFilter;

use crate::{Account, AccountName, Error, Result, migrations, statistics, totals::Totals};

/// How long a connection waits for a place in the pool or for another writer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections to PostgreSQL.
const CONNECTIONS: u32 = 16;
/// Connections that read a file of SQLite at once: what they do is done by this machine.
const READERS: u32 = 4;
/// KiB, negative, of the file that each connection to SQLite keeps in memory.
const CACHE: &str = "-16384";
/// Rows that one connection to SQLite has ready for whoever reads them.
const ROWS: usize = 512;

/// All changes of one transaction are made, or none: what is not committed when it is dropped has not happened.
pub type Transaction = DatabaseTransaction;

/// Where the database is.
#[derive(Clone)]
pub enum Address {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// An address that cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("{address:?} is no database address ({reason}); give sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
pub struct InvalidAddress {
    address: String,
    reason: String,
}

impl Address {
    /// Reads `sqlite:PATH` or `postgres://…`.
    ///
    /// # Errors
    /// When it is neither. The error does not repeat the address of a server, which may hold a password.
    pub fn parse(text: &str) -> std::result::Result<Self, InvalidAddress> {
        let invalid = |address: &str, reason: &str| InvalidAddress { address: address.into(), reason: reason.into() };
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() || path == ":memory:" {
                Err(invalid(text, "it names no file"))
            } else {
                Ok(Self::Sqlite(path.into()))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text)
                .map_err(|error| invalid("postgres://…", &error.to_string()))?
                .application_name("windlass");
            return Ok(Self::Postgres(Box::new(options)));
        }
        let scheme = text.split(':').next().unwrap_or_default();
        Err(invalid(scheme, "only SQLite and PostgreSQL are supported"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(options) => {
                let database = options.get_database().unwrap_or("?");
                write!(f, "postgres://{}:{}/{database}", options.get_host(), options.get_port())
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many connections to the database there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    pub busy: u32,
    pub idle: u32,
    /// Those that there may be; whoever wants one more waits.
    pub most: u32,
}

impl Connections {
    fn of(all: u32, idle: usize, most: u32) -> Self {
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        Self { busy: all.saturating_sub(idle), idle, most }
    }
}

/// An open database; clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    write: DatabaseConnection,
    read: DatabaseConnection,
    totals: Arc<Totals>,
}

impl Store {
    /// Opens the database, makes it if it is a file that is not there, and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached, or its schema is of a later version than this program knows.
    pub async fn open(address: &Address) -> Result<Self> {
        Self::open_as_of(address, migrations::VERSION).await
    }

    /// The same by a program that knows of no more than that many steps.
    pub(crate) async fn open_as_of(address: &Address, version: usize) -> Result<Self> {
        let failed = |error: sqlx::Error| Error::Open { place: address.to_string(), reason: error.to_string() };
        match address {
            Address::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    // What was answered must still be there after the power fails.
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .pragma("cache_size", CACHE)
                    // A page of a list is handed over as a whole.
                    .row_buffer_size(ROWS)
                    .busy_timeout(PATIENCE)
                    .log_statements(LevelFilter::Trace);
                // A transaction for which there is no room on the disk is ended by SQLite itself, of which the client knows
                // nothing: on this connection, it would take all that follow for parts of that one, and never write them.
                let one = SqlitePoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(PATIENCE)
                    .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }));
                // SQLite has no lock that a migration could hold from its first look to its last step.
                let lock = lock(path).await.map_err(|error| failed(sqlx::Error::Io(error)))?;
                let write = one.connect_with(options.clone()).await.map_err(failed)?;
                migrations::migrator(DbBackend::Sqlite, version).run(&write).await?;
                statistics::note(&mut *write.acquire().await.map_err(failed)?).await.map_err(failed)?;
                drop(lock);
                let many = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE);
                let options = options.pragma("query_only", "on");
                let totals = Arc::new(Totals::of_sqlite(options.clone()));
                let read = many.connect_with(options).await.map_err(failed)?;
                Ok(Self {
                    write: SqlxSqliteConnector::from_sqlx_sqlite_pool(write),
                    read: SqlxSqliteConnector::from_sqlx_sqlite_pool(read),
                    totals,
                })
            }
            Address::Postgres(options) => {
                let options = options.as_ref().clone().log_statements(LevelFilter::Trace);
                // A pool would try until its patience ends; a server that is not there is to be told at once.
                options.connect().await.map_err(failed)?;
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
                let pool = pool.connect_with(options).await.map_err(failed)?;
                migrations::migrator(DbBackend::Postgres, version).run(&pool).await?;
                let pool = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
                Ok(Self { write: pool.clone(), read: pool, totals: Arc::new(Totals::of_postgres()) })
            }
        }
    }

    /// What belongs to an account, and nothing else.
    pub fn account(&self, name: &AccountName) -> Account {
        Account::new(self.clone(), name.clone())
    }

    /// How many steps the schema has taken.
    pub fn schema_version() -> usize {
        migrations::VERSION
    }

    /// Begins a transaction that writes.
    pub async fn begin(&self) -> Result<Transaction> {
        let sqlite_transaction_mode = (!self.is_postgres()).then_some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { isolation_level: None, access_mode: None, sqlite_transaction_mode };
        Ok(self.write.begin_with_options(options).await?)
    }

    /// Begins a transaction that reads one state of the database in several queries.
    pub async fn begin_read(&self) -> Result<Transaction> {
        Ok(self.read.begin().await?)
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.read.ping().await?)
    }

    /// The connections of this process: those that read and those that write, which are the same ones with PostgreSQL.
    pub fn connections(&self) -> Vec<(&'static str, Connections)> {
        if self.is_postgres() {
            let pool = self.write.get_postgres_connection_pool();
            return vec![("all", Connections::of(pool.size(), pool.num_idle(), pool.options().get_max_connections()))];
        }
        let of = |connection: &DatabaseConnection| {
            let pool = connection.get_sqlite_connection_pool();
            Connections::of(pool.size(), pool.num_idle(), pool.options().get_max_connections())
        };
        vec![("read", of(&self.read)), ("write", of(&self.write))]
    }

    pub async fn close(&self) {
        self.totals.close().await;
        // What cannot be closed any more is closed.
        let _ = self.read.close_by_ref().await;
        let _ = self.write.close_by_ref().await;
    }

    pub fn is_postgres(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Postgres
    }

    /// For single statements that read.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// For single statements that write.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.write
    }
}

/// Waits until no other process opens the same file.
async fn lock(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let locked = move || {
        let file = File::options().create(true).truncate(false).write(true).open(&name)?;
        file.lock().map(|()| file)
    };
    tokio::task::spawn_blocking(locked).await.map_err(std::io::Error::other)?
}
