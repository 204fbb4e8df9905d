//! Analyses that were made elsewhere: the bill of materials that was uploaded, about the image that its documents prove
//! (`spec/operations.md` §9).

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_image::Digest;
use windlass_objects::ObjectKey;
use windlass_sbom::{
    ImageSource, LayerDescription, Sbom, Source,
    formats::{self, ReadError},
};
use windlass_store::{images, imports::Status};

use super::{failure::Failure, perform::blocking};
use crate::{Service, Tenant, images::ImportParts, imports::object_key};

/// The name that an imported analysis goes by. Nobody else finds it: what it says was not seen here.
pub(super) fn import_key(digest: &str, parts: &ImportParts) -> String {
    format!("{digest} import {}", parts.id)
}

impl Service {
    /// Reads the parts of an import.
    pub(super) async fn read_import(
        &self,
        tenant: &Tenant,
        image: &images::Model,
        parts: &ImportParts,
    ) -> Result<Sbom, Failure> {
        let import = tenant.account.import(&parts.id).await?;
        if !import.is_some_and(|import| import.status == Status::Processing) {
            return Err(Failure::lasting(
                "IMPORT_EXPIRED",
                "the import ended before it could be read; import the image again",
            ));
        }
        let packages = self.objects.get(&object_key(&parts.packages)?).await?;
        let config = self.objects.get(&object_key(&parts.image_config)?).await?.to_vec();
        let manifest: ObjectKey = image.manifest.parse().map_err(windlass_objects::Error::from)?;
        let manifest = self.objects.get(&manifest).await?.to_vec();
        let digest = image.digest.clone();
        blocking(move || {
            let mut sbom = formats::read(&packages).map_err(|error| unfit(&error_text(&error)))?;
            drop(packages);
            let known = match std::mem::take(&mut sbom.source) {
                Source::Image(known) => *known,
                Source::Directory { .. } | Source::Other { .. } => ImageSource::default(),
            };
            sbom.source = Source::Image(Box::new(proved(&known, &digest, manifest, config)?));
            // The Dockerfile belongs to who gave it, and is kept with the image.
            sbom.inspection.dockerfile = None;
            if let Some(distro) = sbom.distro.as_mut().filter(|distro| distro.id == "redhat") {
                distro.id = "rhel".into();
            }
            Ok(sbom)
        })
        .await?
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    #[serde(default)]
    media_type: String,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    rootfs: RootFs,
    history: Option<Vec<Step>>,
    #[serde(rename = "config")]
    runtime: Option<Runtime>,
}

#[derive(Deserialize)]
struct RootFs {
    diff_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Step {
    created_by: Option<String>,
    empty_layer: Option<bool>,
}

#[derive(Deserialize)]
struct Runtime {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

/// The image as its documents have it. Of what the bill of materials says, the sizes of layers are taken: no document has
/// them.
pub(crate) fn proved(
    known: &ImageSource,
    digest: &str,
    manifest: Vec<u8>,
    config: Vec<u8>,
) -> Result<ImageSource, Failure> {
    let Manifest { media_type, layers } =
        serde_json::from_slice(&manifest).map_err(|error| unfit(&format!("the manifest is none: {error}")))?;
    let described: Config =
        serde_json::from_slice(&config).map_err(|error| unfit(&format!("the image's config is none: {error}")))?;
    let diff_ids = described.rootfs.diff_ids.unwrap_or_default();
    if diff_ids.len() != layers.len() {
        let (stated, there) = (diff_ids.len(), layers.len());
        return Err(unfit(&format!("the config tells of {stated} layers, the manifest of {there}")));
    }
    let sizes = (known.layers.len() == layers.len()).then_some(&known.layers);
    let steps = described.history.unwrap_or_default().into_iter().filter(|step| step.empty_layer != Some(true));
    let mut steps = steps.map(|step| step.created_by.unwrap_or_default());
    let layers: Vec<_> = (layers.into_iter().zip(diff_ids).enumerate())
        .map(|(at, (layer, digest))| LayerDescription {
            media_type: layer.media_type,
            digest,
            size: sizes.map_or(0, |layers| layers[at].size),
            created_by: steps.next().unwrap_or_default(),
        })
        .collect();
    Ok(ImageSource {
        user_input: digest.to_owned(),
        image_id: Digest::of(&config).to_string(),
        manifest_digest: digest.to_owned(),
        media_type,
        tags: Vec::new(),
        repo_digests: Vec::new(),
        size: known.size,
        layers,
        manifest,
        config,
        os: described.os,
        architecture: described.architecture,
        variant: described.variant.unwrap_or_default(),
        labels: described.runtime.and_then(|runtime| runtime.labels).unwrap_or_default().into_iter().collect(),
    })
}

fn unfit(reason: &str) -> Failure {
    let text = format!("the import cannot be read: {reason}; import the image again with sound documents");
    Failure::lasting("IMPORT_INVALID", text)
}

fn error_text(error: &ReadError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "it is made where it is given")]
    fn document(value: serde_json::Value) -> Vec<u8> {
        value.to_string().into_bytes()
    }

    #[test]
    fn an_image_is_what_its_documents_say_whatever_the_bill_of_materials_claims() {
        let claimed = ImageSource {
            user_input: "somebody/else:1".into(),
            tags: vec!["somebody/else:1".into()],
            architecture: "s390x".into(),
            size: 7,
            layers: vec![LayerDescription { size: 7, digest: "sha256:no".into(), ..LayerDescription::default() }],
            ..ImageSource::default()
        };
        let manifest = document(json!({"mediaType": "m", "layers": [{"mediaType": "l", "size": 3}]}));
        let config = document(json!({
            "os": "linux", "architecture": "arm64", "variant": "v8", "rootfs": {"diff_ids": ["sha256:d"]},
            "history": [{"created_by": "COPY x", "empty_layer": false}, {"created_by": "CMD x", "empty_layer": true}],
            "config": {"Labels": {"a": "b"}},
        }));
        let image = proved(&claimed, "sha256:ab", manifest, config.clone()).unwrap();
        assert_eq!((image.user_input.as_str(), image.tags.len()), ("sha256:ab", 0));
        assert_eq!((image.os.as_str(), image.architecture.as_str(), image.variant.as_str()), ("linux", "arm64", "v8"));
        assert_eq!((image.size, image.image_id), (7, Digest::of(&config).to_string()));
        assert_eq!(image.labels, [("a".to_owned(), "b".to_owned())]);
        let layer = LayerDescription {
            media_type: "l".into(),
            digest: "sha256:d".into(),
            size: 7,
            created_by: "COPY x".into(),
        };
        assert_eq!(image.layers, [layer]);
    }

    #[test]
    fn documents_that_do_not_belong_together_are_refused_with_the_reason() {
        let manifest = document(json!({"layers": [{}, {}]}));
        for (manifest, config, reason) in [
            (manifest.clone(), document(json!({"rootfs": {"diff_ids": ["sha256:d"]}})), "1 layers, the manifest of 2"),
            (manifest, document(json!({"rootfs": null})), "the image's config is none"),
            (b"{".to_vec(), document(json!({})), "the manifest is none"),
        ] {
            let failure = proved(&ImageSource::default(), "sha256:ab", manifest, config).unwrap_err();
            assert_eq!(failure.code, "IMPORT_INVALID");
            assert!(failure.reason.contains(reason) && failure.is_lasting(), "{}", failure.reason);
        }
    }
}
