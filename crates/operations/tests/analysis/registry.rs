//! Debian's `docker-registry` on a free port, and a small image for it.

use std::{io::Write as _, process::Command};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use windlass_image::Digest;
use windlass_sources::testing::DockerRegistry;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// An image of one layer, or of one on those of another image.
pub(crate) struct Sample {
    pub(crate) config: Vec<u8>,
    /// As they are stored, lowest first, with the digests of what is in them.
    layers: Vec<(Vec<u8>, String)>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) digest: String,
    pub(crate) image_id: String,
}

impl Sample {
    /// Debian with a package of this name and a secret.
    pub(crate) fn new(package: &str) -> Self {
        let status =
            format!("Package: {package}\nStatus: install ok installed\nVersion: 1.2-3\nArchitecture: amd64\n\n");
        let tar = tar(&[
            ("etc/os-release", "ID=debian\nVERSION_ID=12\n"),
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("etc/server.key", "-----BEGIN RSA PRIVATE KEY-----\n"),
            ("var/lib/dpkg/status", &status),
        ]);
        Self::of(vec![(gzip(&tar), Digest::of(&tar).to_string())])
    }

    /// Debian with so many packages, `NAME-0` and on, and so many files in three layers.
    #[allow(dead_code, reason = "not every program of tests has large images")]
    pub(crate) fn large(name: &str, packages: usize, files: usize) -> Self {
        let status = |number| {
            format!(
                "Package: {name}-{number}\nStatus: install ok installed\nVersion: 1.{number}-1\nArchitecture: amd64\n\
                 Source: {name}-source-{}\nMaintainer: Somebody <somebody@debian.example>\nDescription: does something\n\n",
                number / 2
            )
        };
        let status: String = (0..packages).map(status).collect();
        let system = tar(&[("etc/os-release", "ID=debian\nVERSION_ID=12\n"), ("var/lib/dpkg/status", &status)]);
        let numbers: Vec<usize> = (0..files).collect();
        let layers = numbers.chunks(files.div_ceil(3)).map(|numbers| {
            let path = |number: &usize| {
                (format!("usr/lib/{name}-{}/module-{number}/file-{number}.js", number % 97), format!("// {number}\n"))
            };
            let named: Vec<_> = numbers.iter().map(path).collect();
            tar(&named.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
        });
        Self::of(std::iter::once(system).chain(layers).map(|tar| (gzip(&tar), Digest::of(&tar).to_string())).collect())
    }

    /// The image with one more layer, in which there is a file of this name.
    pub(crate) fn with(&self, file: &str) -> Self {
        let tar = tar(&[(file, "a")]);
        let layers = self.layers.iter().cloned().chain([(gzip(&tar), Digest::of(&tar).to_string())]);
        Self::of(layers.collect())
    }

    /// The image, with a config that tells of no layers.
    #[allow(dead_code, reason = "not every program of tests imports")]
    pub(crate) fn contradicting(package: &str) -> Self {
        Self::described(Self::new(package).layers, &[])
    }

    fn of(layers: Vec<(Vec<u8>, String)>) -> Self {
        let diff_ids: Vec<String> = layers.iter().map(|(_, diff_id)| diff_id.clone()).collect();
        Self::described(layers, &diff_ids)
    }

    fn described(layers: Vec<(Vec<u8>, String)>, diff_ids: &[String]) -> Self {
        let step = |number: usize| json!({"created_by": format!("/bin/sh -c #(nop) ADD file:{number} in /")});
        let config = json!({
            "os": "linux", "architecture": "amd64", "config": {},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": (1..=layers.len()).map(step).collect::<Vec<_>>(),
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor(CONFIG, &config), "layers": layers.iter().map(|(layer, _)| descriptor(LAYER, layer)).collect::<Vec<_>>(),
        });
        let manifest = manifest.to_string().into_bytes();
        let (digest, image_id) = (Digest::of(&manifest).to_string(), Digest::of(&config).hex().to_owned());
        Self { config, layers, manifest, digest, image_id }
    }
}

/// A registry of its own for one test; ends with it.
pub(crate) struct Registry {
    process: DockerRegistry,
    pub(crate) address: String,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed.
    pub(crate) fn start() -> Option<Self> {
        let process = DockerRegistry::start(false)?;
        Some(Self { address: process.address().to_owned(), process })
    }

    /// As `team/app:TAG`.
    pub(crate) async fn push(&self, sample: &Sample, tag: &str) {
        let client = Client::builder().no_proxy().build().unwrap();
        for blob in sample.layers.iter().map(|(layer, _)| layer).chain([&sample.config]) {
            self.push_blob(&client, blob.clone()).await;
        }
        let manifest = client.put(self.url(&format!("manifests/{tag}"))).header("content-type", MANIFEST);
        send(manifest.body(sample.manifest.clone())).await;
    }

    /// An image in a folder as OCI layouts are, as `team/app:TAG`.
    #[allow(dead_code, reason = "not every program of tests has real images")]
    pub(crate) async fn push_layout(&self, layout: &std::path::Path, tag: &str) {
        let blob = |digest: &Value| {
            let digest = digest["digest"].as_str().unwrap();
            std::fs::read(layout.join("blobs/sha256").join(digest.trim_start_matches("sha256:"))).unwrap()
        };
        let index: Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
        let bytes = blob(&index["manifests"][0]);
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        for described in std::iter::once(&manifest["config"]).chain(manifest["layers"].as_array().unwrap()) {
            self.push_blob(&client, blob(described)).await;
        }
        let media_type = manifest["mediaType"].as_str().unwrap_or(MANIFEST).to_owned();
        let put = client.put(self.url(&format!("manifests/{tag}"))).header("content-type", media_type);
        send(put.body(bytes)).await;
    }

    async fn push_blob(&self, client: &Client, blob: Vec<u8>) {
        let upload = send(client.post(self.url("blobs/uploads/"))).await;
        let location = upload.headers()["location"].to_str().unwrap().to_owned();
        let mark = if location.contains('?') { '&' } else { '?' };
        let url = format!("{location}{mark}digest={}", Digest::of(&blob));
        send(client.put(url).header("content-type", "application/octet-stream").body(blob)).await;
    }

    /// Forgets the image, as a registry does that cleans up.
    pub(crate) fn lose(&self, sample: &Sample) {
        let hex = sample.digest.trim_start_matches("sha256:");
        let folder = self.process.repository("team/app").join("_manifests/revisions/sha256");
        std::fs::remove_dir_all(folder.join(hex)).unwrap();
    }

    /// Forgets the lowest layer of the image.
    pub(crate) fn lose_layer(&self, sample: &Sample) {
        let hex = Digest::of(&sample.layers[0].0).hex().to_owned();
        std::fs::remove_dir_all(self.process.blob(&hex)).unwrap();
    }

    /// It takes connections still, and answers nothing.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/v2/team/app/{path}", self.address)
    }
}

async fn send(request: RequestBuilder) -> reqwest::Response {
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{response:?}");
    response
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len()})
}

fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
