//! The parts of the service as clients see them (`spec/api.md` A4.1).

use windlass_store::services::Model;
use windlass_v1::services::{self, ServiceDetail, ServiceName, ServiceState, Status};

use crate::{Error, Result, Service};

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
        let rows = self.store.services().await?;
        let wanted = rows.into_iter().filter(|row| name.is_none_or(|name| row.name == name));
        Ok(wanted.filter_map(shown).collect())
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
        if self.store.delete_service(host_id, name).await? {
            return Ok(());
        }
        Err(Error::conflict("cannot delete an active service"))
    }
}

/// Nothing of a part that clients have no name for.
fn shown(row: Model) -> Option<services::Service> {
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
