//! What a registry says an image is.

use windlass_sources::{
    Error as SourceError, Reference,
    registry::{PlatformChoice, Registry},
};
use windlass_store::Error as StoreError;
use windlass_v1::error::{ErrorCode, ErrorEnvelope};

use super::events;
use crate::{Error, Result, Tenant};

/// The message of the error for whatever a registry refuses.
const LOOKUP_FAILED: &str = "cannot fetch image digest/manifest from registry";

const MEBIBYTE: f64 = 1_048_576.0;

/// An image by its documents, as its registry delivered and their digests proved them.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Of the manifest.
    pub(crate) digest: String,
    pub(crate) manifest: Vec<u8>,
    /// Digest of the config, without `sha256:`.
    pub(crate) image_id: String,
    /// Digest and bytes of the index that led to it.
    pub(crate) parent: Option<(String, Vec<u8>)>,
    /// Digest of an index that it is said to be of, where none was shown.
    pub(crate) stated_parent: Option<String>,
    /// Sum of the layers as they are stored.
    pub(crate) compressed_bytes: u64,
}

impl Tenant {
    /// Asks the registry. A failure is told by an event, and refused with what the API calls it.
    pub(crate) async fn look_up(&self, reference: Reference) -> Result<Found> {
        let name = reference.to_string();
        match self.ask_for_image(reference).await? {
            Ok(found) => Ok(found),
            Err(error) => {
                let refusal = refusal(&error);
                let tx = self.account.begin().await?;
                self.service.tell(&tx, self.name(), events::lookup_failed(&name, &refusal)).await?;
                tx.commit().await.map_err(StoreError::from)?;
                Err(refusal.into())
            }
        }
    }

    /// Asks the registry, and tells nobody. The inner error is the registry's.
    pub(crate) async fn ask_for_image(&self, reference: Reference) -> Result<Result<Found, SourceError>> {
        let (registry, repository) = (reference.registry.clone(), reference.repository.clone());
        self.with_registry(&registry, &repository, move |registry| found(registry, &reference)).await
    }

    /// Refuses an image that is larger than this service takes (`spec/operations.md` §6.6).
    pub(crate) fn check_size(&self, found: &Found) -> Result<()> {
        let Some(limit) = self.service.settings.limits.compressed_image_size_mb.filter(|limit| *limit > 0) else {
            return Ok(());
        };
        let size = (found.compressed_bytes as f64 / MEBIBYTE * 100.0).round() / 100.0;
        if size <= limit as f64 {
            return Ok(());
        }
        let refusal = Error::invalid("Image size is too large based on max size specified in the configuration");
        Err(refusal.with("requested_image_compressed_size_mb", size).with("max_compressed_image_size_mb", limit))
    }
}

fn found(registry: &Registry, reference: &Reference) -> Result<Found, SourceError> {
    let description = registry.describe(reference, &PlatformChoice::FirstAmd64)?;
    let compressed_bytes = description.compressed_bytes();
    let image = description.image;
    Ok(Found {
        digest: image.manifest_digest.to_string(),
        manifest: image.manifest,
        image_id: image.id.hex().to_owned(),
        parent: description.index.map(|index| (index.digest.to_string(), index.bytes)),
        stated_parent: None,
        compressed_bytes,
    })
}

fn refusal(error: &SourceError) -> ErrorEnvelope {
    let code = ErrorCode::parse(error.failure().code()).unwrap_or(ErrorCode::Unknown);
    ErrorEnvelope::new(400, LOOKUP_FAILED).with_code(code).with("raw_exception_message", error.explained())
}
