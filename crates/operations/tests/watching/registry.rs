//! The real thing: the `docker-registry` of Debian, started on a free port of this machine, and small images to push.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Body, Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use windlass_image::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// `right-password`, as `htpasswd -nbB` hashes it.
const HTPASSWD: &str = "windlass:$2y$05$FBVtG/xITL6qPFKSS.jg2O8lZSRdyu9/c4aj3lo07cF81MUDuIBRi\n";

/// A registry of its own for one test; ends with it.
pub(crate) struct Registry {
    process: Child,
    pub(crate) address: String,
    client: Client,
    password: Option<&'static str>,
    folder: TempDir,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed. `password` is what it asks for.
    pub(crate) async fn start(password: Option<&'static str>) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        Self::start_at(&format!("127.0.0.1:{port}"), folder, password, &Value::Null).await
    }

    /// One that tells of pushes: `notifications` is that part of its configuration.
    pub(crate) async fn that_tells(notifications: &Value) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(&format!("127.0.0.1:{port}"), TempDir::new().unwrap(), None, notifications).await
    }

    async fn start_at(
        address: &str,
        folder: TempDir,
        password: Option<&'static str>,
        notifications: &Value,
    ) -> Option<Self> {
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let mut config = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": at("data")}, "delete": {"enabled": true}},
            "http": {"addr": address, "secret": "s"},
        });
        if password.is_some() {
            std::fs::write(at("htpasswd"), HTPASSWD).unwrap();
            config["auth"] = json!({"htpasswd": {"realm": "here", "path": at("htpasswd")}});
        }
        if !notifications.is_null() {
            config["notifications"] = notifications.clone();
        }
        // JSON is YAML.
        std::fs::write(at("config.yml"), config.to_string()).unwrap();
        let mut command = Command::new("docker-registry");
        command.args(["serve", &at("config.yml")]).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(process) = command.spawn() else {
            eprintln!("SKIPPED: docker-registry is not installed (Debian package docker-registry)");
            return None;
        };
        let client = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
        let registry = Self { process, address: address.to_owned(), client, password, folder };
        let started = Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "docker-registry does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(registry)
    }

    /// Ends the process, and tells what it takes to start it again.
    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again at the same address, with what was pushed.
    pub(crate) async fn resume(mut self) -> Self {
        self.stop();
        let folder = std::mem::replace(&mut self.folder, TempDir::new().unwrap());
        let (address, password) = (self.address.clone(), self.password);
        Self::start_at(&address, folder, password, &Value::Null).await.unwrap()
    }

    /// Pushes an image that holds nothing but a text; answers with the digest of its manifest.
    pub(crate) async fn push(&self, repository: &str, tag: &str, content: &str) -> String {
        self.push_for("amd64", repository, tag, content).await
    }

    pub(crate) async fn push_for(&self, arch: &str, repository: &str, tag: &str, content: &str) -> String {
        let layer = content.as_bytes().to_vec();
        let diff_id = Digest::of(&layer).to_string();
        let config = json!({
            "os": "linux", "architecture": arch, "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        });
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

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop();
    }
}

fn described(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(content).to_string(), "size": content.len()})
}
