//! The real thing: the `docker-registry` of Debian, started on a free port of this machine, and small images to push.

use std::time::Duration;

use reqwest::{Body, Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use windlass_image::Digest;
use windlass_sources::testing::DockerRegistry;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry of its own for one test; ends with it.
pub(crate) struct Registry {
    process: DockerRegistry,
    pub(crate) address: String,
    client: Client,
    password: Option<&'static str>,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed. `password` is what it asks for.
    pub(crate) async fn start(password: Option<&'static str>) -> Option<Self> {
        Self::with(password, |_| ()).await
    }

    /// One that tells of pushes: `notifications` is that part of its configuration.
    pub(crate) async fn that_tells(notifications: &Value) -> Option<Self> {
        let notifications = notifications.clone();
        Self::with(None, |config| config["notifications"] = notifications).await
    }

    /// One that says in every answer how many requests it allows: `100;w=21600`.
    pub(crate) async fn that_allows(limit: &'static str, remaining: &'static str) -> Option<Self> {
        let headers = json!({"RateLimit-Limit": [limit], "RateLimit-Remaining": [remaining]});
        Self::with(None, |config| config["http"]["headers"] = headers).await
    }

    async fn with(password: Option<&'static str>, configure: impl FnOnce(&mut Value) + Send + 'static) -> Option<Self> {
        let start = move || DockerRegistry::with(password.is_some(), |config, _| configure(config));
        let process = spawn_blocking(start).await.unwrap()?;
        let client = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
        Some(Self { address: process.address().to_owned(), process, client, password })
    }

    pub(crate) fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it again at the same address, with what was pushed.
    pub(crate) async fn resume(mut self) -> Self {
        let restarted = spawn_blocking(move || {
            self.process.restart();
            self
        });
        restarted.await.unwrap()
    }

    /// Pushes an image that holds nothing but a text; answers with the digest of its manifest.
    pub(crate) async fn push(&self, repository: &str, tag: &str, content: &str) -> String {
        self.push_for("amd64", repository, tag, content).await
    }

    pub(crate) async fn push_for(&self, arch: &str, repository: &str, tag: &str, content: &str) -> String {
        self.push_with(&json!({"architecture": arch}), repository, tag, content).await
    }

    /// The same, of an image that was built at that time.
    pub(crate) async fn push_built(&self, created: &str, repository: &str, tag: &str) -> String {
        self.push_with(&json!({"architecture": "amd64", "created": created}), repository, tag, tag).await
    }

    async fn push_with(&self, members: &Value, repository: &str, tag: &str, content: &str) -> String {
        let layer = content.as_bytes().to_vec();
        let diff_id = Digest::of(&layer).to_string();
        let mut config = json!({"os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff_id]}});
        config.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described("application/vnd.oci.image.config.v1+json", &config),
            "layers": [described("application/vnd.oci.image.layer.v1.tar", &layer)],
        });
        self.push_blob(repository, config).await;
        self.push_blob(repository, layer).await;
        self.push_manifest(repository, tag, MANIFEST, &manifest).await
    }

    /// Pushes an index of one image for amd64 and whatever `extra` is; answers with its digest.
    pub(crate) async fn push_index(&self, repository: &str, tag: &str, image: &str, extra: &str) -> String {
        let url = self.url(&format!("{repository}/manifests/{image}"));
        let manifest = self.send(self.client.get(url).header("accept", MANIFEST)).await.bytes().await.unwrap();
        let mut entry = described(MANIFEST, &manifest);
        entry["platform"] = json!({"os": "linux", "architecture": "amd64"});
        let index = json!({
            "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry], "annotations": {"extra": extra},
        });
        self.push_manifest(repository, tag, INDEX, &index).await
    }

    async fn push_manifest(&self, repository: &str, tag: &str, media_type: &str, manifest: &Value) -> String {
        let bytes = manifest.to_string().into_bytes();
        let digest = Digest::of(&bytes).to_string();
        let url = self.url(&format!("{repository}/manifests/{tag}"));
        self.send(self.client.put(url).header("content-type", media_type).body(bytes)).await;
        digest
    }

    async fn push_blob(&self, repository: &str, blob: Vec<u8>) {
        let upload = self.send(self.client.post(self.url(&format!("{repository}/blobs/uploads/")))).await;
        let location = upload.headers()["location"].to_str().unwrap().to_owned();
        let location = if location.starts_with('/') { format!("http://{}{location}", self.address) } else { location };
        let mark = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{mark}digest={}", Digest::of(&blob));
        let request = self.client.put(url).header("content-type", "application/octet-stream");
        self.send(request.body(Body::from(blob))).await;
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        let request = match self.password {
            Some(password) => request.basic_auth("windlass", Some(password)),
            None => request,
        };
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        response
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }
}

fn described(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(content).to_string(), "size": content.len()})
}
