//! How much the database holds, by table and by account, and what was measured before.

use std::collections::BTreeMap;

use sea_orm::{ActiveValue::Set, ConnectionTrait as _, FromQueryResult, Statement, Value, entity::prelude::*};

use crate::{Moment, Result, Store, insert_all};

/// How much was kept at a moment, of an account or, where it names none, of all.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Sample {
    pub measured_at: Moment,
    pub account: Option<String>,
    /// `table`, `documents`, `bundles`
    pub kind: String,
    /// The table, or what the objects are.
    pub name: String,
    pub count: i64,
    pub bytes: i64,
}

mod samples {
    use sea_orm::entity::prelude::*;

    use crate::Moment;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "storage_samples")]
    pub(super) struct Model {
        // The table has no key; the engine is not asked for one.
        #[sea_orm(primary_key, auto_increment = false)]
        pub measured_at: Moment,
        pub account: String,
        pub kind: String,
        pub name: String,
        pub count: i64,
        pub bytes: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Rows of one table: how many, and their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableUsage {
    pub rows: u64,
    pub bytes: u64,
}

impl Store {
    /// What every table takes on the disk, with its indexes: what the engine itself says. How many rows it has is counted.
    pub async fn table_usage(&self) -> Result<BTreeMap<String, TableUsage>> {
        let sql = if self.is_postgres() {
            "SELECT c.relname::text, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n \
             ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'"
        } else {
            "SELECT m.tbl_name, SUM(d.pgsize) FROM dbstat d JOIN sqlite_master m ON m.name = d.name GROUP BY m.tbl_name"
        };
        let mut usage = BTreeMap::new();
        let rows = self.reader().query_all_raw(Statement::from_string(self.engine(), sql)).await?;
        for row in rows {
            let (table, bytes): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            // The engine's own and the migrations' are in the sum, but not to be counted.
            let rows = self.count(&format!("SELECT COUNT(*) FROM \"{table}\"")).await?;
            usage.insert(table, TableUsage { rows, bytes: u64::try_from(bytes).unwrap_or(0) });
        }
        Ok(usage)
    }

    /// Bytes of the objects that are rows of this database.
    pub async fn object_chunk_bytes(&self) -> Result<u64> {
        self.count("SELECT CAST(COALESCE(SUM(LENGTH(content)), 0) AS BIGINT) FROM object_chunks").await
    }

    /// The rows of each account in each table whose rows tell an account, and the bytes of their values.
    pub async fn account_usage(&self) -> Result<BTreeMap<(String, String), TableUsage>> {
        let mut usage = BTreeMap::new();
        for (table, columns) in self.owned_tables().await? {
            let size = if self.is_postgres() {
                "pg_column_size(t.*)".to_owned()
            } else {
                let size = |column: &String| format!("COALESCE(LENGTH(CAST(\"{column}\" AS BLOB)), 0)");
                columns.iter().map(size).collect::<Vec<_>>().join(" + ")
            };
            let sql = format!(
                "SELECT account, COUNT(*), CAST(SUM({size}) AS BIGINT) FROM \"{table}\" t WHERE account <> '' \
                 GROUP BY account"
            );
            for row in self.reader().query_all_raw(Statement::from_string(self.engine(), sql)).await? {
                let number =
                    |at: usize| row.try_get_by_index::<i64>(at).map(|number| u64::try_from(number).unwrap_or(0));
                let found = TableUsage { rows: number(1)?, bytes: number(2)? };
                usage.insert((row.try_get_by_index(0)?, table.clone()), found);
            }
        }
        Ok(usage)
    }

    /// Tables with a column that tells an account, each with all its columns.
    async fn owned_tables(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let sql = if self.is_postgres() {
            "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = \
             current_schema()"
        } else {
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        };
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in self.reader().query_all_raw(Statement::from_string(self.engine(), sql)).await? {
            tables.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
        }
        tables.retain(|_, columns| columns.iter().any(|column| column == "account"));
        Ok(tables)
    }

    /// Keeps what was measured.
    pub async fn keep_samples(&self, samples: Vec<Sample>) -> Result<()> {
        let tx = self.begin().await?;
        let rows = samples.into_iter().map(|sample| samples::ActiveModel {
            measured_at: Set(sample.measured_at),
            account: Set(sample.account.unwrap_or_default()),
            kind: Set(sample.kind),
            name: Set(sample.name),
            count: Set(sample.count),
            bytes: Set(sample.bytes),
        });
        insert_all(&tx, rows).await?;
        Ok(tx.commit().await?)
    }

    /// What was measured last, of everything.
    pub async fn last_samples(&self) -> Result<Vec<Sample>> {
        let sql = "SELECT measured_at, NULLIF(account, '') AS account, kind, name, count, bytes FROM storage_samples WHERE measured_at = \
                   (SELECT MAX(measured_at) FROM storage_samples) ORDER BY account, kind, name";
        Ok(Sample::find_by_statement(Statement::from_string(self.engine(), sql)).all(self.reader()).await?)
    }

    /// Bytes in all at each moment that was measured, the earliest first: of an account, or of all.
    pub async fn measured_bytes(&self, account: Option<&str>, since: Moment) -> Result<Vec<(Moment, u64)>> {
        let (whose, values): (_, Vec<Value>) = match account {
            Some(account) => ("account = $2", vec![since.micros().into(), account.into()]),
            None => ("account = ''", vec![since.micros().into()]),
        };
        let sql = format!(
            "SELECT measured_at, CAST(SUM(bytes) AS BIGINT) FROM storage_samples WHERE measured_at >= $1 AND {whose} \
             GROUP BY measured_at ORDER BY measured_at"
        );
        let rows = self.reader().query_all_raw(Statement::from_sql_and_values(self.engine(), sql, values)).await?;
        let point = |row: &QueryResult| -> Result<_> {
            let bytes: i64 = row.try_get_by_index(1)?;
            Ok((Moment(row.try_get_by_index(0)?), u64::try_from(bytes).unwrap_or(0)))
        };
        rows.iter().map(point).collect()
    }

    async fn count(&self, sql: &str) -> Result<u64> {
        let row = self.reader().query_one_raw(Statement::from_string(self.engine(), sql)).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("a number of rows".into()))?;
        Ok(u64::try_from(row.try_get_by_index::<i64>(0)?).unwrap_or(0))
    }
}
