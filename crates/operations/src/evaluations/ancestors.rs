//! Images that another one is built on (`docs/gates/ancestry.md`): images of the account whose layers, all of them, are the
//! lowest of its own, which has more.

use std::collections::HashMap;

use windlass_policy::{Ancestor, CompiledBundle, Inputs};
use windlass_store::{analyses, images};

use super::Analysed;
use crate::{Result, Tenant};

/// Ancestors that are told of; the same image under other digests counts each time.
const LIMIT: u64 = 1000;

impl Tenant {
    /// The ancestors of an image, where the bundle has rules about them.
    pub(super) async fn ancestors(&self, image: &Analysed, bundle: &CompiledBundle) -> Result<Vec<Ancestor>> {
        if !bundle.reads().intersects(Inputs::ANCESTRY) {
            return Ok(Vec::new());
        }
        let analysis = self.service.store.analysis(image.analysis).await?;
        let mut chains = analysis.map(|analysis| analysis.chain_ids()).unwrap_or_default();
        // It is not built on itself, nor on what has the same layers.
        chains.pop();
        if chains.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.account.images_of_chains(&chains, LIMIT).await?;
        let ids: Vec<i64> = known.iter().map(|(image, _)| image.id).collect();
        let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
        for tag in self.account.tags_of_images(&ids).await? {
            tags.entry(tag.image).or_default().push(tag.fulltag());
        }
        let ancestor = |(known, analysis): (images::Model, Option<analyses::Model>)| {
            let layers = analysis.map_or(0, |analysis| usize::try_from(analysis.layer_count).unwrap_or_default());
            Ancestor { digest: known.digest, tags: tags.remove(&known.id).unwrap_or_default(), layers }
        };
        Ok(known.into_iter().map(ancestor).collect())
    }
}
