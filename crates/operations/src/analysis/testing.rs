//! Analyses for tests that are not about making them.

use std::sync::Arc;

use windlass_sbom::Sbom;
use windlass_store::{
    analyses::{self, progress},
    images,
};

use super::settings::analysis_key;
use crate::testing::Bench;

impl Bench {
    /// Gives an image what a worker would have found in it.
    ///
    /// # Panics
    /// When the store or object storage fails.
    pub async fn analyse(&self, image: &images::Model, sbom: Sbom) {
        let known = self.service.know_packages(&sbom).await.expect("the store answers");
        let key = analysis_key(&image.digest, self.service.settings());
        let analysis = self.service.keep(&image.digest, &key, Arc::new(sbom)).await.expect("storage answers");
        let tx = self.service.store().begin().await.expect("the store answers");
        let analysis = analyses::insert(&tx, analysis, self.now()).await.expect("the store answers");
        known.record(&self.service, &tx, analysis).await.expect("the store answers");
        let given = progress::finish(&tx, image.id, analysis, self.now()).await.expect("the store answers");
        given.expect("the image is there");
        tx.commit().await.expect("the store answers");
    }
}
