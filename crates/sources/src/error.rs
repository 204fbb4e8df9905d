//! Why an input could not be turned into an image, and what the user can do about it.

use std::{io, path::PathBuf, time::Duration};

use windlass_image::{Digest, InvalidDigest};

use crate::registry::{is_answer_without_tls, is_certificate_trouble};

/// What went wrong while an input was resolved. [`Error::hint`] says what to do next where there is something to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{input:?} is not an image reference: {reason}")]
    InvalidReference { input: String, reason: String },
    #[error("{input:?} is not a platform: {reason}")]
    InvalidPlatform { input: String, reason: &'static str },
    #[error("a platform was asked for, but {input} is not a container image")]
    PlatformWithoutImage { input: String },
    #[error("{input:?} does not say what it is")]
    Unnamed { input: String },
    #[error("no such file or directory: {}", path.display())]
    NoSuchPath { path: PathBuf, similar: Vec<String> },
    #[error("{path} is neither an image archive nor a bill of materials")]
    Unrecognised { path: String },
    #[error("{path} is not {expected}: {reason}")]
    NotA { path: String, expected: &'static str, reason: String },
    #[error("cannot read {what}")]
    Read { what: String, source: io::Error },
    #[error("cannot copy {what} to a temporary file")]
    Spool { what: String, source: io::Error },
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge { what: String, limit: u64 },
    #[error("{what}: more than the limit of {limit}")]
    TooMany { what: String, limit: usize },
    #[error("{what} is malformed: {reason}")]
    Malformed { what: String, reason: String },
    #[error("{what} has the digest {actual}, not {expected}")]
    WrongDigest { what: String, expected: Digest, actual: Digest },
    #[error("{what} has {actual} bytes, not {expected} as its descriptor says")]
    WrongSize { what: String, expected: u64, actual: u64 },
    #[error("{what} is missing from {container}")]
    MissingBlob { what: String, container: String },
    #[error("{what}: unusable digest")]
    Digest { what: String, source: InvalidDigest },
    #[error("{container} holds no image{}", if skipped.is_empty() { String::new() } else { format!(", only {}", skipped.join(", ")) })]
    NoImage { container: String, skipped: Vec<String> },
    #[error("{container} holds several images: {}", choices.join(", "))]
    SeveralImages { container: String, choices: Vec<String> },
    #[error("{container} holds no image named {name:?}, only {}", choices.join(", "))]
    NoSuchName { container: String, name: String, choices: Vec<String> },
    #[error("{container} holds {}, but not {wanted}", available.join(", "))]
    NoSuchPlatform { container: String, wanted: String, available: Vec<String> },
    #[error("{container} is made for {found}, not for {wanted}")]
    WrongPlatform { container: String, wanted: String, found: String },
    #[error("{container} is not a container image: its config is of type {media_type:?}")]
    NotAnImage { container: String, media_type: String },
    #[error("{container} has layers of a kind that cannot be read: {}", layers.join(", "))]
    UnsupportedLayers { container: String, layers: Vec<String> },
    #[error("{path} was written by a docker older than 1.10: it has no manifest.json")]
    LegacyArchive { path: String },
    #[error("{reference} has a schema 1 manifest, which names no config and cannot be verified")]
    Schema1 { reference: String },

    #[error("cannot set up an HTTP client")]
    HttpClient { source: reqwest::Error },
    #[error("{path} is not usable as a certificate: {reason}")]
    Certificate { path: String, reason: String },
    #[error("cannot reach {host}")]
    Unreachable { host: String, source: reqwest::Error },
    #[error("{registry} does not speak the distribution protocol (API v2): it answered {status} where that begins")]
    NotARegistry { registry: String, status: u16 },
    /// `passing` if it may go another time.
    #[error("cannot log in to {registry}: {reason}")]
    Login { registry: String, reason: String, passing: bool },
    #[error("{registry} denies access to {what}: {message}{}", trouble.as_ref().map(|t| format!(" ({t})")).unwrap_or_default())]
    Denied { what: String, registry: String, message: String, trouble: Option<String>, anonymous: bool },
    #[error("{registry} has no {what}: {message}")]
    NotInRegistry { what: String, registry: String, message: String },
    /// With the pause the registry names, if it does.
    #[error("{registry} takes no more requests for now: {message}{}", retry_after.map(|pause| format!(" (asks to wait {} s)", pause.as_secs())).unwrap_or_default())]
    RateLimited { registry: String, message: String, retry_after: Option<Duration> },
    #[error("{registry} answered {status} to a request for {what}: {message}")]
    Answered { what: String, registry: String, status: u16, message: String },
    #[error("{what} did not arrive within {seconds} s")]
    Slow { what: String, seconds: u64 },
    #[error("{what} broke off at byte {position}")]
    BrokeOff { what: String, position: u64, source: io::Error },

    #[error("no {kind} daemon answers{}", if asked.is_empty() { String::new() } else { format!(" at {}", asked.join(", ")) })]
    NoDaemon { kind: &'static str, asked: Vec<String> },
    #[error("the {kind} daemon has no image {reference}")]
    NotInDaemon { kind: &'static str, reference: String },
    #[error("this user may not speak to the {kind} daemon at {socket}")]
    DaemonPermission { kind: &'static str, socket: String },
    #[error("the {kind} daemon is said to be at {address}, which cannot be reached from here")]
    DaemonAddress { kind: &'static str, address: String },
    #[error("cannot get {what} from the {kind} daemon: {reason}")]
    Daemon { kind: &'static str, what: String, reason: String },
    /// A reference none of several sources could resolve.
    #[error("{last} (before that: {})", before.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Nowhere { last: Box<Error>, before: Vec<Error> },
    /// Such as `registry:2`, which many mean to be the image `registry`.
    #[error("{error}")]
    TakenForScheme { scheme: &'static str, value: String, error: Box<Error> },
}

impl Error {
    /// What the user can do about it, as a sentence without a full stop.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::PlatformWithoutImage { .. } => "leave --platform out".into(),
            Self::Unnamed { .. } => {
                "write docker-archive:-, oci-archive:- or sbom:- to say what standard input holds".into()
            }
            Self::InvalidPlatform { .. } => {
                "write os/architecture[/variant], such as linux/arm64 or linux/arm/v7".into()
            }
            Self::NoSuchPath { similar, .. } if !similar.is_empty() => {
                format!("did you mean {}?", similar.join(" or "))
            }
            Self::Unrecognised { .. } => "an image archive is made by `docker save` or holds an OCI layout; \
                 a plain root file system can be unpacked and scanned with dir:FOLDER"
                .into(),
            Self::Spool { .. } => "set TMPDIR to a folder with enough space".into(),
            Self::SeveralImages { .. } => {
                "choose one with --platform, or by its name: docker-archive:FILE:NAME, oci-dir:FOLDER:NAME".into()
            }
            Self::NoSuchPlatform { .. } => "choose one of them with --platform".into(),
            Self::WrongPlatform { .. } => "leave --platform out to take the image as it is".into(),
            Self::LegacyArchive { .. } => "load it into a current docker and save it again".into(),
            Self::Schema1 { .. } => "pull it with a current client and push it again".into(),
            Self::Unreachable { host, source } if is_certificate_trouble(source) => {
                format!(
                    "name the certificate authority of {host} with --registry-ca, \
                     or accept any certificate with --insecure-skip-tls-verify"
                )
            }
            Self::Unreachable { host, source } if is_answer_without_tls(source) => {
                format!("{host} seems to speak plain HTTP, which --insecure-use-http allows")
            }
            Self::Denied { registry, anonymous: true, .. } => {
                let registry = if registry == "registry-1.docker.io" { "docker.io" } else { registry };
                format!("if the image is there, log in: what `docker login {registry}` keeps is read here, too")
            }
            Self::Denied { .. } => "the credentials may be wrong, or the account may not pull this image".into(),
            Self::RateLimited { .. } => "wait, or log in to be allowed more".into(),
            Self::NotARegistry { registry, .. } => format!("is {registry} the registry's host and port?"),
            Self::NoDaemon { .. } => {
                "start it, say where it is with DOCKER_HOST or CONTAINER_HOST, or use registry:REFERENCE".into()
            }
            Self::NotInDaemon { reference, .. } => format!("pull it first, or use registry:{reference}"),
            Self::DaemonPermission { .. } => "join the socket's group, or use registry:REFERENCE".into(),
            Self::DaemonAddress { .. } => {
                "only unix:// and tcp:// addresses are spoken; `docker save` makes a file that can be scanned".into()
            }
            Self::Nowhere { last, .. } => return last.hint(),
            Self::TakenForScheme { scheme, value, .. } => format!(
                "{scheme}:{value} was read as the image {value} by way of {scheme}; \
                 the image {scheme} with the tag {value} is registry:{scheme}:{value}"
            ),
            Self::Digest { .. } => "only sha256 digests can be verified".into(),
            _ => return None,
        })
    }

    /// Whether another source may have what this one has not.
    pub(crate) fn declines(&self) -> bool {
        matches!(
            self,
            Self::NoDaemon { .. }
                | Self::NotInDaemon { .. }
                | Self::DaemonPermission { .. }
                | Self::DaemonAddress { .. }
                | Self::Daemon { .. }
                | Self::WrongPlatform { .. }
        )
    }

    pub(crate) fn read(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Read { what, source }
    }

    pub(crate) fn malformed(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), reason: reason.into() }
    }
}
