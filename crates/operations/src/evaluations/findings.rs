use std::sync::Arc;

use jiff::Timestamp;
use windlass_matching::Outcome;
use windlass_policy::FirstSeen;
use windlass_sbom::Sbom;

use crate::{Result, Tenant};

/// What is known of an image's vulnerabilities.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) outcome: Outcome,
    /// When each finding was first seen.
    pub(super) first_seen: FirstSeen,
    /// The vulnerability data that it is known by; `None`: there is none.
    pub(super) data: Option<i64>,
    /// When that was built.
    pub(super) database_built: Option<Timestamp>,
}

/// Who knows the vulnerabilities of images.
pub(super) trait Findings: Sync {
    /// The vulnerability data in force; `None`: there is none.
    fn in_force(&self) -> impl Future<Output = Result<Option<i64>>> + Send;

    /// What is known of an image by the data in force.
    fn of(&self, sbom: &Arc<Sbom>) -> impl Future<Output = Result<Known>> + Send;
}

/// Where there is no vulnerability data, nothing is known, and rules say so.
impl Findings for Tenant {
    async fn in_force(&self) -> Result<Option<i64>> {
        Ok(self.service.store.vulnerability_data_in_force().await?.map(|data| data.id))
    }

    async fn of(&self, sbom: &Arc<Sbom>) -> Result<Known> {
        let Some(found) = self.outcome(sbom).await? else { return Ok(Known::default()) };
        let data = self.service.store.vulnerability_data(found.data).await?;
        Ok(Known {
            outcome: found.outcome,
            first_seen: found.first_seen,
            data: Some(found.data),
            database_built: data.map(|data| data.built_at.into()),
        })
    }
}
