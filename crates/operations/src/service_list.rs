//! The parts of the service as clients see them (`spec/api.md` A4.1).

use std::sync::PoisonError;

use windlass_store::{Moment, services::Model};
use windlass_v1::services::{self, ServiceDetail, ServiceName, ServiceState, Status};

use crate::{
    Error, Result, Service,
    liveness::{DOWN, as_heard_of},
};

impl Service {
    /// How the part of this process that answers requests is.
    pub async fn status(&self) -> Result<Status> {
        let rows = self.store.services().await?;
        let own = rows
            .into_iter()
            .find(|row| row.host_id == self.settings.host_id && row.name == ServiceName::Apiext.as_str());
        // It has not reported itself yet, and answers all the same.
        Ok(own.and_then(|row| serde_json::from_str(&row.status).ok()).unwrap_or_else(|| Status::good(false)))
    }

    /// Every part that is known of, by name and host; of one name, where one is given.
    pub async fn services(&self, name: Option<&str>) -> Result<Vec<services::Service>> {
        let now = self.clock.moment();
        let rows = self.store.services().await?;
        let wanted = rows.into_iter().filter(|row| name.is_none_or(|name| row.name == name));
        Ok(wanted.filter_map(|row| shown(row, now)).collect())
    }

    /// Where clients reach the service, for links: what the settings say, else what a process with the API has reported,
    /// be it while the last one starts again; empty where there was none.
    pub(crate) async fn address(&self) -> Result<String> {
        if let Some(own) = &self.settings.base_url {
            return Ok(own.clone());
        }
        let rows = self.store.services().await?;
        let of_api = |row: &Model| row.name == ServiceName::Apiext.as_str() && !row.base_url.is_empty();
        // One that is silent was right once, and nobody knows better.
        let found = rows.into_iter().filter(of_api).max_by_key(|row| (row.up, row.heartbeat.seconds()));
        let mut known = self.known_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = found {
            *known = row.base_url;
        }
        Ok(known.clone())
    }

    /// # Errors
    /// 404 where there is no such part.
    pub async fn service(&self, name: &str, host_id: &str) -> Result<services::Service> {
        let found = self.services(Some(name)).await?.into_iter().find(|service| service.hostid == host_id);
        found.ok_or_else(|| Error::not_found(format!("Service {name} on host {host_id} not found")))
    }

    /// Forgets a part that is not up.
    ///
    /// # Errors
    /// 404 where there is none, 409 where it is up.
    pub async fn delete_service(&self, name: &str, host_id: &str) -> Result<()> {
        self.service(name, host_id).await?;
        let since = self.clock.moment().plus_seconds(-DOWN);
        if self.store.delete_service(host_id, name, since).await? {
            return Ok(());
        }
        Err(Error::conflict("cannot delete an active service"))
    }
}

/// Nothing of a part that clients have no name for.
fn shown(row: Model, now: Moment) -> Option<services::Service> {
    let row = as_heard_of(row, now);
    let detail = serde_json::from_str(&row.status).map(ServiceDetail::Status);
    Some(services::Service {
        hostid: row.host_id,
        servicename: ServiceName::parse(&row.name)?,
        base_url: row.base_url,
        status: row.up,
        status_message: ServiceState::parse(&row.message).unwrap_or(ServiceState::Unavailable),
        version: "v1".into(),
        service_detail: detail.unwrap_or(ServiceDetail::Text(row.status)),
    })
}
