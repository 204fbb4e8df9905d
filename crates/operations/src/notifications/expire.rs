//! What becomes of what cannot go on: endpoints that fail for long, deliveries that are too late, notices that nobody is told
//! of any more.

use serde_json::json;
use windlass_channels::Facts;
use windlass_store::{endpoints, events::Level};
use windlass_v1::events::EventType;

use super::retries;
use crate::{Happening, Result, Service};

/// Rows of one transaction, so that nobody waits long for it.
const BATCH: u64 = 1000;
const GIVEN_UP: &str = "its time was over before its endpoint was enabled, or took anything, again";

impl Service {
    /// Disables endpoints that failed for long, gives up what cannot be sent in time, and removes notices whose
    /// deliveries are forgotten.
    pub async fn look_after_notifications(&self) -> Result<()> {
        self.disable_failing_endpoints().await?;
        let now = self.clock.moment();
        while self.store.bury_deliveries(GIVEN_UP, retries::OPEN_AFTER.into(), BATCH, now).await? == BATCH {
            tokio::task::yield_now().await;
        }
        while self.store.expire_notices(BATCH).await? == BATCH {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Each with the event that tells of it. What waits for the endpoint goes when it is enabled again.
    async fn disable_failing_endpoints(&self) -> Result<()> {
        let now = self.clock.moment();
        let settings = &self.settings.notifications;
        let long = i64::try_from(settings.disable_after.as_secs()).unwrap_or(i64::MAX);
        let failing = self.store.failing_endpoints(now.plus_seconds(-long), settings.disable_after_dead.into()).await?;
        for row in failing {
            let since =
                row.failing_since.map_or_else(String::new, |since| format!(" since {}", jiff::Timestamp::from(since)));
            let why = format!(
                "it failed {} times in a row{since}, and {} deliveries were given up: look into the log of deliveries, put the \
                 endpoint right, enable it, and replay them",
                row.failures, row.dead
            );
            let Ok(account) = windlass_store::AccountName::parse(&row.account) else { continue };
            let tx = self.store.begin().await?;
            if !endpoints::disable(&tx, &account, &row.id, &why, now).await? {
                continue;
            }
            let kind = EventType::EndpointDisabled;
            let happening = Happening {
                kind: kind.as_str(),
                level: Level::Error,
                message: kind.message().to_owned(),
                details: json!({"endpoint": row.name, "channel": row.kind, "cause": why}),
                resource: (kind.resource_type().as_str(), Some(&row.name)),
                source: "catalog",
                facts: Facts::default(),
            };
            self.tell(&tx, &account, happening).await?;
            tx.commit().await.map_err(windlass_store::Error::from)?;
        }
        Ok(())
    }
}
