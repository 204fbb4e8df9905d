//! Which parts of the service live (`spec/operations.md` §1.2).
//!
//! Every process reports its parts once a minute, and takes them off the list when it is told to stop. Whoever reads the list
//! sees which have fallen silent; one process at a time writes that, and tells each change once, with the change itself
//! (D-20).

use std::{collections::BTreeSet, time::Duration};

use serde_json::json;
use tokio_util::sync::CancellationToken;
use windlass_channels::Facts;
use windlass_objects::Objects;
use windlass_store::{AccountName, Moment, events::Level, services, services::Model};
use windlass_v1::{
    events::EventType,
    services::{ServiceName, ServiceState, Status},
};

use crate::{Happening, Result, Service};

/// Seconds of silence after which a part counts as down, as orphaned, and is forgotten.
pub(crate) const DOWN: i64 = 300;
const ORPHANED: i64 = 3600;
const FORGOTTEN: i64 = 86400;

const HEARTBEAT: Duration = Duration::from_mins(1);

impl Service {
    /// Reports once a minute that the parts of this process live, until told to stop; then there are none of them any more.
    pub async fn keep_reporting(&self, stop: CancellationToken) {
        let mut told = BTreeSet::new();
        while !stop.is_cancelled() {
            if let Err(error) = self.compare_places(&mut told).await {
                tracing::warn!(%error, "where other processes keep objects cannot be found out");
            }
            if let Err(error) = self.report(ServiceState::Available).await {
                tracing::warn!(%error, "this process cannot be reported to live");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(HEARTBEAT) => {}
            }
        }
        if let Err(error) = self.sign_off().await {
            tracing::warn!(%error, "that this process ends cannot be reported: it counts as down in a while");
        }
    }

    /// Takes the parts of this process off the list: it ends because it was told to, which is no event.
    pub async fn sign_off(&self) -> Result<()> {
        Ok(self.store.sign_off(&self.process).await?)
    }

    /// Tells of every other process that keeps objects elsewhere, once of each place.
    async fn compare_places(&self, told: &mut BTreeSet<String>) -> Result<()> {
        for (host, silent, places) in self.other_places().await? {
            if told.insert(places.clone()) {
                tracing::warn!(
                    host,
                    places,
                    own = self.places(),
                    hint = "give every process of a database the same objects and archive_objects, or each its own database",
                    "another process of this database, heard of {silent} s ago, keeps objects elsewhere: what one of them \
                     keeps the other does not find"
                );
            }
        }
        Ok(())
    }

    /// Host, seconds of silence and places of other processes that live and keep objects elsewhere.
    pub async fn other_places(&self) -> Result<Vec<(String, i64, String)>> {
        let (now, own) = (self.clock.moment(), self.places());
        let rows = self.store.services().await?.into_iter().map(|row| as_heard_of(row, now));
        let others = rows.filter(|row| row.up && row.process.as_ref() != Some(&self.process));
        let elsewhere = others.filter_map(|row| {
            let silent = silence(&row, now);
            let places = row.places.filter(|places| *places != own)?;
            Some((row.host_id, silent, places))
        });
        Ok(elsewhere.collect())
    }

    /// Where this process keeps objects.
    fn places(&self) -> String {
        let place = |objects: &Objects| {
            let place = objects.place();
            // The same folder, whatever the process was started in.
            let folder = place.strip_prefix("fs:").and_then(|folder| std::path::absolute(folder).ok());
            folder.map_or(place, |folder| format!("fs:{}", folder.display()))
        };
        format!("{} and {}", place(&self.objects), place(&self.archive_objects))
    }

    /// Reports the parts of this process: they have just started and take no requests yet, or live.
    pub async fn report(&self, state: ServiceState) -> Result<()> {
        let now = self.clock.moment();
        let up = state == ServiceState::Available;
        let good = Status::good(false);
        let status =
            Status { up, available: up, message: if up { good.message.clone() } else { state.to_string() }, ..good };
        let places = self.places();
        for part in &self.settings.parts {
            let row = Model {
                host_id: self.settings.host_id.clone(),
                name: part.to_string(),
                base_url: self.settings.base_url.clone().unwrap_or_default(),
                up,
                message: state.to_string(),
                status: json!(status).to_string(),
                started_at: now,
                heartbeat: now,
                process: Some(self.process.clone()),
                places: Some(places.clone()),
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
            if is_silent(&row, now) {
                let down = as_heard_of(row.clone(), now).status;
                self.judge(&row, ServiceState::Unavailable, Some(down), silent).await?;
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
            resource: (kind.resource_type().as_str(), Some(row.base_url.as_str()).filter(|url| !url.is_empty())),
            source: ServiceName::Catalog.as_str(),
            facts: Facts::default(),
        };
        self.tell(tx, &AccountName::admin(), happening).await
    }
}

/// Whether a part said to be up and has said nothing since for too long.
fn is_silent(row: &Model, now: Moment) -> bool {
    row.up && row.message == ServiceState::Available.as_str() && silence(row, now) > DOWN
}

/// A part as it is at the moment: down where it has fallen silent, though nobody may have written that yet.
pub(crate) fn as_heard_of(row: Model, now: Moment) -> Model {
    if !is_silent(&row, now) {
        return row;
    }
    let message = format!("no heartbeat for {} s", silence(&row, now));
    let down = Status { up: false, available: false, message, ..Status::good(false) };
    Model { up: false, message: ServiceState::Unavailable.to_string(), status: json!(down).to_string(), ..row }
}

/// Seconds since a part was heard of.
fn silence(row: &Model, now: Moment) -> i64 {
    now.seconds() - row.heartbeat.seconds()
}
