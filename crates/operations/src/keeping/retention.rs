//! Forgetting what is older than the settings let it become (`spec/operations.md` §3.3). Nothing goes that something else
//! refers to: the last verdicts stay, and open findings.

use windlass_store::{
    Moment,
    retention::{Old, Place},
};

use super::measure::FORECAST_DAYS;
use crate::{Result, Service, Settings};

/// Rows that are looked at in one transaction, so that nobody waits long for it.
const BATCH: u64 = 1000;
const DAY: i64 = 86_400;

/// After how many days something is forgotten; nothing or 0: never.
type Days = fn(&Settings) -> Option<u32>;

/// What is forgotten, and when. What keeps something else from being forgotten goes before it.
const FORGOTTEN: [(Old, Days); 7] = [
    (Old::Events, |settings| settings.event_retention_days),
    (Old::FindingChanges, |settings| settings.event_retention_days),
    (Old::ClosedFindings, |settings| settings.keeping.retention.finding_days),
    (Old::AuditRecords, |settings| settings.keeping.retention.audit_days),
    (Old::ArchiveTransitions, |settings| settings.keeping.retention.transition_days),
    (Old::Deliveries, |settings| Some(settings.notifications.retention_days)),
    // A little longer than they are of use.
    (Old::StorageSamples, |_| Some(FORECAST_DAYS + 2)),
];

impl Service {
    /// Forgets what is old enough. Images that were deleted are [collected](Service::collect_images).
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_the_old(&self) -> Result<()> {
        for (old, days) in FORGOTTEN {
            let Some(before) = self.days_ago(days(&self.settings)) else { continue };
            while self.store.forget(old, before, BATCH).await? >= BATCH {
                tokio::task::yield_now().await;
            }
        }
        match self.days_ago(self.settings.keeping.retention.evaluation_days) {
            Some(before) => self.forget_evaluations(before).await,
            None => Ok(()),
        }
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

    /// The moment since which images that were deleted have been kept long enough.
    pub(crate) fn kept_deleted_since(&self) -> Moment {
        self.clock.moment().plus_seconds(-DAY * i64::from(self.settings.keeping.retention.keep_deleted_days))
    }
}
