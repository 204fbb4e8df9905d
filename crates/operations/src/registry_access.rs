//! Speaking to registries on behalf of an account: with the credentials it has stored, or as nobody.

use windlass_sources::{
    Error as SourceError,
    registry::{RateLimit, Registry, RegistryOptions, Secret, credential_for, ecr::AwsIdentity, host_of},
};
use windlass_store::registries::Model;
use windlass_v1::registries::AWS_ECR;

use crate::{Result, Tenant, registries::owner, threads::blocking};

/// Further attempts while somebody waits for the answer.
const RETRIES: u32 = 1;

/// What a registry was asked for, and how many further requests it allows.
pub(crate) struct Asked<T> {
    pub(crate) answer: T,
    pub(crate) rate_limit: Option<RateLimit>,
}

impl Tenant {
    /// How the registry of a repository is spoken to with the stored credentials that cover it. The inner error is the
    /// registry's.
    pub(crate) async fn registry_options(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Result<RegistryOptions, SourceError>> {
        let rows = self.account.registries().await?;
        let row = credential_for(&rows, |row: &Model| &row.registry, registry, repository);
        let verify = row.is_none_or(|row| row.verify);
        let stored = match row {
            Some(row) => {
                let secret = self.service.cipher.decrypt(&owner(&row.account, &row.registry), &row.secret)?;
                Some((row.kind == AWS_ECR, row.username.clone(), secret))
            }
            None => None,
        };
        let (service, registry) = (self.service.clone(), registry.to_owned());
        blocking(move || {
            let secret = match stored {
                None => None,
                Some((true, username, secret)) => {
                    Some(service.ecr.secret(host_of(&registry), &AwsIdentity::parse(&username, &secret))?)
                }
                Some((false, username, password)) if username.is_empty() && password.is_empty() => None,
                Some((false, username, password)) => Some(Secret::Password { username, password }),
            };
            Ok(RegistryOptions { retries: RETRIES, ..RegistryOptions::stored(secret, verify) })
        })
        .await
    }

    /// Does something with the registry of a repository, on a thread that may block.
    pub(crate) async fn with_registry<T: Send + 'static>(
        &self,
        registry: &str,
        repository: &str,
        work: impl FnOnce(&Registry) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<Result<T, SourceError>> {
        Ok(self.ask_registry(registry, repository, work).await?.map(|asked| asked.answer))
    }

    /// As [`Tenant::with_registry`], for whoever has more to ask.
    pub(crate) async fn ask_registry<T: Send + 'static>(
        &self,
        registry: &str,
        repository: &str,
        work: impl FnOnce(&Registry) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<Result<Asked<T>, SourceError>> {
        let options = match self.registry_options(registry, repository).await? {
            Ok(options) => options,
            Err(error) => return Ok(Err(error)),
        };
        let registry = registry.to_owned();
        blocking(move || {
            let registry = Registry::connect(&registry, &options)?;
            let answer = work(&registry)?;
            Ok(Asked { answer, rate_limit: registry.rate_limit() })
        })
        .await
    }
}
