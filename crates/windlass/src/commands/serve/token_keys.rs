//! What tokens are signed with: the section `keys`, as Anchore Engine has it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Deserialize;
use windlass_operations::{identity::TokenKeys, notifications::Secret};

use crate::diagnostics::Hinted;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct KeyOptions {
    secret: Option<Secret>,
    /// PEM; a pair counts more than a secret.
    public_key_path: Option<PathBuf>,
    private_key_path: Option<PathBuf>,
}

impl KeyOptions {
    /// Nothing where the service is to make a secret of its own.
    pub(super) fn token_keys(&self) -> anyhow::Result<Option<TokenKeys>> {
        let read = |path: &Path| fs::read(path).with_context(|| format!("keys: {} cannot be read", path.display()));
        match (&self.public_key_path, &self.private_key_path) {
            (Some(public), Some(private)) => {
                let keys = TokenKeys::of_pair(&read(public)?, &read(private)?);
                keys.map(Some).with_context(|| {
                    format!("keys: tokens cannot be signed with {} and {}", private.display(), public.display())
                })
            }
            (None, None) => Ok(self.secret.as_ref().map(|secret| TokenKeys::of_secret(secret.expose().as_bytes()))),
            _ => Err(Hinted::error(
                "keys: one key of a pair is given without the other",
                "give both public_key_path and private_key_path, or neither",
            )),
        }
    }
}
