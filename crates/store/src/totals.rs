//! Totals of lists, counted anew only after something was written.
//!
//! A page of a list tells how many items all pages have, and counting them costs as much as the page itself. A total holds
//! as long as the database is in the state in which it was counted, and both engines tell their state without reading a
//! table: SQLite by `data_version`, which changes for one connection with every commit of another, also of another process;
//! PostgreSQL by its snapshot, which names the transactions that are seen.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{AccountName, Result};

/// Totals that are kept; when there are more, all are forgotten.
const MOST: usize = 1_000;
/// Bytes of a statement whose total is kept.
const LONGEST: usize = 4_096;

#[derive(Debug)]
pub(crate) struct Totals {
    /// Of SQLite alone.
    observer: Option<Observer>,
    counted: Mutex<Counted>,
}

/// What was counted in one state of the database.
#[derive(Debug, Default)]
struct Counted {
    state: String,
    totals: HashMap<(AccountName, String), u64>,
}

/// A connection that never writes, so that each commit is another's; opened when it is first asked.
#[derive(Debug)]
struct Observer {
    options: SqliteConnectOptions,
    connection: tokio::sync::Mutex<Opened>,
}

#[derive(Debug, Default)]
struct Opened {
    connection: Option<SqliteConnection>,
    /// How often it was opened: the versions of two connections are not comparable.
    times: u64,
}

impl Totals {
    pub(crate) fn of_sqlite(options: SqliteConnectOptions) -> Self {
        let observer = Observer { options, connection: tokio::sync::Mutex::default() };
        Self { observer: Some(observer), counted: Mutex::default() }
    }

    pub(crate) fn of_postgres() -> Self {
        Self { observer: None, counted: Mutex::default() }
    }

    /// The one number that a statement about an account, its `$1`, selects.
    pub(crate) async fn count(&self, reader: &DatabaseConnection, account: &AccountName, sql: String) -> Result<u64> {
        // Asked before it is counted: what is written meanwhile makes the total one of a state that is gone.
        let state = self.state(reader).await?;
        let key = (account.clone(), sql);
        {
            let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(total) = counted.totals.get(&key).filter(|_| counted.state == state) {
                return Ok(*total);
            }
        }
        let statement =
            Statement::from_sql_and_values(reader.get_database_backend(), &*key.1, [account.as_str().into()]);
        let row = reader.query_one_raw(statement).await?;
        let total = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or_default().unsigned_abs();
        if key.1.len() <= LONGEST {
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            if counted.state != state || counted.totals.len() >= MOST {
                *counted = Counted { state, totals: HashMap::new() };
            }
            counted.totals.insert(key, total);
        }
        Ok(total)
    }

    /// Two equal states are one, with nothing between them.
    async fn state(&self, reader: &DatabaseConnection) -> Result<String> {
        if let Some(observer) = &self.observer {
            return Ok(observer.state().await?);
        }
        let sql = "SELECT CAST(pg_current_snapshot() AS TEXT)";
        let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql)).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default())
    }

    pub(crate) async fn close(&self) {
        if let Some(observer) = &self.observer
            && let Some(connection) = observer.connection.lock().await.connection.take()
        {
            // What cannot be closed any more is closed.
            let _ = connection.close().await;
        }
    }
}

impl Observer {
    async fn state(&self) -> std::result::Result<String, sea_orm::DbErr> {
        let failed = |error: sqlx::Error| sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into()));
        let mut opened = self.connection.lock().await;
        let mut connection = if let Some(connection) = opened.connection.take() {
            connection
        } else {
            opened.times += 1;
            SqliteConnection::connect_with(&self.options).await.map_err(failed)?
        };
        // One that failed, or that nobody waits for any more, is not asked again.
        let version: i64 =
            sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut connection).await.map_err(failed)?;
        opened.connection = Some(connection);
        Ok(format!("{} {version}", opened.times))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, testing::on_every_address};

    /// A statement that never counts the same twice.
    fn dice(store: &Store) -> String {
        let random = if store.is_postgres() { "CAST(random() * 1e15 AS BIGINT)" } else { "abs(random() / 1000)" };
        format!("SELECT {random} WHERE $1 <> ''")
    }

    #[test]
    fn what_was_counted_holds_until_something_is_written() {
        on_every_address(|address| async move {
            let store = Store::open(&address).await.unwrap();
            let admin = store.account(&AccountName::parse("admin").unwrap());
            let first = admin.total(dice(&store)).await.unwrap();
            // What others write to a server of PostgreSQL, in whatever database, changes its snapshot.
            if !store.is_postgres() {
                assert_eq!(admin.total(dice(&store)).await.unwrap(), first);
                let another = format!("{} AND TRUE", dice(&store));
                assert_ne!(admin.total(another).await.unwrap(), first);
                assert_eq!(admin.total(dice(&store)).await.unwrap(), first);
                let team = store.account(&AccountName::parse("team").unwrap());
                assert_ne!(team.total(dice(&store)).await.unwrap(), first);
            }
            store.set_setting("a", "1").await.unwrap();
            let second = admin.total(dice(&store)).await.unwrap();
            assert_ne!(second, first, "after a change of our own");
            let other = Store::open(&address).await.unwrap();
            other.set_setting("a", "2").await.unwrap();
            assert_ne!(admin.total(dice(&store)).await.unwrap(), second, "after a change by another");
        });
    }

    #[test]
    fn long_questions_are_not_kept_and_too_many_are_forgotten() {
        on_every_address(|address| async move {
            let store = Store::open(&address).await.unwrap();
            let admin = store.account(&AccountName::parse("admin").unwrap());
            let long = format!("{} AND '{}' <> ''", dice(&store), "x".repeat(LONGEST));
            assert_ne!(admin.total(long.clone()).await.unwrap(), admin.total(long).await.unwrap());
            for number in 0..=MOST {
                admin.total(format!("SELECT CAST({number} AS BIGINT) WHERE $1 <> ''")).await.unwrap();
            }
            assert!(store.totals().counted.lock().unwrap().totals.len() <= MOST);
        });
    }

    #[test]
    fn a_store_that_is_closed_leaves_nothing_open() {
        on_every_address(|address| async move {
            let store = Store::open(&address).await.unwrap();
            store.account(&AccountName::parse("admin").unwrap()).total(dice(&store)).await.unwrap();
            store.close().await;
            if let crate::Address::Sqlite(path) = address {
                // The last connection to a file takes its log away.
                assert!(!path.with_extension("db-wal").exists());
            }
        });
    }
}
