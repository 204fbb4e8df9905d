//! Amazon's registries (ECR), where a password is a token of twelve hours that is had for a signed request (A4.10,
//! operations.md §7.2).

mod aws;
mod name;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

pub use self::name::EcrName;
use super::Secret;
use crate::error::Error;

/// A token is renewed this long before it runs out, so that a pull that begins with it can end with it.
const MARGIN: Duration = Duration::from_mins(15);

/// As whom tokens are asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum AwsIdentity {
    Keys {
        id: String,
        secret: String,
    },
    /// What this machine is to AWS: by environment, profile, web identity, container or instance role.
    Ambient,
    /// A role taken on by what this machine is.
    Role {
        arn: String,
        external_id: Option<String>,
    },
}

impl AwsIdentity {
    /// From user and password of a stored registry: an access key and its secret; `awsauto` as either; or `_iam_role` with
    /// `ARN[;EXTERNAL ID]`.
    pub fn parse(user: &str, password: &str) -> Self {
        match user {
            "_iam_role" => {
                let (arn, external_id) = password.split_once(';').unwrap_or((password, ""));
                let external_id = Some(external_id.trim()).filter(|id| !id.is_empty()).map(str::to_owned);
                Self::Role { arn: arn.trim().to_owned(), external_id }
            }
            _ if user == "awsauto" || password == "awsauto" => Self::Ambient,
            _ => Self::Keys { id: user.to_owned(), secret: password.to_owned() },
        }
    }
}

/// Without secrets.
impl fmt::Debug for AwsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys { id, .. } => write!(f, "Keys of {id:?}"),
            Self::Ambient => write!(f, "Ambient"),
            Self::Role { arn, .. } => write!(f, "Role {arn:?}"),
        }
    }
}

/// Whom to ask, and what this machine is. By default nothing of the environment is known.
#[derive(Clone)]
pub struct EcrOptions {
    /// Whether stored registries may use what this machine is (`registries.aws_ambient_credentials`).
    pub allow_ambient: bool,
    /// Where requests to the API of ECR go instead, such as `http://127.0.0.1:4566`. They are signed for the usual host.
    pub ecr_endpoint: Option<String>,
    /// The same for the token service of AWS (STS).
    pub sts_endpoint: Option<String>,
    /// The variables that say what this machine is: `AWS_…` and `HOME`.
    pub environment: BTreeMap<String, String>,
    /// Longest wait for an answer.
    pub patience: Duration,
}

impl Default for EcrOptions {
    fn default() -> Self {
        Self {
            allow_ambient: false,
            ecr_endpoint: None,
            sts_endpoint: None,
            environment: BTreeMap::new(),
            patience: Duration::from_secs(30),
        }
    }
}

impl EcrOptions {
    /// With what the variables of this process say of this machine.
    pub fn from_environment() -> Self {
        let wanted = |name: &String| name.starts_with("AWS_") || name == "HOME";
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { environment: variables.filter(|(name, _)| wanted(name)).collect(), ..Self::default() }
    }
}

/// What an Amazon registry lets in, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcrToken {
    pub secret: Secret,
    pub expires: SystemTime,
}

/// Gets tokens and keeps them until shortly before they run out, one for each registry and identity. Whoever asks for a
/// token that is being fetched waits for it.
pub struct Ecr {
    options: EcrOptions,
    tokens: Mutex<HashMap<Key, Kept>>,
}

type Key = (String, AwsIdentity);
type Kept = Arc<Mutex<Option<EcrToken>>>;

impl Ecr {
    pub fn new(options: EcrOptions) -> Self {
        Self { options, tokens: Mutex::default() }
    }

    /// The secret for a registry, which is a host that [`EcrName`] reads. Blocks while it is fetched.
    pub fn secret(&self, registry: &str, identity: &AwsIdentity) -> Result<Secret, Error> {
        Ok(self.token(registry, identity)?.secret)
    }

    /// The same with its end. Errors are [`Error::Login`].
    pub fn token(&self, registry: &str, identity: &AwsIdentity) -> Result<EcrToken, Error> {
        let refused = |reason: &str| Error::Login { registry: registry.into(), reason: reason.into(), passing: false };
        let name = EcrName::parse(registry)
            .ok_or_else(|| refused("it is no registry of Amazon: ACCOUNT.dkr.ecr.REGION.amazonaws.com is expected"))?;
        if *identity == AwsIdentity::Ambient && !self.options.allow_ambient {
            return Err(refused(
                "awsauto is not allowed: set registries.aws_ambient_credentials to true in the configuration",
            ));
        }
        let kept = self.kept(registry, identity);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = kept.as_ref().filter(|token| is_good(token)) {
            return Ok(token.clone());
        }
        let token = aws::fetch(&name, registry, identity, &self.options)?;
        *kept = Some(token.clone());
        Ok(token)
    }

    fn kept(&self, registry: &str, identity: &AwsIdentity) -> Kept {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody holds and has run out belongs to a registry that changed or went.
        tokens.retain(|_, kept| {
            Arc::strong_count(kept) > 1 || kept.try_lock().is_ok_and(|token| token.as_ref().is_some_and(is_good))
        });
        tokens.entry((registry.to_owned(), identity.clone())).or_default().clone()
    }
}

fn is_good(token: &EcrToken) -> bool {
    token.expires.checked_sub(MARGIN).is_some_and(|until| SystemTime::now() < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_say_as_whom_to_ask() {
        let keys = AwsIdentity::Keys { id: "AKIAEXAMPLE".into(), secret: "hidden".into() };
        assert_eq!(AwsIdentity::parse("AKIAEXAMPLE", "hidden"), keys);
        assert!(!format!("{keys:?}").contains("hidden"));
        assert_eq!(AwsIdentity::parse("awsauto", ""), AwsIdentity::Ambient);
        assert_eq!(AwsIdentity::parse("x", "awsauto"), AwsIdentity::Ambient);
        let role = |password: &str, external_id: Option<&str>| {
            let expected =
                AwsIdentity::Role { arn: "arn:aws:iam::1:role/r".into(), external_id: external_id.map(str::to_owned) };
            assert_eq!(AwsIdentity::parse("_iam_role", password), expected);
        };
        role("arn:aws:iam::1:role/r", None);
        role("arn:aws:iam::1:role/r;", None);
        role("arn:aws:iam::1:role/r;us-42", Some("us-42"));
    }
}
