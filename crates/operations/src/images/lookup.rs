//! What a registry says an image is.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use windlass_sources::{
    Error as SourceError, Reference, parse_platform,
    registry::{PlatformChoice, PlatformChoices, Registry, compressed_bytes},
};
use windlass_store::Error as StoreError;
use windlass_v1::{
    error::{ErrorCode, ErrorEnvelope},
    images::Platforms,
};

use super::events;
use crate::{Error, Result, Tenant, registry_access::Asked};

/// The message of the error for whatever a registry refuses.
const LOOKUP_FAILED: &str = "cannot fetch image digest/manifest from registry";

const MEBIBYTE: f64 = 1_048_576.0;

/// An image by its documents, as its registry delivered and their digests proved them.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// Of the manifest.
    pub(crate) digest: String,
    pub(crate) manifest: Bytes,
    /// Digest of the config, without `sha256:`.
    pub(crate) image_id: String,
    /// Digest and bytes of the index that led to it.
    pub(crate) parent: Option<(String, Bytes)>,
    /// Digest of an index that it is said to be of, where none was shown.
    pub(crate) stated_parent: Option<String>,
    /// Sum of the layers as they are stored.
    pub(crate) compressed_bytes: u64,
    /// When its config says that it was built. One that was built so that the same comes of it whenever does not say.
    pub(crate) built_at: Option<Timestamp>,
}

impl Tenant {
    /// Asks the registry for one image, or for several of an index; the first is the one that the reference stands for. A
    /// failure is told by an event, and refused with what the API calls it.
    pub(crate) async fn look_up(&self, reference: Reference, choices: PlatformChoices) -> Result<Vec<Found>> {
        let name = reference.to_string();
        match self.ask_for_images(reference, choices).await? {
            Ok(found) => Ok(found.answer),
            Err(error) => {
                let refusal = refusal(&error);
                let tx = self.account.begin().await?;
                self.service.tell(&tx, self.name(), events::lookup_failed(&name, &error, &refusal)).await?;
                tx.commit().await.map_err(StoreError::from)?;
                Err(refusal.into())
            }
        }
    }

    /// Asks the registry, and tells nobody. The inner error is the registry's.
    pub(crate) async fn ask_for_images(
        &self,
        reference: Reference,
        choices: PlatformChoices,
    ) -> Result<Result<Asked<Vec<Found>>, SourceError>> {
        let (registry, repository) = (reference.registry.clone(), reference.repository.clone());
        self.ask_registry(&registry, &repository, move |registry| found(registry, &reference, &choices)).await
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

/// The image that the original would choose.
pub(crate) fn one_platform() -> PlatformChoices {
    PlatformChoices::Each(vec![PlatformChoice::FirstAmd64])
}

/// The images that a request means. Where it names the platform that would have been chosen, that one goes first.
pub(super) fn choices(platforms: Option<&Platforms>) -> Result<PlatformChoices> {
    let named = match platforms {
        None => return Ok(one_platform()),
        Some(Platforms::All(_)) => return Ok(PlatformChoices::All),
        Some(Platforms::Named(named)) if named.is_empty() => {
            let reason = "platforms is empty; name at least one, or ask for all";
            return Err(Error::invalid("Validation error").with("validation_error", reason));
        }
        Some(Platforms::Named(named)) => named,
    };
    let parsed = named.iter().map(|name| parse_platform(name)).collect::<Result<Vec<_>, _>>();
    let mut platforms = parsed.map_err(|error| {
        Error::invalid("Validation error")
            .with("validation_error", error.to_string())
            .with("invalid_value", named.clone())
    })?;
    platforms.sort_by_key(|platform| platform.architecture != "amd64");
    let mut each: Vec<PlatformChoice> = Vec::new();
    for choice in platforms.into_iter().map(PlatformChoice::Exactly) {
        if !each.contains(&choice) {
            each.push(choice);
        }
    }
    Ok(PlatformChoices::Each(each))
}

fn found(registry: &Registry, reference: &Reference, choices: &PlatformChoices) -> Result<Vec<Found>, SourceError> {
    let described = registry.describe_each(reference, choices)?;
    let parent: Option<(String, Bytes)> = described.index.map(|index| (index.digest.to_string(), index.bytes.into()));
    let mut found: Vec<Found> = Vec::new();
    for image in described.images {
        let digest = image.manifest_digest.to_string();
        // What was made for an older processor may be chosen for two.
        if found.iter().all(|found| found.digest != digest) {
            found.push(Found {
                digest,
                compressed_bytes: compressed_bytes(&image),
                built_at: built_at(&image.config),
                manifest: image.manifest.into(),
                image_id: image.id.hex().to_owned(),
                parent: parent.clone(),
                stated_parent: None,
            });
        }
    }
    Ok(found)
}

fn built_at(config: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Config {
        created: Option<String>,
    }
    let Config { created } = serde_json::from_slice(config).ok()?;
    created?.parse().ok().filter(|built: &Timestamp| *built > Timestamp::UNIX_EPOCH)
}

fn refusal(error: &SourceError) -> ErrorEnvelope {
    let code = ErrorCode::parse(error.failure().code()).unwrap_or(ErrorCode::Unknown);
    ErrorEnvelope::new(400, LOOKUP_FAILED).with_code(code).with("raw_exception_message", error.explained())
}
