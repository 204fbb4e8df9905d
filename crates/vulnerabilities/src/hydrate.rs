//! Distributed databases come without indexes, to be small; hydration makes them.

use std::path::Path;

use rusqlite::Connection;

use crate::database::Database;
use crate::schema::{INDEXES, Index, Purpose};
use crate::{Error, Progress, Result, Watch};

/// Which indexes a database shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexes {
    /// Those that our look-ups use.
    Lookup,
    /// Also those that other readers of the format expect.
    All,
}

/// Makes the missing indexes of the database at `path`, in place, and gathers the planner's statistics. Not safe
/// against interruption: work on a copy that is installed afterwards, as [`crate::Cache`] does.
pub fn hydrate(path: &Path, indexes: Indexes, watch: Watch<'_>) -> Result<()> {
    let database = Database::open_any(path)?;
    let wanted: Vec<&Index> = INDEXES
        .iter()
        .filter(|index| indexes == Indexes::All || index.purpose == Purpose::Lookup)
        .filter(|index| database.layout().has_table(index.table))
        .filter(|index| database.layout().has_columns(index.table, index.columns))
        .collect();
    drop(database);
    let connection = Connection::open(path).map_err(Error::sqlite("open", path))?;
    let failed = || Error::sqlite("index", path);
    connection.execute_batch(FAST_WRITES).map_err(failed())?;
    create(&connection, &wanted, watch).map_err(failed())?;
    connection.close().map_err(|(_, error)| failed()(error))
}

/// For a file that nobody else sees and that is thrown away if the work fails. Foreign keys need no checking, because
/// whoever writes here hands the ids out.
pub(crate) const FAST_WRITES: &str = "pragma journal_mode = off; pragma synchronous = off; pragma foreign_keys = off; \
     pragma locking_mode = exclusive; pragma cache_size = -262144; pragma trusted_schema = off";

pub(crate) fn create(connection: &Connection, indexes: &[&Index], watch: Watch<'_>) -> rusqlite::Result<()> {
    for (done, index) in indexes.iter().enumerate() {
        watch(Progress::Indexing { done, of: indexes.len() });
        connection.execute_batch(&index.create_statement())?;
    }
    watch(Progress::Analysing);
    connection.execute_batch("analyze")
}
