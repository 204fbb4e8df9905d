//! Stores for tests, on every engine there is.
//!
//! `WINDLASS_POSTGRES` names a server (`postgres://…`) whose user may create databases; `scripts/test` starts one. Without
//! it, tests run on SQLite and say that PostgreSQL was skipped.

use std::{env, future::Future, str::FromStr as _};

use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use sqlx::{ConnectOptions as _, Executor as _, postgres::PgConnectOptions};

mod rows;

pub use rows::{Column, columns, everything, fill, rows};

use crate::{
    Address, Result, Store,
    jobs::{Column as JobColumn, Entity as Jobs, Model as Job, State},
};

/// Runs a test on an empty store of every engine.
///
/// # Panics
/// When a store cannot be opened.
pub fn on_every_engine<F: Future<Output = ()>>(test: impl Fn(Store) -> F) {
    on_every_address(|address| {
        let test = &test;
        async move { test(Store::open(&address).await.expect("the store opens")).await }
    });
}

/// Runs a test on the address of an empty database of every engine, for tests that open it more than once.
///
/// # Panics
/// When a database cannot be made.
pub fn on_every_address<F: Future<Output = ()>>(test: impl Fn(Address) -> F) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    runtime.block_on(test(Address::Sqlite(folder.path().join("windlass.db"))));
    let Ok(server) = env::var("WINDLASS_POSTGRES") else {
        let remedy = "install postgresql and run scripts/test, which starts one, or set WINDLASS_POSTGRES";
        windlass_testing::skipped("there is no PostgreSQL to run on", remedy);
        return;
    };
    runtime.block_on(async {
        let server = PgConnectOptions::from_str(&server).expect("WINDLASS_POSTGRES is an address");
        let name = new_name();
        let mut connection = server.connect().await.expect("PostgreSQL answers");
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("a database is made");
        test(Address::Postgres(Box::new(server.database(&name)))).await;
        let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
        connection.execute(drop).await.expect("the database is dropped");
    });
}

impl Store {
    /// Jobs in a state, oldest first, at most `limit`: in the order in which tests ask for them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn jobs(&self, state: Option<State>, limit: u64) -> Result<Vec<Job>> {
        let mut query = Jobs::find();
        if let Some(state) = state {
            query = query.filter(JobColumn::State.eq(state));
        }
        Ok(query.order_by_asc(JobColumn::Id).limit(limit).all(self.reader()).await?)
    }
}

/// The address as the command line takes it, which shows no password.
///
/// # Panics
/// Where a server is none that tests run on.
pub fn url_of(address: &Address) -> String {
    let text = address.to_string();
    match address {
        Address::Sqlite(_) => text,
        Address::Postgres(_) => {
            let server = env::var("WINDLASS_POSTGRES").expect("it names the server");
            let database = text.rsplit('/').next().expect("it names the database");
            let (start, _) = server.rsplit_once('/').expect("it names a database");
            format!("{start}/{database}")
        }
    }
}

fn new_name() -> String {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    format!("windlass_test_{:016x}", u64::from_le_bytes(bytes))
}
