use std::sync::Arc;

use jiff::Timestamp;
use windlass_matching::Outcome;
use windlass_policy::FirstSeen;
use windlass_sbom::Sbom;

use crate::{Result, Tenant};

/// What is known of an image's vulnerabilities.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub outcome: Outcome,
    /// When each finding was first seen.
    pub first_seen: FirstSeen,
    /// When the vulnerability data was built; `None`: there is none.
    pub database_built: Option<Timestamp>,
}

/// Who knows the vulnerabilities of images.
pub trait Findings: Sync {
    /// The vulnerability data in force; `None`: there is none.
    fn in_force(&self) -> impl Future<Output = Result<Option<i64>>> + Send;

    /// What is known of an analysed image by that data.
    fn of(&self, analysis: i64, data: Option<i64>, sbom: &Arc<Sbom>) -> impl Future<Output = Result<Found>> + Send;
}

/// Where no vulnerability data is in force, nothing is found, and rules say that nothing could be.
impl Findings for Tenant {
    async fn in_force(&self) -> Result<Option<i64>> {
        Ok(self.service.store.data_in_force().await?)
    }

    async fn of(&self, analysis: i64, data: Option<i64>, sbom: &Arc<Sbom>) -> Result<Found> {
        if data.is_none() {
            return Ok(Found::default());
        }
        let Some(mut found) = self.outcome(sbom).await? else { return Ok(Found::default()) };
        // Other images may have had the same package long before.
        if let Some(analysis) = self.service.store.analysis(analysis).await? {
            let analysed = Timestamp::from(analysis.created_at);
            found.first_seen.values_mut().for_each(|seen| *seen = (*seen).max(analysed));
        }
        Ok(Found { outcome: found.outcome, first_seen: found.first_seen, database_built: Some(found.built_at) })
    }
}
