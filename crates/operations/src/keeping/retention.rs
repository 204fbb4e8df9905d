//! Forgetting what is older than the settings let it become (`spec/operations.md` §3.3). Nothing goes that something else
//! refers to: the last verdicts stay, and open findings.

use windlass_store::{Moment, retention::Place};

use crate::{Result, Service};

/// Rows that are looked at in one transaction, so that nobody waits long for it.
const BATCH: u64 = 1000;
const DAY: i64 = 86_400;

impl Service {
    /// Forgets what is old enough: events, records of who did what, verdicts, closed findings, and what rules did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_the_old(&self) -> Result<()> {
        let retention = &self.settings.keeping.retention;
        self.expire_events().await?;
        if let Some(before) = self.days_ago(retention.audit_days) {
            self.expire_audit_records(before).await?;
        }
        if let Some(before) = self.days_ago(retention.finding_days) {
            while self.store.forget_closed_findings(before, BATCH).await? == BATCH {
                tokio::task::yield_now().await;
            }
        }
        if let Some(before) = self.days_ago(retention.transition_days) {
            while self.store.forget_archive_transitions(before, BATCH).await? == BATCH {
                tokio::task::yield_now().await;
            }
        }
        if let Some(before) = self.days_ago(retention.evaluation_days) {
            self.forget_evaluations(before).await?;
        }
        Ok(())
    }

    async fn forget_evaluations(&self, before: Moment) -> Result<()> {
        let (kept, mut place) = (self.settings.keeping.retention.evaluations_kept, Some(Place::START));
        while let Some(at) = place {
            let now = self.clock.moment();
            (_, place) = self.store.forget_evaluations(at, before, kept, now, BATCH).await?;
        }
        Ok(())
    }

    /// The moment before which things are that old; `None`: nothing is forgotten.
    fn days_ago(&self, days: Option<u32>) -> Option<Moment> {
        let days = days.filter(|days| *days > 0)?;
        Some(self.clock.moment().plus_seconds(-DAY * i64::from(days)))
    }
}
