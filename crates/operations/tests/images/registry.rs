//! A registry for one test: the `docker-registry` of Debian on a free port of this machine, and small images to push.

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use windlass_sources::testing::{DockerRegistry, LOGIN};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Ends with the test.
pub(crate) struct Registry {
    _process: DockerRegistry,
    pub(crate) address: String,
    client: Client,
}

/// An image that is in a registry.
#[derive(Clone, Debug)]
pub(crate) struct Pushed {
    pub(crate) digest: String,
    pub(crate) id: String,
    manifest: Vec<u8>,
    architecture: &'static str,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::with(false)
    }

    /// One that asks for a password.
    pub(crate) fn guarded() -> Option<Self> {
        Self::with(true)
    }

    fn with(guarded: bool) -> Option<Self> {
        let process = DockerRegistry::start(guarded)?;
        let client = Client::builder().no_proxy().build().unwrap();
        Some(Self { address: process.address().to_owned(), client, _process: process })
    }

    /// Pushes an image that holds `text`, for amd64.
    pub(crate) async fn push(&self, repository: &str, tag: &str, text: &str) -> Pushed {
        self.push_for(repository, tag, text, "amd64").await
    }

    pub(crate) async fn push_for(&self, repository: &str, tag: &str, text: &str, architecture: &'static str) -> Pushed {
        let config = json!({
            "os": "linux", "architecture": architecture, "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(text.as_bytes())]},
        });
        let config = serde_json::to_vec(&config).unwrap();
        for blob in [config.as_slice(), text.as_bytes()] {
            self.push_blob(repository, blob).await;
        }
        let described =
            |kind: &str, bytes: &[u8]| json!({"mediaType": kind, "digest": digest(bytes), "size": bytes.len()});
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": described("application/vnd.oci.image.config.v1+json", &config),
            "layers": [described("application/vnd.oci.image.layer.v1.tar", text.as_bytes())],
        });
        let manifest = serde_json::to_vec(&manifest).unwrap();
        self.push_manifest(repository, tag, MANIFEST, &manifest).await;
        let id = digest(&config).trim_start_matches("sha256:").to_owned();
        Pushed { digest: digest(&manifest), id, manifest, architecture }
    }

    /// Pushes an index of images; its digest.
    pub(crate) async fn push_index(&self, repository: &str, tag: &str, images: &[&Pushed]) -> String {
        let entries: Vec<Value> = images
            .iter()
            .map(|image| {
                json!({
                    "mediaType": MANIFEST, "digest": image.digest, "size": image.manifest.len(),
                    "platform": {"os": "linux", "architecture": image.architecture},
                })
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        let index = serde_json::to_vec(&index).unwrap();
        self.push_manifest(repository, tag, INDEX, &index).await;
        digest(&index)
    }

    async fn push_blob(&self, repository: &str, blob: &[u8]) {
        let upload = self.send(self.client.post(self.url(repository, "blobs/uploads/"))).await;
        let location = upload.headers()["location"].to_str().unwrap().to_owned();
        let location = if location.starts_with('/') { format!("http://{}{location}", self.address) } else { location };
        let mark = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{mark}digest={}", digest(blob));
        let request = self.client.put(url).header("content-type", "application/octet-stream");
        self.send(request.body(blob.to_vec())).await;
    }

    async fn push_manifest(&self, repository: &str, tag: &str, media_type: &str, manifest: &[u8]) {
        let url = self.url(repository, &format!("manifests/{tag}"));
        self.send(self.client.put(url).header("content-type", media_type.to_owned()).body(manifest.to_vec())).await;
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        let response = request.basic_auth(LOGIN.0, Some(LOGIN.1)).send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response
    }

    fn url(&self, repository: &str, path: &str) -> String {
        format!("http://{}/v2/{repository}/{path}", self.address)
    }
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}
