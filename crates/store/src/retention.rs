//! Forgetting what is old enough, a batch at a time.

use sea_orm::{ConnectionTrait as _, Statement, Value};

use crate::{
    Moment, Result, Store,
    object_candidates::{self, Storage},
};

/// Where a walk through evaluations is: they are in the order of when they were last found to hold.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    last_evaluated: Moment,
    id: i64,
}

impl Place {
    pub const START: Self = Self { last_evaluated: Moment(i64::MIN), id: 0 };
}

impl Store {
    /// Forgets findings that were closed before `moment` and of which no change is kept, at most `limit`; answers how many.
    pub async fn forget_closed_findings(&self, moment: Moment, limit: u64) -> Result<u64> {
        let old = format!(
            "SELECT f.id FROM findings f WHERE f.closed_at < $1 AND NOT EXISTS (SELECT 1 FROM finding_changes c WHERE \
             c.finding = f.id) LIMIT {limit}"
        );
        self.forget_those("findings", &old, moment).await
    }

    /// Forgets what rules of the archive did before `moment`, oldest first, at most `limit`; answers how many.
    pub async fn forget_archive_transitions(&self, moment: Moment, limit: u64) -> Result<u64> {
        self.forget("archive_transitions", "created_at", moment, limit).await
    }

    async fn forget(&self, table: &str, column: &str, moment: Moment, limit: u64) -> Result<u64> {
        let old = format!("SELECT id FROM {table} WHERE {column} < $1 ORDER BY {column} LIMIT {limit}");
        self.forget_those(table, &old, moment).await
    }

    async fn forget_those(&self, table: &str, old: &str, moment: Moment) -> Result<u64> {
        let sql = format!("DELETE FROM {table} WHERE id IN ({old})");
        let statement = Statement::from_sql_and_values(self.engine(), sql, [moment.micros().into()]);
        Ok(self.writer().execute_raw(statement).await?.rows_affected())
    }

    /// Looks at the next `limit` evaluations after `place` that were last found to hold before `moment`, and forgets those
    /// that are none of the `kept` last ones of their image, tag and policy, letting go of their results. How many it
    /// forgot, and where it is then; `None`: at the end.
    pub async fn forget_evaluations(
        &self,
        place: Place,
        moment: Moment,
        kept: u64,
        now: Moment,
        limit: u64,
    ) -> Result<(u64, Option<Place>)> {
        let newer = "SELECT COUNT(*) FROM evaluations n WHERE n.account = e.account AND n.digest = e.digest AND n.fulltag \
                     = e.fulltag AND n.policy_id = e.policy_id AND (n.last_evaluated > e.last_evaluated OR \
                     (n.last_evaluated = e.last_evaluated AND n.id > e.id))";
        let sql = format!(
            "SELECT e.id, e.last_evaluated, e.object, ({newer}) FROM evaluations e WHERE e.last_evaluated < $1 AND \
             (e.last_evaluated > $2 OR (e.last_evaluated = $2 AND e.id > $3)) ORDER BY e.last_evaluated, e.id LIMIT {limit}"
        );
        let values: [Value; 3] = [moment.micros().into(), place.last_evaluated.micros().into(), place.id.into()];
        let tx = self.begin().await?;
        let rows = tx.query_all_raw(Statement::from_sql_and_values(self.engine(), sql, values)).await?;
        let (mut ids, mut objects, mut place) = (Vec::new(), Vec::new(), None);
        for row in &rows {
            let (id, last_evaluated): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            place = Some(Place { last_evaluated: Moment(last_evaluated), id });
            // There is always a last one: it is what the next is compared with.
            if row.try_get_by_index::<i64>(3)?.unsigned_abs() >= kept.max(1) {
                ids.push(id.to_string());
                objects.push(row.try_get_by_index(2)?);
            }
        }
        if !ids.is_empty() {
            // One that was refreshed meanwhile is younger now, and stays.
            let sql = format!("DELETE FROM evaluations WHERE last_evaluated < $1 AND id IN ({})", ids.join(", "));
            tx.execute_raw(Statement::from_sql_and_values(self.engine(), sql, [moment.micros().into()])).await?;
            object_candidates::let_go(&tx, Storage::Documents, &objects, now).await?;
        }
        tx.commit().await?;
        Ok((ids.len() as u64, place.filter(|_| rows.len() as u64 == limit)))
    }
}
