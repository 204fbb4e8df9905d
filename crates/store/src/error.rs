use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// What everything here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database at {place} cannot be opened: {reason}; check the address and that its server runs")]
    Open { place: String, reason: String },
    #[error("the database's schema cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row with that name is there already.
    #[error("it exists already")]
    Exists,
    /// A value that only another version of this program, or another program, can have written.
    #[error("the database holds a {what} that cannot be read: {reason}")]
    Unreadable { what: &'static str, reason: String },
    #[error("the database failed: {0}")]
    Database(DbErr),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Exists,
            _ => Self::Database(error),
        }
    }
}

impl Error {
    /// Whether trying again may help: the database was not there, or busy.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Database(DbErr::Conn(_) | DbErr::ConnectionAcquire(_)))
    }

    /// Whether the database's disk, or what it may have of it, is used up.
    pub fn is_full(&self) -> bool {
        let Self::Database(DbErr::Exec(error) | DbErr::Query(error)) = self else { return false };
        let RuntimeErr::SqlxError(error) = error else { return false };
        // SQLite's SQLITE_FULL, PostgreSQL's disk_full.
        matches!(&**error, sqlx::Error::Database(error) if matches!(error.code().as_deref(), Some("13" | "53100")))
    }

    /// What operators can do about it, where something is known.
    pub fn hint(&self) -> Option<String> {
        let full = "free space on the disk of the database, or raise its quota; nothing was half written";
        self.is_full().then(|| full.to_owned())
    }
}
