//! A registry of one's own: the `docker-registry` of Debian on a free port of this machine.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::json;
use windlass_image::Digest;

use crate::images::{MANIFEST, Sample};

pub(crate) struct Registry {
    process: Child,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    client: Client,
    _folder: tempfile::TempDir,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::that_tells(&json!({}))
    }

    /// One that tells of pushes, as its configuration calls `notifications`.
    pub(crate) fn that_tells(notifications: &serde_json::Value) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it is bound").port();
        let address = format!("127.0.0.1:{port}");
        let at = |name: &str| folder.path().join(name).to_str().expect("it is a text").to_owned();
        let config = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": at("data")}},
            "http": {"addr": address, "secret": "s"},
            "notifications": notifications,
        });
        // JSON is YAML.
        std::fs::write(at("config.yml"), config.to_string()).expect("a file");
        let mut command = Command::new("docker-registry");
        command.args(["serve", &at("config.yml")]).env_clear().stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(process) = command.spawn() else {
            eprintln!("SKIPPED: docker-registry is not installed (Debian package docker-registry)");
            return None;
        };
        let client = Client::builder().no_proxy().build().expect("a client");
        let registry = Self { process, address, client, _folder: folder };
        let started = Instant::now();
        while TcpStream::connect(&registry.address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "docker-registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(registry)
    }

    /// Pushes an image.
    pub(crate) fn push(&self, repository: &str, tag: &str, image: &Sample) {
        for blob in [&image.layer, &image.config] {
            let uploads = format!("http://{}/v2/{repository}/blobs/uploads/", self.address);
            let upload = sent(self.client.post(uploads));
            let location = upload.headers()["location"].to_str().expect("an address").to_owned();
            let mark = if location.contains('?') { '&' } else { '?' };
            let url = format!("{location}{mark}digest={}", Digest::of(blob));
            sent(self.client.put(url).header("content-type", "application/octet-stream").body(blob.clone()));
        }
        let url = format!("http://{}/v2/{repository}/manifests/{tag}", self.address);
        sent(self.client.put(url).header("content-type", MANIFEST).body(image.manifest.clone()));
    }
}

fn sent(request: RequestBuilder) -> Response {
    let response = request.send().expect("the registry answers");
    assert!(response.status().is_success(), "{response:?}");
    response
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
