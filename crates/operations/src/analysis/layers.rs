//! Facts of layers, kept in object storage for other images of the same account that have the layer.
//!
//! Of each account apart: whoever knows the digest of a layer could say that his image has it, and be told what is in
//! somebody else's. All of this is a cache. Where it fails, layers are read again.

use tokio::runtime::Handle;
use tracing::Span;
use windlass_analysis::LayerFacts;
use windlass_image::Digest;
use windlass_objects::ObjectKey;
use windlass_store::{
    Account, Error as StoreError, layer_facts,
    object_candidates::{self, Storage},
};

use crate::{Result, Service};

const DAY: i64 = 86_400;
/// Layers that are forgotten in one round.
const ROUND: u64 = 1000;

/// The layers of an account, for one analysis: on a thread that may block.
pub(super) struct KnownLayers {
    pub(super) service: std::sync::Arc<Service>,
    pub(super) account: Account,
    pub(super) runtime: Handle,
    /// Whether everything is to be read anew.
    pub(super) force: bool,
    /// The job that it is for: layers are read on threads of their own.
    pub(super) span: Span,
}

impl LayerFacts for KnownLayers {
    fn get(&self, diff_id: &Digest, key: &str) -> Option<Vec<u8>> {
        if self.force {
            return None;
        }
        let _entered = self.span.enter();
        self.runtime.block_on(self.find(&name(diff_id, key))).unwrap_or_else(|error| {
            tracing::warn!(layer = %diff_id, %error, "what is known of a layer cannot be had; it is read again");
            None
        })
    }

    fn put(&self, diff_id: &Digest, key: &str, facts: Vec<u8>) {
        let _entered = self.span.enter();
        if let Err(error) = self.runtime.block_on(self.keep(&name(diff_id, key), facts)) {
            tracing::warn!(layer = %diff_id, %error, "what is known of a layer could not be kept");
        }
    }
}

fn name(diff_id: &Digest, key: &str) -> String {
    format!("{diff_id} {key}")
}

impl KnownLayers {
    async fn find(&self, layer: &str) -> Result<Option<Vec<u8>>> {
        let Some(object) = self.account.layer_facts(layer).await? else { return Ok(None) };
        let key: ObjectKey = object.parse().map_err(windlass_objects::Error::from)?;
        let facts = self.service.objects.get(&key).await?;
        let tx = self.account.begin().await?;
        layer_facts::touch(&tx, self.account.name(), layer, self.service.clock.moment()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Some(facts.to_vec()))
    }

    async fn keep(&self, layer: &str, facts: Vec<u8>) -> Result<()> {
        let before = self.account.layer_facts(layer).await?;
        let object = self.service.objects.put(facts).await?.to_string();
        let tx = self.account.begin().await?;
        let now = self.service.clock.moment();
        layer_facts::keep(&tx, self.account.name(), layer, &object, now).await?;
        if let Some(before) = before.filter(|before| *before != object) {
            object_candidates::let_go(&tx, Storage::Documents, &[before], now).await?;
        }
        Ok(tx.commit().await.map_err(StoreError::from)?)
    }
}

impl Service {
    /// Forgets what is known of layers that no analysis had for as long as the settings say. Answers with how many.
    pub async fn collect_layers(&self) -> Result<usize> {
        let days = self.settings.analysis.keep_layers_days;
        let now = self.clock.moment();
        let since = now.plus_seconds(-i64::from(days).saturating_mul(DAY));
        let mut collected = 0;
        for row in self.store.unused_layer_facts(since, ROUND).await? {
            let tx = self.store.begin().await?;
            if layer_facts::remove(&tx, &row).await? {
                object_candidates::let_go(&tx, Storage::Documents, std::slice::from_ref(&row.object), now).await?;
                collected += 1;
            }
            tx.commit().await.map_err(StoreError::from)?;
        }
        Ok(collected)
    }
}
