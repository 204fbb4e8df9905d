//! Packages that no image holds, and records of vulnerabilities that no finding uses: marked when that is found, and
//! removed when it is so a good while later. Whoever uses them anew takes the mark away, so that nothing is removed that is
//! about to be used.

use sea_orm::{ConnectionTrait, Statement, Value};

use crate::{BATCH, Moment, Result, Store};

/// Nothing says of the package `v` that an image holds it.
const UNHELD: &str = "NOT EXISTS (SELECT 1 FROM analysis_packages p WHERE p.package_version = v.id) \
                      AND NOT EXISTS (SELECT 1 FROM analysis_owners o WHERE o.owner = v.id OR o.package_version = v.id)";

impl Store {
    /// Takes the marks away from packages that are about to be used; tells how many of these are there.
    pub async fn use_package_versions(&self, ids: &[i64]) -> Result<u64> {
        use_package_versions(self.writer(), ids).await
    }

    /// Marks packages that no image holds, and removes those that were marked before `before` and that still none does, with
    /// their findings; in transactions of `limit` rows. Tells how many it removed.
    pub async fn collect_package_versions(&self, before: Moment, now: Moment, limit: u64) -> Result<u64> {
        let mut removed = 0;
        loop {
            let (found, gone) = self.remove_unused_package_versions(before, limit).await?;
            removed += gone;
            if found < limit {
                break;
            }
        }
        let unheld = format!(
            "SELECT v.id FROM package_versions v WHERE v.id > $1 AND v.unused_since IS NULL AND {UNHELD} \
             ORDER BY v.id LIMIT {limit}"
        );
        let mut after = 0;
        loop {
            let ids = self.ids(self.reader(), &unheld, vec![after.into()]).await?;
            let Some(last) = ids.last() else { return Ok(removed) };
            after = *last;
            let mark = format!(
                "UPDATE package_versions AS v SET unused_since = $1 WHERE v.id IN ({}) AND {UNHELD}",
                listed(&ids)
            );
            execute(self.writer(), &mark, vec![now.micros().into()]).await?;
        }
    }

    /// How many of those that were marked before `before` it looked at, and how many of them it removed.
    async fn remove_unused_package_versions(&self, before: Moment, limit: u64) -> Result<(u64, u64)> {
        let lock = if self.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        let due =
            format!("SELECT v.id FROM package_versions v WHERE v.unused_since < $1 ORDER BY v.id LIMIT {limit} {lock}");
        let tx = self.begin().await?;
        let ids = self.ids(&tx, &due, vec![before.micros().into()]).await?;
        if ids.is_empty() {
            return Ok((0, 0));
        }
        let unheld = format!("SELECT v.id FROM package_versions v WHERE v.id IN ({}) AND {UNHELD}", listed(&ids));
        let unheld = self.ids(&tx, &unheld, vec![]).await?;
        let held: Vec<i64> = ids.iter().copied().filter(|id| !unheld.contains(id)).collect();
        use_package_versions(&tx, &held).await?;
        if !unheld.is_empty() {
            // What changed of them is told to whoever had an image with them when it did, and nobody has.
            for (table, column) in
                [("finding_changes", "package_version"), ("findings", "package_version"), ("package_versions", "id")]
            {
                execute(&tx, &format!("DELETE FROM {table} WHERE {column} IN ({})", listed(&unheld)), vec![]).await?;
            }
        }
        tx.commit().await?;
        Ok((ids.len() as u64, unheld.len() as u64))
    }

    /// Texts that name the records which findings use, those of the rows after `after`, with the last row's id; `None` after
    /// the last. What packages say beside findings comes first.
    pub async fn texts_with_records(
        &self,
        of: RecordsOf,
        after: i64,
        limit: u64,
    ) -> Result<Option<(i64, Vec<String>)>> {
        let sql = match of {
            RecordsOf::Packages => {
                format!(
                    "SELECT id, rest FROM package_versions WHERE id > $1 AND rest IS NOT NULL ORDER BY id LIMIT {limit}"
                )
            }
            RecordsOf::Findings => format!("SELECT id, detail FROM findings WHERE id > $1 ORDER BY id LIMIT {limit}"),
        };
        let statement = Statement::from_sql_and_values(self.engine(), sql, [after.into()]);
        let rows = self.reader().query_all_raw(statement).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let last = last.try_get_by_index(0)?;
        let texts = rows.iter().map(|row| row.try_get_by_index(1)).collect::<Result<_, _>>()?;
        Ok(Some((last, texts)))
    }

    /// The keys of records after `after`, and since when each is marked.
    pub async fn vulnerability_record_marks(&self, after: &[u8], limit: u64) -> Result<Vec<(Vec<u8>, Option<Moment>)>> {
        let sql =
            format!("SELECT key, unused_since FROM vulnerability_records WHERE key > $1 ORDER BY key LIMIT {limit}");
        let statement = Statement::from_sql_and_values(self.engine(), sql, [after.to_vec().into()]);
        let rows = self.reader().query_all_raw(statement).await?;
        let mark = |row: &sea_orm::QueryResult| -> Result<_> {
            Ok((row.try_get_by_index(0)?, row.try_get_by_index::<Option<i64>>(1)?.map(Moment)))
        };
        rows.iter().map(mark).collect()
    }

    /// Marks records, or takes their marks away.
    pub async fn mark_vulnerability_records(&self, keys: &[Vec<u8>], since: Option<Moment>) -> Result<()> {
        mark_records(self.writer(), keys, since).await
    }

    /// Removes those of these records that are marked since before `before`; tells how many.
    pub async fn remove_vulnerability_records(&self, keys: &[Vec<u8>], before: Moment) -> Result<u64> {
        let mut removed = 0;
        for part in keys.chunks(BATCH) {
            let sql =
                format!("DELETE FROM vulnerability_records WHERE unused_since < $1 AND key IN ({})", marks(2, part));
            let values = std::iter::once(before.micros().into()).chain(part.iter().map(|key| key.clone().into()));
            removed += execute(self.writer(), &sql, values.collect()).await?;
        }
        Ok(removed)
    }

    async fn ids(&self, on: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<i64>> {
        let rows = on.query_all_raw(Statement::from_sql_and_values(self.engine(), sql, values)).await?;
        Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
    }
}

async fn use_package_versions(on: &impl ConnectionTrait, ids: &[i64]) -> Result<u64> {
    let mut touched = 0;
    let mut ids = ids.to_vec();
    // Two who mark some of the same would each wait for the other if one began where the other ends.
    ids.sort_unstable();
    for part in ids.chunks(BATCH) {
        let sql = format!("UPDATE package_versions SET unused_since = NULL WHERE id IN ({})", listed(part));
        touched += execute(on, &sql, vec![]).await?;
    }
    Ok(touched)
}

/// Where records are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsOf {
    Packages,
    Findings,
}

/// Marks records, or takes their marks away, in a transaction.
pub(crate) async fn mark_records(on: &impl ConnectionTrait, keys: &[Vec<u8>], since: Option<Moment>) -> Result<()> {
    for part in keys.chunks(BATCH) {
        let sql = format!("UPDATE vulnerability_records SET unused_since = $1 WHERE key IN ({})", marks(2, part));
        let since: Value = since.map(Moment::micros).into();
        let values = std::iter::once(since).chain(part.iter().map(|key| key.clone().into()));
        execute(on, &sql, values.collect()).await?;
    }
    Ok(())
}

async fn execute(on: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<u64> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.execute_raw(statement).await?.rows_affected())
}

fn listed(ids: &[i64]) -> String {
    ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

fn marks<T>(first: usize, of: &[T]) -> String {
    (first..first + of.len()).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ")
}
