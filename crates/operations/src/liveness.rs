//! Which parts of the service live (`spec/operations.md` §1.2).
//!
//! Every process reports its parts once a minute. One process at a time looks for parts that have fallen silent and tells
//! each change once, with the change itself (D-20).

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;
use windlass_channels::Facts;
use windlass_store::{AccountName, Moment, events::Level, services, services::Model};
use windlass_v1::{
    events::EventType,
    services::{ServiceName, ServiceState, Status},
};

use crate::{Happening, Result, Service};

/// Seconds of silence after which a part counts as down, as orphaned, and is forgotten.
const DOWN: i64 = 300;
const ORPHANED: i64 = 3600;
const FORGOTTEN: i64 = 86400;

const HEARTBEAT: Duration = Duration::from_mins(1);

impl Service {
    /// Reports once a minute that the parts of this process live, until told to stop.
    pub async fn keep_reporting(&self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.report(ServiceState::Available).await {
                tracing::warn!(%error, "this process cannot be reported to live");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
        }
    }

    /// Reports the parts of this process: they have just started and take no requests yet, or live.
    pub async fn report(&self, state: ServiceState) -> Result<()> {
        let now = self.clock.moment();
        let up = state == ServiceState::Available;
        let good = Status::good(false);
        let status =
            Status { up, available: up, message: if up { good.message.clone() } else { state.to_string() }, ..good };
        for part in ServiceName::ALL {
            let row = Model {
                host_id: self.settings.host_id.clone(),
                name: part.to_string(),
                base_url: self.settings.base_url.clone(),
                up,
                message: state.to_string(),
                status: json!(status).to_string(),
                started_at: now,
                heartbeat: now,
            };
            self.store.report_service(row).await?;
        }
        Ok(())
    }

    /// Looks for parts that have fallen silent.
    pub async fn watch_services(&self) -> Result<()> {
        let now = self.clock.moment();
        for row in self.store.services().await? {
            let silent = silence(&row, now);
            let available = row.up && row.message == ServiceState::Available.as_str();
            if available && silent > DOWN {
                let message = format!("no heartbeat for {silent} s");
                let down = Status { up: false, available: false, message, ..Status::good(false) };
                self.judge(&row, ServiceState::Unavailable, Some(json!(down).to_string()), silent).await?;
            } else if !row.up && silent > FORGOTTEN {
                self.forget(&row, silent).await?;
            } else if !row.up && silent > ORPHANED && row.message != ServiceState::Orphaned.as_str() {
                self.judge(&row, ServiceState::Orphaned, None, silent).await?;
            }
        }
        Ok(())
    }

    async fn judge(&self, row: &Model, state: ServiceState, status: Option<String>, silent: i64) -> Result<()> {
        let kind = match state {
            ServiceState::Orphaned => EventType::ServiceOrphaned,
            _ => EventType::ServiceDown,
        };
        let tx = self.store.begin().await?;
        if services::judge(&tx, row, state.as_str(), status.as_deref()).await? {
            self.tell_of_service(&tx, row, kind, silent).await?;
            tx.commit().await.map_err(windlass_store::Error::from)?;
        }
        Ok(())
    }

    async fn forget(&self, row: &Model, silent: i64) -> Result<()> {
        let tx = self.store.begin().await?;
        if services::forget(&tx, row).await? {
            self.tell_of_service(&tx, row, EventType::ServiceRemoved, silent).await?;
            tx.commit().await.map_err(windlass_store::Error::from)?;
        }
        Ok(())
    }

    async fn tell_of_service(
        &self,
        tx: &windlass_store::Transaction,
        row: &Model,
        kind: EventType,
        silent: i64,
    ) -> Result<()> {
        let cause = format!("no heartbeat from the service for {silent} s");
        let happening = Happening {
            kind: kind.as_str(),
            level: Level::Error,
            message: kind.message().to_owned(),
            details: json!({"service_name": row.name, "host_id": row.host_id, "cause": cause}),
            resource: (kind.resource_type().as_str(), Some(&row.base_url)),
            source: ServiceName::Catalog.as_str(),
            facts: Facts::default(),
        };
        self.tell(tx, &AccountName::admin(), happening).await
    }
}

/// Seconds since a part was heard of.
fn silence(row: &Model, now: Moment) -> i64 {
    now.seconds() - row.heartbeat.seconds()
}
