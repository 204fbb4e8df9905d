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

/// What is forgotten once it is old and nothing needs it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    Events,
    AuditRecords,
    /// Deliveries of notices that have ended.
    Deliveries,
    /// What new data changed of findings. What somebody is still to be told of stays.
    FindingChanges,
    /// Findings that new data closed. Those of which a change is kept stay.
    ClosedFindings,
    /// What rules of the archive did.
    ArchiveTransitions,
    /// How much was kept.
    StorageSamples,
}

impl Old {
    /// Its table, the columns that tell rows apart and their age, and what has to be true of a row beside its age.
    fn rows(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Events => ("events", "id", "created_at", "TRUE"),
            Self::AuditRecords => ("audit_records", "id", "created_at", "TRUE"),
            Self::Deliveries => ("deliveries", "number", "ended_at", "TRUE"),
            Self::FindingChanges => {
                let untold = "NOT EXISTS (SELECT 1 FROM tag_changes t WHERE t.change = finding_changes.id)";
                ("finding_changes", "id", "changed_at", untold)
            }
            Self::ClosedFindings => {
                let unchanged = "NOT EXISTS (SELECT 1 FROM finding_changes c WHERE c.finding = findings.id)";
                ("findings", "id", "closed_at", unchanged)
            }
            Self::ArchiveTransitions => ("archive_transitions", "id", "created_at", "TRUE"),
            Self::StorageSamples => ("storage_samples", "measured_at", "measured_at", "TRUE"),
        }
    }
}

impl Store {
    /// Forgets what is older than `moment`, the oldest first, in one transaction at most `limit` of it; tells how many rows
    /// it were. All is forgotten once they are fewer than `limit`.
    pub async fn forget(&self, old: Old, moment: Moment, limit: u64) -> Result<u64> {
        let (table, key, age, condition) = old.rows();
        let sql = format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {age} < $1 AND {condition} ORDER BY {age} \
             LIMIT {limit})"
        );
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
