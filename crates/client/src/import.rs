//! An analysis that was made elsewhere, handed over (`spec/api.md` A4.13): each document is uploaded under an operation, and
//! the image is added from what was uploaded.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{Error, Payload, Request, Service, Text};

const JSON: &str = "application/json";
/// Bytes of a document that services take.
const DOCUMENT_LIMIT: usize = 100 << 20;

/// What is known of an image.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// A document of Syft.
    pub packages: Vec<u8>,
    /// As it was hashed.
    pub manifest: Vec<u8>,
    pub manifest_media_type: String,
    pub image_config: Vec<u8>,
    pub dockerfile: Option<Vec<u8>>,
    /// The index that the manifest was taken from, and its digest and media type.
    pub parent: Option<Parent>,
    /// `sha256:…` of the manifest.
    pub digest: String,
    /// 64 hexadecimal digits.
    pub image_id: Option<String>,
    /// References, at least one.
    pub tags: Vec<String>,
    pub annotations: BTreeMap<String, String>,
}

/// The index that a manifest was taken from.
#[derive(Clone, Debug)]
pub struct Parent {
    pub manifest: Vec<u8>,
    pub media_type: String,
    /// `sha256:…`
    pub digest: String,
}

/// What an operation or an upload is known by.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Receipt {
    uuid: Text,
    digest: Text,
}

/// Uploads the documents and adds the image; returns its record. What was uploaded before a failure is given up.
///
/// # Errors
/// Those of [`Service::send`]; the packages are more than a service takes.
pub fn import(service: &Service, analysis: &Analysis, autosubscribe: bool, force: bool) -> Result<Payload, Error> {
    let length = analysis.packages.len();
    if length > DOCUMENT_LIMIT {
        return Err(Error::Unsuitable(format!(
            "the bill of materials has {length} bytes, and a service takes {DOCUMENT_LIMIT}; a list of files may make it so long"
        )));
    }
    let operation = receipt(service, &Request::post(&["imports", "images"]), |receipt| receipt.uuid)?;
    let added = upload(service, &operation, analysis)
        .and_then(|contents| finish(service, &operation, analysis, &contents, autosubscribe, force));
    if added.is_err() {
        // The operation runs out by itself; that it could not be deleted says nothing new.
        let _ = service.send(&Request::delete(&["imports", "images", &operation]));
    }
    added
}

/// The digests that the service gave what it received, by kind.
fn upload(service: &Service, operation: &str, analysis: &Analysis) -> Result<Map<String, Value>, Error> {
    let parent = analysis.parent.as_ref();
    let documents = [
        ("packages", Some(&analysis.packages), JSON),
        ("manifest", Some(&analysis.manifest), analysis.manifest_media_type.as_str()),
        ("image_config", Some(&analysis.image_config), JSON),
        ("dockerfile", analysis.dockerfile.as_ref(), "text/plain"),
        ("parent_manifest", parent.map(|parent| &parent.manifest), parent.map_or(JSON, |parent| &parent.media_type)),
    ];
    let mut contents = Map::new();
    for (kind, document, media_type) in documents {
        if let Some(document) = document {
            let request = Request::post(&["imports", "images", operation, kind]).bytes(document.clone(), media_type);
            contents.insert(kind.into(), receipt(service, &request, |receipt| receipt.digest)?.into());
        }
    }
    Ok(contents)
}

fn finish(
    service: &Service,
    operation: &str,
    analysis: &Analysis,
    contents: &Map<String, Value>,
    autosubscribe: bool,
    force: bool,
) -> Result<Payload, Error> {
    let mut source = json!({
        "operation_uuid": operation, "digest": analysis.digest, "tags": analysis.tags, "contents": contents,
    });
    if let Some(parent) = &analysis.parent {
        source["parent_digest"] = parent.digest.as_str().into();
    }
    if let Some(id) = &analysis.image_id {
        source["local_image_id"] = id.as_str().into();
    }
    let body = json!({"source": {"import": source}, "annotations": analysis.annotations});
    let request = Request::post(&["images"]).query("autosubscribe", autosubscribe).query("force", force).json(&body);
    service.send(&request)
}

fn receipt(service: &Service, request: &Request, read: fn(Receipt) -> Text) -> Result<String, Error> {
    let text = read(service.send(request)?.read_or_default());
    text.get().map(str::to_owned).ok_or_else(|| {
        Error::Unsuitable(format!("the service did not say how to refer to /{}", request.path.join("/")))
    })
}
