//! Who we are to a registry.

use std::fmt;

use super::{RegistryOptions, docker_config};
use crate::reference::Reference;

/// A secret and the registry it is for.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Host with port; nothing if it may be shown to every registry.
    pub registry: Option<String>,
    pub secret: Secret,
}

/// Printed without its content.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Password {
        username: String,
        password: String,
    },
    /// Shown to the registry as it is.
    BearerToken(String),
    /// Shown to the registry's token server, which gives a bearer token for it.
    IdentityToken(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password of {username:?}"),
            Self::BearerToken(_) => write!(f, "BearerToken"),
            Self::IdentityToken(_) => write!(f, "IdentityToken"),
        }
    }
}

/// A repository and the registry it is in, as credentials are kept for them.
#[derive(Clone, Copy)]
pub(super) struct RepositoryName<'a> {
    pub registry: &'a str,
    /// Empty if the registry as a whole is meant.
    pub repository: &'a str,
}

/// What was found for a registry.
pub(super) struct Login {
    pub secret: Option<Secret>,
    /// Why a configured secret could not be had; told if the registry then refuses us.
    pub trouble: Option<String>,
}

/// Explicit credentials first, those for this very registry before those for any; then configuration files.
pub(super) fn find(name: RepositoryName<'_>, options: &RegistryOptions) -> Login {
    let for_it = |credential: &&Credential| {
        credential.registry.as_ref().is_some_and(|own| Reference::same_registry(own, name.registry))
    };
    let explicit = (options.credentials.iter().find(for_it))
        .or_else(|| options.credentials.iter().find(|credential| credential.registry.is_none()));
    if let Some(credential) = explicit {
        return Login { secret: Some(credential.secret.clone()), trouble: None };
    }
    let mut trouble = None;
    for file in &options.credential_files {
        match docker_config::lookup(file, &name) {
            Ok(Some(secret)) => return Login { secret: Some(secret), trouble },
            Ok(None) => {}
            Err(reason) => trouble = trouble.or(Some(reason)),
        }
    }
    Login { secret: None, trouble }
}
