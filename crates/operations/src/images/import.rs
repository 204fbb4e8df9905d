//! Adding an image whose analysis was made elsewhere (`spec/api.md` A4.3, A4.13, `spec/operations.md` §9).
//!
//! That the manifest is the image's, and the config the manifest's, is proved by their digests; what the image holds is
//! taken on trust. So an analysis that is imported is the account's own and never shared.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use windlass_image::Digest;
use windlass_v1::{images::ImportSource, imports::ImportPart};

use super::{Addition, ImportParts, lookup::Found, manifest};
use crate::{Error, Result, Tenant, imports::object_key};

/// The annotation that tells from which import an image is.
const ANNOTATION: &str = "anchore.system/import_operation_id";

impl Tenant {
    /// Adds an image with the parts of an import. What else is said of it is in `addition`.
    ///
    /// # Errors
    /// 404 for an unknown import, 409 for one that does not wait for its parts, 400 for parts that are missing or do not
    /// belong together.
    pub(super) async fn add_import(&self, source: &ImportSource, addition: Addition<'_>) -> Result<Vec<String>> {
        let id = &source.operation_uuid;
        self.pending_import(id).await?;
        let contents = &source.contents;
        let digest: Digest = source.digest.parse().map_err(|error| unfit("digest", &source.digest, &error))?;
        for (part, hex) in [
            (ImportPart::Packages, Some(&contents.packages)),
            (ImportPart::Manifest, Some(&contents.manifest)),
            (ImportPart::ImageConfig, Some(&contents.image_config)),
            (ImportPart::Dockerfile, contents.dockerfile.as_ref()),
            (ImportPart::ParentManifest, contents.parent_manifest.as_ref()),
        ] {
            let Some(hex) = hex else { continue };
            if !self.account.import_contents(id, part.as_str()).await?.iter().any(|known| known.digest == *hex) {
                let text = format!("no {part} with the digest {hex} was uploaded to import operation {id}");
                return Err(Error::invalid(text).with("digest", hex.as_str()));
            }
        }
        if digest.hex() != contents.manifest {
            let reason = format!("the uploaded manifest has the digest sha256:{}", contents.manifest);
            return Err(unfit("digest", &source.digest, &reason));
        }
        let manifest = self.part(&contents.manifest).await?;
        let (config, compressed_bytes) =
            manifest::read(&manifest).map_err(|error| unfit("manifest", &contents.manifest, &error))?;
        if config != format!("sha256:{}", contents.image_config) {
            let reason = format!("the manifest names the config {config}");
            return Err(unfit("image_config", &contents.image_config, &reason));
        }
        let parent = match &contents.parent_manifest {
            None => None,
            Some(hex) => Some((format!("sha256:{hex}"), self.part(hex).await?.into())),
        };
        let stated_parent = source.parent_digest.clone();
        if let Some(stated) = &stated_parent {
            let stated: Digest = stated.parse().map_err(|error| unfit("parent_digest", stated, &error))?;
            if let Some((shown, _)) = parent.as_ref().filter(|(shown, _)| *shown != stated.as_str()) {
                let reason = format!("the uploaded parent manifest has the digest {shown}");
                return Err(unfit("parent_digest", stated.as_str(), &reason));
            }
        }
        let dockerfile = match &contents.dockerfile {
            None => None,
            Some(hex) => Some(STANDARD.encode(self.part(hex).await?)),
        };
        let found = Found {
            digest: source.digest.clone(),
            manifest: manifest.into(),
            image_id: image_id(source)?,
            parent,
            stated_parent,
            compressed_bytes,
            built_at: None,
        };
        let mut annotations = addition.annotations.cloned().unwrap_or_default();
        annotations.0.insert(ANNOTATION.into(), id.as_str().into());
        let parts = ImportParts {
            id: id.clone(),
            packages: contents.packages.clone(),
            image_config: contents.image_config.clone(),
        };
        let addition = Addition {
            annotations: Some(&annotations),
            dockerfile: dockerfile.as_deref(),
            import: Some(&parts),
            ..addition
        };
        self.record(vec![found], addition).await
    }

    async fn part(&self, hex: &str) -> Result<Vec<u8>> {
        Ok(self.service.objects.get(&object_key(hex)?).await?.to_vec())
    }
}

/// As it is stated, or the digest of the config.
fn image_id(source: &ImportSource) -> Result<String> {
    let Some(stated) = source.local_image_id.as_deref().filter(|id| !id.is_empty()) else {
        return Ok(source.contents.image_config.clone());
    };
    let id = stated.strip_prefix("sha256:").unwrap_or(stated);
    let digest = format!("sha256:{id}").parse::<Digest>();
    digest.map(|digest| digest.hex().to_owned()).map_err(|error| unfit("local_image_id", stated, &error))
}

fn unfit(what: &str, value: &str, reason: &dyn std::fmt::Display) -> Error {
    let reason = format!("{what}: {reason}");
    Error::invalid("Validation error").with("validation_error", reason).with("invalid_value", value)
}
