//! `registry`: images in registries, over the distribution protocol (API v2), without a daemon.
//!
//! A [`Registry`] speaks to one of them with what [`RegistryOptions`] say. Documents are fetched and verified when an image
//! is [described](Registry::describe); a layer is requested when it is opened and streams as fast as it is read, so layers
//! can be read in parallel and take no memory beyond a socket's buffers.
//!
//! [`credential_for`] chooses among stored credentials, [`ecr`] turns those of Amazon's registries into passwords, and
//! [`Failure`] says of an [`Error`] what the v1 API calls it and whether a further attempt is worthwhile.

mod blob;
mod challenge;
mod client;
mod credentials;
mod description;
mod docker_config;
pub mod ecr;
mod failure;
mod head;
mod session;
mod stored;
mod tags;
mod tls;

use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode, blocking::Response};

pub(crate) use self::client::{is_answer_without_tls, is_certificate_trouble, is_passing};
use self::{
    client::{Client, Question, is_greeting},
    description::Repository,
};
pub use self::{
    credentials::{Credential, Secret},
    description::{
        ImageDescription, ImageDescriptions, IndexDescription, PlatformChoice, PlatformChoices, compressed_bytes,
    },
    failure::{Failure, error_in},
    head::RateLimit,
    stored::{covers, credential_for, host_of},
    tags::Tags,
};
pub use crate::selection::IndexEntry;
use crate::{
    error::Error,
    reference::Reference,
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
    /// Speak HTTP with a registry that does not speak HTTPS. Credentials then go unencrypted.
    pub http_fallback: bool,
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
            http_fallback: false,
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

impl RegistryOptions {
    /// For a registry as the v1 API stores it (A4.10): one secret or none, no files. Without `verify`, any certificate will
    /// do, and HTTP where HTTPS is not spoken, as docker's insecure registries have it.
    pub fn stored(secret: Option<Secret>, verify: bool) -> Self {
        let credentials = secret.into_iter().map(|secret| Credential { registry: None, secret }).collect();
        Self { credentials, skip_tls_verify: !verify, http_fallback: !verify, ..Self::default() }
    }
}

/// Speaks to one registry. Clones share its connections and the tokens it gave, so it is worth keeping: making one reads
/// the system's certificates. What is stored of a registry must not change under it; a new secret needs a new one.
#[derive(Clone)]
pub struct Registry {
    client: Arc<Client>,
}

impl Registry {
    /// Sends nothing yet. `registry` is a host with an optional port; `docker.io` is Docker Hub.
    pub fn connect(registry: &str, options: &RegistryOptions) -> Result<Self, Error> {
        Ok(Self { client: Arc::new(Client::new(registry, options)?) })
    }

    /// Whether a registry is there and lets us in: `GET /v2/`, with a login where it asks for one (operations.md §7.2).
    /// Without a secret, being asked for a login is fine.
    pub fn ping(&self) -> Result<(), Error> {
        let what = "its API";
        let greeting = self.client.greet()?;
        if greeting.status() == StatusCode::UNAUTHORIZED {
            let session = self.client.session("");
            if self.client.login(&session).secret.is_none() {
                return Ok(());
            }
            return self.client.ask(&Method::GET, &Question::new("", "", what)).map(drop);
        }
        let speaks = |answer: &Response| is_greeting(answer.status()) || is_passing(answer.status());
        if !speaks(&greeting) {
            let (registry, status) = (self.client.host.clone(), greeting.status().as_u16());
            return Err(Error::NotARegistry { registry, status });
        }
        self.client.accepted(greeting, what, None).map(drop)
    }

    fn repository(&self, reference: &Reference) -> Result<Repository, Error> {
        if !Reference::same_registry(&reference.registry, &self.client.registry) {
            let reason = format!("it is not in {}", self.client.registry);
            return Err(Error::InvalidReference { input: reference.to_string(), reason });
        }
        Ok(Repository::new(self.client.clone(), reference))
    }
}

fn open(text: &str, user_input: &str, options: &Options) -> Result<Input, Error> {
    let reference: Reference = text.parse()?;
    let platform = options.platform.clone().map_or(PlatformChoice::OfThisMachine, PlatformChoice::Exactly);
    let mut image = Registry::connect(&reference.registry, &options.registry)?.open(&reference, &platform)?;
    user_input.clone_into(&mut image.user_input);
    Ok(Input::Image(Box::new(image)))
}
