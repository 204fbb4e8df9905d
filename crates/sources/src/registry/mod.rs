//! `registry`: images pulled from a registry over the distribution protocol (API v2), without a daemon.
//!
//! Documents are fetched and verified when the image is resolved; a layer is requested when it is opened and streams as
//! fast as it is read, so layers can be read in parallel and take no memory beyond a socket's buffers.

mod blob;
mod challenge;
mod client;
mod credentials;
mod docker_config;
mod tls;

use std::{path::PathBuf, sync::Arc, time::Duration};

use windlass_image::{Digest, LayerSource};

pub(crate) use self::client::{is_answer_without_tls, is_certificate_trouble};
pub use self::credentials::{Credential, Secret};
use self::{blob::RemoteLayer, client::Client};
use crate::{
    documents::{DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Document, OCI_INDEX, OCI_MANIFEST, verify_digest},
    error::Error,
    limits,
    reference::Reference,
    selection::{Store, Wanted, image_of, select},
    source::{Finds, Input, Options, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "registry",
    summary: "a reference, pulled from its registry without a daemon",
    finds: Finds::Reference { open },
};

/// How registries are spoken to.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// Speak HTTP instead of HTTPS. Registries on this machine are tried both ways by themselves.
    pub plain_http: bool,
    pub skip_tls_verify: bool,
    /// Certificates trusted besides the system's: a PEM file, or a folder of `*.crt`, `*.pem`, `*.cert`.
    pub certificate_authority: Option<PathBuf>,
    /// PEM files with the client's certificate and its key.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Asked before any configuration file; those that name their registry first.
    pub credentials: Vec<Credential>,
    /// Docker's `config.json` and files of its shape; the first that knows a registry is believed.
    pub credential_files: Vec<PathBuf>,
    /// Longest wait for a connection, an answer or the next bytes of one.
    pub patience: Duration,
    /// Further attempts after one that failed for a reason that may pass.
    pub retries: u32,
    /// Pause before the first further attempt; it doubles each time unless the registry names one.
    pub pause: Duration,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            plain_http: false,
            skip_tls_verify: false,
            certificate_authority: None,
            client_certificate: None,
            credentials: Vec::new(),
            credential_files: Vec::new(),
            patience: Duration::from_secs(30),
            retries: 4,
            pause: Duration::from_millis(500),
        }
    }
}

fn open(text: &str, user_input: &str, options: &Options) -> Result<Input, Error> {
    let reference: Reference = text.parse()?;
    let store =
        Registry { client: Arc::new(Client::connect(&reference, &options.registry)?), name: reference.to_string() };
    let bytes = store.fetch(reference.digest.as_ref().map_or(reference.tag_or_latest(), Digest::as_str))?;
    let what = format!("the manifest of {reference}");
    if let Some(digest) = &reference.digest {
        verify_digest(digest, &bytes, &what)?;
    }
    let wanted = Wanted { user_input, name: None, platform: options.platform.as_ref() };
    let mut image = match Document::parse(&bytes, &what)? {
        Document::Index(index) => select(&store, index, wanted)?,
        Document::Manifest(manifest) => image_of(&store, bytes, &manifest, &[], wanted)?,
        Document::Schema1 => return Err(Error::Schema1 { reference: reference.to_string() }),
    };
    image.tags = reference.full_tag().into_iter().collect();
    image.repo_digests = vec![reference.with_digest(&image.manifest_digest)];
    Ok(Input::Image(Box::new(image)))
}

struct Registry {
    client: Arc<Client>,
    name: String,
}

impl Registry {
    /// A manifest or index by its tag or digest.
    fn fetch(&self, tag_or_digest: &str) -> Result<Vec<u8>, Error> {
        let accept = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ");
        let what = format!("manifest {tag_or_digest} of {}", self.name);
        let path = format!("manifests/{tag_or_digest}");
        self.client.document(&path, &[("accept", &accept)], limits::MANIFEST_BYTES, &what)
    }
}

impl Store for Registry {
    fn name(&self) -> &str {
        &self.name
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let bytes = self.fetch(descriptor.digest.as_str())?;
        descriptor.verify(&bytes, &format!("manifest {} of {}", descriptor.digest, self.name))?;
        Ok(bytes)
    }

    fn config(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        let what = format!("config {} of {}", descriptor.digest, self.name);
        let bytes = self.client.document(&format!("blobs/{}", descriptor.digest), &[], limits::CONFIG_BYTES, &what)?;
        descriptor.verify(&bytes, &what)?;
        Ok(bytes)
    }

    fn layer(&self, descriptor: &Descriptor) -> Result<Arc<dyn LayerSource>, Error> {
        Ok(Arc::new(RemoteLayer::new(self.client.clone(), descriptor)))
    }
}
