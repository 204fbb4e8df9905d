//! Which objects of object storage rows refer to. Objects are shared: of two rows with equal content, both refer to one.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{Result, Store};

/// Every column that holds an object's key, as `sha256:…`. One that is missing here loses its objects.
const COLUMNS: &[(&str, &str)] = &[
    ("images", "manifest"),
    ("images", "parent_manifest"),
    ("analysis_documents", "object"),
    ("layer_facts", "object"),
    ("evaluations", "object"),
    ("vulnerability_data", "object"),
    ("archived_images", "object"),
];

/// Columns that hold the digest alone.
const BARE_COLUMNS: &[(&str, &str)] = &[("import_contents", "digest")];

/// An analysis that no image has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    pub analysis: i64,
    /// Keys of its documents in object storage.
    pub objects: Vec<String>,
}

impl Store {
    /// Those of these objects that any row refers to.
    pub async fn referenced_objects(&self, keys: &[String]) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for part in keys.chunks(1000) {
            for (table, column) in COLUMNS {
                found.extend(self.values(table, column, part.iter().map(String::as_str)).await?);
            }
            for (table, column) in BARE_COLUMNS {
                let bare = part.iter().map(|key| key.trim_start_matches("sha256:"));
                let digests = self.values(table, column, bare).await?;
                found.extend(digests.into_iter().map(|digest| format!("sha256:{digest}")));
            }
        }
        Ok(found)
    }

    async fn values(&self, table: &str, column: &str, among: impl Iterator<Item = &str>) -> Result<Vec<String>> {
        let values: Vec<sea_orm::Value> = among.map(Into::into).collect();
        let marks: Vec<String> = (1..=values.len()).map(|at| format!("${at}")).collect();
        let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IN ({})", marks.join(", "));
        let rows = self.reader().query_all_raw(Statement::from_sql_and_values(self.engine(), sql, values)).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }

    /// Removes an analysis that no image has, oldest first, and tells which objects it had; `None` if there is none. While
    /// its image is about to be analysed it stays: it may be found and taken, or another with the same documents be made.
    pub async fn remove_orphaned_analysis(&self) -> Result<Option<Orphan>> {
        let tx = self.begin().await?;
        let lock = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        let orphaned = format!(
            "SELECT a.id FROM analyses a WHERE NOT EXISTS (SELECT 1 FROM images i WHERE i.analysis = a.id \
             OR (i.digest = a.digest AND i.analysis_status IN ('not_analyzed', 'analyzing'))) ORDER BY a.id LIMIT 1 {lock}"
        );
        let statement = Statement::from_string(self.engine(), orphaned);
        let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
        let analysis: i64 = row.try_get_by_index(0)?;
        let with_id = |sql: &str| Statement::from_sql_and_values(self.engine(), sql, [analysis.into()]);
        let rows =
            tx.query_all_raw(with_id("SELECT DISTINCT object FROM analysis_documents WHERE analysis = $1")).await?;
        let objects = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        tx.execute_raw(with_id("DELETE FROM analyses WHERE id = $1")).await?;
        tx.commit().await?;
        Ok(Some(Orphan { analysis, objects }))
    }

    fn engine(&self) -> DbBackend {
        if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite }
    }
}
