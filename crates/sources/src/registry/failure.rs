//! What an error means to who runs a service: its name in the v1 API, whether to try again, and what to do about it.

use std::{io, iter, time::Duration};

use super::{is_certificate_trouble, is_passing};
use crate::error::Error;

/// Why a registry could not serve an image, by the error codes of the v1 API (A4.1, A4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    PermissionDenied,
    ImageNotFound,
    /// There is no answer, or one that says that the registry cannot serve at the moment.
    NotAccessible,
    /// Something answers that does not speak the distribution protocol.
    NotSupported,
    /// There is no image for the platform that is wanted.
    PlatformMismatch,
    Unknown,
}

impl Failure {
    /// As `error_codes` of the v1 API lists it.
    pub fn code(self) -> &'static str {
        match self {
            Self::PermissionDenied => "REGISTRY_PERMISSION_DENIED",
            Self::ImageNotFound => "REGISTRY_IMAGE_NOT_FOUND",
            Self::NotAccessible => "REGISTRY_NOT_ACCESSIBLE",
            Self::NotSupported => "REGISTRY_NOT_SUPPORTED",
            Self::PlatformMismatch => "OSARCH_MISMATCH",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl Error {
    pub fn failure(&self) -> Failure {
        match self {
            Self::Denied { .. } | Self::Login { passing: false, .. } => Failure::PermissionDenied,
            Self::NotInRegistry { .. } => Failure::ImageNotFound,
            Self::NotARegistry { .. } => Failure::NotSupported,
            Self::NoSuchPlatform { .. } | Self::WrongPlatform { .. } | Self::NoImage { .. } => {
                Failure::PlatformMismatch
            }
            Self::Unreachable { .. } => Failure::NotAccessible,
            error if error.is_transient() => Failure::NotAccessible,
            _ => Failure::Unknown,
        }
    }

    /// Whether the same attempt may succeed later: the network, a registry that is overloaded or being restarted.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => {
                !(is_certificate_trouble(source) || source.is_builder() || source.is_redirect())
            }
            Self::RateLimited { .. } | Self::Slow { .. } | Self::BrokeOff { .. } => true,
            Self::Login { passing, .. } => *passing,
            Self::Answered { status, .. } => reqwest::StatusCode::from_u16(*status).is_ok_and(is_passing),
            Self::Read { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
            }
            _ => false,
        }
    }

    /// The pause the registry asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The error with its causes and its [remedy](Self::remedy), on one line.
    pub fn explained(&self) -> String {
        let causes = iter::successors(std::error::Error::source(self), |cause| cause.source());
        let mut text = causes.take(16).fold(self.to_string(), |text, cause| format!("{text}: {cause}"));
        if let Some(remedy) = self.remedy() {
            text.push_str("; ");
            text.push_str(&remedy);
        }
        text
    }

    /// What who runs a service can do about it, as a sentence without a full stop; [`hint`](Self::hint) speaks to who sits
    /// at the command line.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Denied { registry, anonymous: true, .. } => {
                format!("if the image is there, store a credential for {}", stored_name(registry))
            }
            Self::Denied { registry, .. } => format!(
                "check the credential stored for {}, and whether its account may pull this image",
                stored_name(registry)
            ),
            Self::Login { registry, passing: false, .. } => {
                format!("check the credential stored for {}", stored_name(registry))
            }
            Self::NotInRegistry { .. } => "check the spelling of repository and tag".into(),
            Self::Unreachable { host, source } if is_certificate_trouble(source) => format!(
                "make the certificate authority of {host} known to this system, or store the registry with \
                 registry_verify=false"
            ),
            Self::Unreachable { host, .. } => {
                format!("check the spelling of {host}, that it runs, and that this service can reach it")
            }
            Self::NoSuchPlatform { .. } => "name the image of one of these platforms by its digest".into(),
            Self::RateLimited { .. } => "wait, or store a credential to be allowed more".into(),
            error if error.is_transient() => "try again later".into(),
            error => return error.hint(),
        })
    }
}

/// The error of a registry among the causes of another, such as that of a walk over layers.
pub fn error_in<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Error> {
    let mut next = Some(error);
    for _ in 0..32 {
        let cause = next?;
        if let Some(found) = cause.downcast_ref::<Error>() {
            return Some(found);
        }
        // What an I/O error wraps is not among its causes, only the causes of that are.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    None
}

fn stored_name(host: &str) -> &str {
    if host == "registry-1.docker.io" { "docker.io" } else { host }
}
