//! Images, their contents and vulnerabilities.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Text,
    lenient::{list, or_default},
};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Image {
    #[serde(rename = "imageDigest")]
    pub image_digest: Text,
    #[serde(rename = "parentDigest")]
    pub parent_digest: Text,
    pub analysis_status: Text,
    pub image_type: Text,
    pub analyzed_at: Text,
    /// Why the last analysis failed, where it did.
    #[serde(deserialize_with = "or_default")]
    pub analysis_failure: AnalysisFailure,
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, Text>,
    #[serde(deserialize_with = "or_default")]
    pub image_content: ImageContent,
    /// One for each tag.
    #[serde(deserialize_with = "list")]
    pub image_detail: Vec<ImageDetail>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AnalysisFailure {
    pub code: Text,
    pub reason: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ImageContent {
    #[serde(deserialize_with = "or_default")]
    pub metadata: Option<ImageMetadata>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ImageMetadata {
    pub dockerfile_mode: Text,
    pub distro: Text,
    pub distro_version: Text,
    /// Bytes.
    pub image_size: Text,
    pub arch: Text,
    pub layer_count: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ImageDetail {
    pub registry: Text,
    pub repo: Text,
    pub tag: Text,
    pub fulltag: Text,
    #[serde(rename = "imageId")]
    pub image_id: Text,
    /// In one format throughout, so that its order as text is that of time.
    pub created_at: Text,
    pub tag_detected_at: Text,
}

impl ImageDetail {
    /// `registry/repository:tag`
    pub fn full_tag(&self) -> String {
        match self.fulltag.get() {
            Some(fulltag) => fulltag.to_owned(),
            None => format!("{}/{}:{}", self.registry.or("None"), self.repo.or("None"), self.tag.or("None")),
        }
    }
}

/// What became of a request to delete an image.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DeleteVerdict {
    pub status: Text,
    pub detail: Text,
}

/// Content of one type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Content {
    pub content: Value,
}

impl Content {
    /// The entries of a list.
    pub fn entries(&self) -> Vec<ContentEntry> {
        let elements = self.content.as_array().into_iter().flatten();
        elements.filter_map(|element| ContentEntry::deserialize(element).ok()).collect()
    }

    /// The text of a document, such as a Dockerfile; empty if there is none.
    pub fn text(&self) -> String {
        decoded(&self.content).unwrap_or_default()
    }
}

/// A package, a file, or what a malware scanner said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ContentEntry {
    pub package: Text,
    pub version: Text,
    pub location: Text,
    pub license: Text,
    #[serde(deserialize_with = "list")]
    pub licenses: Vec<Text>,
    #[serde(rename = "specification-version")]
    pub specification_version: Text,
    #[serde(rename = "implementation-version")]
    pub implementation_version: Text,
    pub filename: Text,
    /// Bytes.
    pub size: Text,
    pub scanner: Text,
    #[serde(deserialize_with = "list")]
    pub findings: Vec<MalwareFinding>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MalwareFinding {
    pub path: Text,
    pub signature: Text,
}

/// Metadata of one type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Metadata {
    #[serde(rename = "imageDigest")]
    pub image_digest: Text,
    pub metadata: Value,
    pub metadata_type: Text,
}

impl Metadata {
    /// The document, if there is one.
    pub fn text(&self) -> Option<String> {
        decoded(&self.metadata)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Vulnerabilities {
    #[serde(deserialize_with = "list")]
    pub vulnerabilities: Vec<Vulnerability>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Vulnerability {
    pub vuln: Text,
    pub package: Text,
    pub severity: Text,
    pub fix: Text,
    #[serde(deserialize_with = "list")]
    nvd_data: Vec<Identified>,
    pub url: Text,
    pub package_type: Text,
    pub feed_group: Text,
    pub package_path: Text,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Identified {
    id: Text,
}

impl Vulnerability {
    /// The entries of the NVD that it refers to.
    pub fn cves(&self) -> Vec<&str> {
        self.nvd_data.iter().filter_map(|entry| entry.id.get()).collect()
    }
}

/// Base64 with line ends, in one piece or several; a service that has no text sends an empty list (`spec/api.md` K11).
fn decoded(value: &Value) -> Option<String> {
    let encoded = match value {
        Value::String(text) => text.clone(),
        Value::Array(pieces) => pieces.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_come_as_base64_with_line_ends_or_not_at_all() {
        let text = |content: Value| Content { content }.text();
        assert_eq!(text(json!("RlJPTSBzY3Jh\ndGNoCg==\n")), "FROM scratch\n");
        assert_eq!(text(json!(["RlJPTSBz", "Y3JhdGNoCg=="])), "FROM scratch\n");
        for nothing in [json!([]), json!(null), json!("***"), json!({"a": 1})] {
            assert_eq!(text(nothing), "");
        }
    }

    #[test]
    fn an_image_of_any_service_can_be_read() {
        let old: Image = serde_json::from_value(json!({"imageDigest": "sha256:aa", "image_content": null,
            "image_detail": [{"registry": "docker.io", "repo": "nginx", "tag": "1"}, 7]}))
        .expect("an image");
        assert_eq!(old.image_detail[0].full_tag(), "docker.io/nginx:1");
        assert!(old.image_content.metadata.is_none() && old.analysis_status.get().is_none());
        let new: Image = serde_json::from_value(json!({"image_content": {"metadata": {"image_size": 7}},
            "annotations": {"a": null, "n": "v"}}))
        .expect("an image");
        assert_eq!(new.image_content.metadata.expect("metadata").image_size.as_str(), "7");
        assert_eq!(new.annotations["a"].or("None"), "None");
    }
}
