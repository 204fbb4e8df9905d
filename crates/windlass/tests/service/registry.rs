//! A registry of one's own: the `docker-registry` of Debian on a free port of this machine.

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::Value;
use windlass_image::Digest;
use windlass_sources::testing::DockerRegistry;

use crate::images::{MANIFEST, Sample};

pub(crate) struct Registry {
    process: DockerRegistry,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    client: Client,
}

impl Registry {
    /// Nothing, and a loud line, if the program is not installed.
    pub(crate) fn start() -> Option<Self> {
        DockerRegistry::start(false).map(Self::of)
    }

    /// One that tells of pushes, as its configuration calls `notifications`.
    pub(crate) fn that_tells(notifications: Value) -> Option<Self> {
        DockerRegistry::with(false, |config, _| config["notifications"] = notifications).map(Self::of)
    }

    fn of(process: DockerRegistry) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { address: process.address().to_owned(), client, process }
    }

    /// Lets it accept connections, and answer none of them.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success());
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
