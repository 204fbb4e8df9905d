//! Whose bill of materials it is: the image, as far as its documents prove it.

use serde_json::{Value, json};
use windlass_image::Digest;
use windlass_sbom::{ImageSource, Sbom, Source};

use super::Unfit;
use crate::{analysis::proved, images::manifest};

/// The bill of materials with the image's own documents for what it is about. Where it has not brought the image's config,
/// `substitute` makes one, which proves nothing and tells what policies ask of it.
pub(super) fn about(
    mut sbom: Sbom,
    digest: &str,
    manifest: &[u8],
    substitute: Option<&dyn Fn(&ImageSource) -> Value>,
) -> Result<Sbom, Unfit> {
    let known = match std::mem::take(&mut sbom.source) {
        Source::Image(known) => *known,
        Source::Directory { .. } | Source::Other { .. } => ImageSource::default(),
    };
    let (config, _) = manifest::read(manifest).map_err(|error| Unfit::document("the manifest", error))?;
    let is_proved = Digest::of(&known.config).as_str() == config;
    let document = match substitute {
        _ if is_proved => known.config.clone(),
        Some(substitute) => substitute(&known).to_string().into_bytes(),
        None => return Err(Unfit::new("the bill of materials has not the image's config")),
    };
    let image = proved(&known, digest, manifest.to_vec(), document).map_err(|failure| Unfit::new(failure.reason))?;
    sbom.source = Source::Image(Box::new(ImageSource { image_id: config, ..image }));
    // The Dockerfile belongs to who gave it, and is kept with the image.
    sbom.inspection.dockerfile = None;
    sbom.sort();
    Ok(sbom)
}

/// The manifest as it was hashed. The original kept it as Python writes JSON: of the ways in which builders write it, one
/// gives the bytes back.
pub(super) fn as_hashed(text: &str, digest: &str) -> Result<Vec<u8>, Unfit> {
    let value: Value = serde_json::from_str(text).map_err(|error| Unfit::document("the manifest", error))?;
    let indented = |indent: &'static [u8]| {
        let mut out = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
        let written =
            serde::Serialize::serialize(&value, &mut serde_json::Serializer::with_formatter(&mut out, formatter));
        written.map(|()| out).unwrap_or_default()
    };
    let layouts = [text.as_bytes().to_vec(), json!(value).to_string().into_bytes(), indented(b"   "), indented(b"  ")];
    let ended = layouts.clone().map(|layout| [layout.as_slice(), b"\n"].concat());
    let found = layouts.into_iter().chain(ended).find(|bytes| Digest::of(bytes).as_str() == digest);
    found.ok_or_else(|| Unfit::new(format!("the manifest is not that of {digest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_found_again_in_the_layout_that_its_builder_gave_it() {
        let python = r#"{"schemaVersion": 2, "config": {"digest": "sha256:ab", "size": 3}, "layers": []}"#;
        for original in [
            python.to_owned(),
            r#"{"schemaVersion":2,"config":{"digest":"sha256:ab","size":3},"layers":[]}"#.to_owned(),
            "{\n   \"schemaVersion\": 2,\n   \"config\": {\n      \"digest\": \"sha256:ab\",\n      \"size\": 3\n   },\n   \"layers\": []\n}".to_owned(),
            "{\n  \"schemaVersion\": 2,\n  \"config\": {\n    \"digest\": \"sha256:ab\",\n    \"size\": 3\n  },\n  \"layers\": []\n}\n".to_owned(),
        ] {
            let digest = Digest::of(original.as_bytes());
            assert_eq!(as_hashed(python, digest.as_str()).unwrap(), original.as_bytes());
        }
        assert!(as_hashed(python, Digest::of(b"another").as_str()).unwrap_err().0.contains("is not that of"));
        assert!(as_hashed("{", "sha256:ab").is_err());
    }
}
