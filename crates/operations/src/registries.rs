//! Registries and the credentials for them (`spec/api.md` A4.10, `spec/operations.md` §7.1, §7.2).
//!
//! Credentials are tried before they are kept, unless the caller says not to; what is kept of a secret is encrypted, and
//! no answer holds one.

use windlass_sources::registry::{Registry as Connected, RegistryOptions, Secret, ecr::AwsIdentity, host_of};
use windlass_store::{Error as StoreError, registries::Model};
use windlass_v1::{
    error::ErrorCode,
    registries::{AWS_ECR, DOCKER_V2, Registry, RegistryRequest},
};

use crate::{Error, Result, Tenant, text, threads::blocking};

/// Longest name of a registry, and longest of what belongs to it, in bytes.
const NAME_LIMIT: usize = 512;
const SECRET_LIMIT: usize = 64 << 10;
/// Further attempts while somebody waits for the answer.
const RETRIES: u32 = 1;

impl Tenant {
    /// By registry.
    pub async fn registries(&self) -> Result<Vec<Registry>> {
        Ok(self.account.registries().await?.into_iter().map(described).collect())
    }

    pub async fn registry(&self, registry: &str) -> Result<Registry> {
        self.account.registry(registry).await?.map(described).ok_or_else(|| unknown(registry))
    }

    /// Adds a registry; `validate` says whether it is asked first if it lets these credentials in.
    pub async fn create_registry(&self, request: RegistryRequest, validate: bool) -> Result<Registry> {
        let registry = request.registry.as_deref().unwrap_or_default();
        if registry.is_empty() {
            return Err(Error::invalid("'registry' is missing: the host, the repository or the prefix it is about"));
        }
        check_name(registry)?;
        if self.account.registry(registry).await?.is_some() {
            return Err(exists());
        }
        let now = self.service.clock.moment();
        let credentials = Credentials {
            registry: registry.to_owned(),
            kind: request.registry_type.unwrap_or_else(|| DOCKER_V2.to_owned()),
            username: request.registry_user.unwrap_or_default(),
            secret: request.registry_pass.unwrap_or_default(),
            verify: request.registry_verify.unwrap_or(true),
        };
        let name = request.registry_name.filter(|name| !name.is_empty()).unwrap_or_else(|| registry.to_owned());
        let row = self.new_row(&credentials, name, validate).await?;
        let row = Model { created_at: now, last_updated: now, ..row };
        match self.account.insert_registry(row).await {
            Ok(row) => Ok(described(row)),
            Err(StoreError::Exists) => Err(exists()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes what is given of a registry. New credentials are tried as they are given, and count from then on: what an
    /// old one was exchanged for is forgotten (D-25).
    pub async fn update_registry(&self, registry: &str, request: RegistryRequest, validate: bool) -> Result<Registry> {
        let old = self.account.registry(registry).await?.ok_or_else(|| unknown(registry))?;
        if request.registry.as_deref().is_some_and(|given| given != registry) {
            return Err(Error::conflict(format!(
                "the registry of the body is another than that of the path ({registry}): its name cannot be changed, add it \
                 under the new one"
            )));
        }
        let secret = match request.registry_pass {
            Some(secret) => secret,
            None => self.service.cipher.decrypt(&owner(&old.account, registry), &old.secret)?,
        };
        let credentials = Credentials {
            registry: registry.to_owned(),
            kind: request.registry_type.unwrap_or(old.kind),
            username: request.registry_user.unwrap_or(old.username),
            secret,
            verify: request.registry_verify.unwrap_or(old.verify),
        };
        let name = request.registry_name.filter(|name| !name.is_empty()).unwrap_or(old.name);
        let row = self.new_row(&credentials, name, validate).await?;
        let row = Model { created_at: old.created_at, last_updated: self.service.clock.moment(), ..row };
        if self.account.replace_registry(&row).await? { Ok(described(row)) } else { Err(unknown(registry)) }
    }

    /// Forgets a registry; that there is none is fine.
    pub async fn delete_registry(&self, registry: &str) -> Result<()> {
        self.account.delete_registry(registry).await?;
        Ok(())
    }

    /// Checks, tries and encrypts.
    async fn new_row(&self, credentials: &Credentials, name: String, validate: bool) -> Result<Model> {
        let Credentials { registry, kind, username, secret, verify } = credentials;
        text::check("registry_name", &name, NAME_LIMIT)?;
        text::check("registry_type", kind, NAME_LIMIT)?;
        text::check("registry_user", username, NAME_LIMIT)?;
        text::check("registry_pass", secret, SECRET_LIMIT)?;
        let ambient = username == "awsauto" || secret == "awsauto";
        if ambient && !self.service.settings.allow_ambient_credentials {
            let reason = "the credentials of this machine (awsauto) are not to be used: set \
                          registries.aws_ambient_credentials to true in the configuration, or give an access key or a role";
            return Err(Error::refused(406, reason));
        }
        if validate {
            self.prove(credentials).await?;
        }
        let account = self.name().to_string();
        let secret = self.service.cipher.encrypt(&owner(&account, registry), secret);
        Ok(Model {
            account,
            registry: registry.clone(),
            name,
            kind: kind.clone(),
            username: username.clone(),
            secret,
            verify: *verify,
            token: None,
            token_expiry: None,
            created_at: windlass_store::Moment::default(),
            last_updated: windlass_store::Moment::default(),
        })
    }

    /// Finds out whether the registry lets these credentials in.
    async fn prove(&self, credentials: &Credentials) -> Result<()> {
        let (service, credentials) = (self.service.clone(), credentials.clone());
        let host = host_of(&credentials.registry).to_owned();
        let asked = host.clone();
        let outcome = blocking(move || {
            if credentials.kind == AWS_ECR {
                let identity = AwsIdentity::parse(&credentials.username, &credentials.secret);
                return service.ecr.token(&asked, &identity).map(drop);
            }
            let anonymous = credentials.username.is_empty() && credentials.secret.is_empty();
            let secret = Secret::Password { username: credentials.username, password: credentials.secret };
            let stored = RegistryOptions::stored((!anonymous).then_some(secret), credentials.verify);
            Connected::connect(&asked, &RegistryOptions { retries: RETRIES, ..stored })?.ping()
        });
        outcome.await?.map_err(|error| {
            let text = format!("{host} does not let these credentials in: {}", error.explained());
            let code = ErrorCode::parse(error.failure().code()).unwrap_or(ErrorCode::Unknown);
            Error::refused(406, text).with_code(code)
        })
    }
}

/// What a secret of a registry is encrypted for.
pub(crate) fn owner(account: &str, registry: &str) -> String {
    format!("{account}/{registry}")
}

#[derive(Clone)]
struct Credentials {
    registry: String,
    kind: String,
    username: String,
    secret: String,
    verify: bool,
}

fn check_name(registry: &str) -> Result<()> {
    let host = host_of(registry);
    let reason = if registry.starts_with("http://") || registry.starts_with("https://") {
        "it begins with a scheme"
    } else if registry.ends_with('/') {
        "it ends with a slash"
    } else if registry.len() > NAME_LIMIT {
        "it is too long"
    } else if !registry.bytes().all(|byte| byte.is_ascii_graphic()) {
        "it holds other characters than letters, digits and punctuation"
    } else if host.is_empty() && registry != "*" {
        "it names no host"
    } else {
        return Ok(());
    };
    let shown: String = registry.chars().take(256).collect();
    let text =
        format!("{shown:?} is no name of a registry: {reason} (expected HOST[:PORT], HOST/REPOSITORY or PREFIX*)");
    Err(Error::conflict(text))
}

fn described(row: Model) -> Registry {
    Registry {
        registry: row.registry,
        registry_name: row.name,
        registry_user: row.username,
        registry_type: row.kind,
        registry_verify: row.verify,
        user_id: row.account,
        created_at: jiff::Timestamp::from(row.created_at).into(),
        last_updated: jiff::Timestamp::from(row.last_updated).into(),
    }
}

fn unknown(registry: &str) -> Error {
    let shown: String = registry.chars().take(256).collect();
    Error::not_found(format!("registry ({shown}) not found in DB"))
}

fn exists() -> Error {
    // Scripts know it by this status and text (K 5).
    Error::refused(500, "registry already exists in DB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_host_a_repository_or_a_prefix() {
        for good in ["docker.io", "r.example:5000", "r.example/team/app", "r.example/team/*", "r.example*", "*"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["http://r.example", "https://r.example", "r.example/", "r example", "r.exämple", "/x", "r\0"] {
            let Err(Error::Refused(envelope)) = check_name(bad) else { panic!("{bad} is let in") };
            assert_eq!(envelope.httpcode, 409, "{bad}");
            assert!(envelope.message.contains("expected HOST"), "{}", envelope.message);
        }
    }
}
