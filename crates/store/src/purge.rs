//! Emptying an account that is being deleted, a batch at a time.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::{Account, Result};

/// Every table with rows that belong to an account. What refers to others comes before what it refers to.
const TABLES: &[&str] = &[
    "jobs",
    "deliveries",
    "notices",
    "endpoints",
    "role_bindings",
    "users",
    "subscriptions",
    "tag_states",
    "registries",
    "registry_hooks",
    "evaluations",
    "policies",
    "image_tags",
    "images",
    "imports",
    "layer_facts",
    "archived_tags",
    "archived_images",
    "archive_rules",
    "archive_transitions",
    "storage_samples",
    "quotas",
    "events",
    "audit_records",
];

impl Account {
    /// Removes rows of this account, at most `limit` of each table, and what hangs on them; tells how many it removed.
    /// Nothing is left when it tells 0. The account itself stays.
    pub async fn purge(&self, limit: u32) -> Result<u64> {
        let mut removed = 0;
        for table in TABLES {
            removed += self.purge_table(table, limit).await?;
        }
        Ok(removed)
    }

    /// One statement is one transaction: other writers wait for one batch of one table.
    async fn purge_table(&self, table: &str, limit: u32) -> Result<u64> {
        let (engine, sql) = if self.writer().get_database_backend() == DbBackend::Postgres {
            let which = format!("SELECT ctid FROM {table} WHERE account = $1 LIMIT {limit}");
            (DbBackend::Postgres, format!("DELETE FROM {table} WHERE ctid = ANY (ARRAY({which}))"))
        } else {
            let which = format!("SELECT rowid FROM {table} WHERE account = $1 LIMIT {limit}");
            (DbBackend::Sqlite, format!("DELETE FROM {table} WHERE rowid IN ({which})"))
        };
        let statement = Statement::from_sql_and_values(engine, sql, [self.name().as_str().into()]);
        Ok(self.writer().execute_raw(statement).await?.rows_affected())
    }
}
