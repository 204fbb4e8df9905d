//! One account's part of the store.

use sea_orm::DatabaseConnection;

use crate::{AccountName, Result, Store, Transaction};

/// What belongs to one account. Queries on it are in the files of their resources, and none of them sees another's rows.
#[derive(Clone, Debug)]
pub struct Account {
    store: Store,
    name: AccountName,
}

impl Account {
    pub(crate) fn new(store: Store, name: AccountName) -> Self {
        Self { store, name }
    }

    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// As [`Store::begin`].
    pub async fn begin(&self) -> Result<Transaction> {
        self.store.begin().await
    }

    pub(crate) fn reader(&self) -> &DatabaseConnection {
        self.store.reader()
    }

    /// What a statement counts, whose `$1` is this account; it is counted anew only after something was written.
    pub(crate) async fn total(&self, sql: String) -> Result<u64> {
        self.store.totals().count(self.reader(), &self.name, sql).await
    }

    pub(crate) fn writer(&self) -> &DatabaseConnection {
        self.store.writer()
    }
}
