//! Accounts, their users and the users' credentials (`spec/api.md` A2.4, A4.16).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{subscriptions::SubscriptionType, timestamp::IsoSeconds, words::words};

words! {
    /// What an account may do.
    AccountType {
        /// What concerns its own images.
        User = "user",
        /// Everything.
        Admin = "admin",
        /// What the parts of the service need of each other.
        Service = "service",
        /// As a user; its identity is kept elsewhere.
        External = "external",
    }
}

words! {
    /// The life of an account.
    AccountState {
        /// Its users may work.
        Enabled = "enabled",
        /// Its users are refused.
        Disabled = "disabled",
        /// It is about to be removed, with all it has.
        Deleting = "deleting",
    }
}

/// An account: what images, policies and subscriptions belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: AccountType,
    pub state: AccountState,
    #[schema(required = true)]
    pub email: Option<String>,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
}

words! {
    /// How rules are understood where the original's answer surprises.
    PolicyProfile {
        /// As the original.
        Compat = "compat",
        /// As the author of the rule meant it.
        Native = "native",
    }
}

words! {
    /// What an image gets that no mapping of the policy matches.
    UnmappedImages {
        Go = "go",
        Warn = "warn",
        Stop = "stop",
    }
}

/// How an account wants its images judged and watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountSettings {
    pub policy_profile: PolicyProfile,
    pub unmapped_images: UnmappedImages,
    /// Of which types the subscriptions of a tag that is new are active.
    pub new_tag_subscriptions: Vec<SubscriptionType>,
}

impl Default for AccountSettings {
    /// As the original.
    fn default() -> Self {
        Self {
            policy_profile: PolicyProfile::Compat,
            unmapped_images: UnmappedImages::Go,
            new_tag_subscriptions: vec![SubscriptionType::AnalysisUpdate],
        }
    }
}

/// Changes settings; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct AccountSettingsRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub policy_profile: Option<PolicyProfile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unmapped_images: Option<UnmappedImages>,
    /// Types that tags have subscriptions of; none of a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub new_tag_subscriptions: Option<Vec<SubscriptionType>>,
}

/// Adds an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountRequest {
    #[schema(pattern = "^[a-zA-Z0-9][a-zA-Z0-9@.!#$+-=^_`~;]{1,126}[a-zA-Z0-9]$")]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        pattern = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
    )]
    pub email: Option<String>,
    /// Only `user`; others are refused by who handles the request.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kind: Option<String>,
}

/// Names that no new account may have.
pub const RESERVED_ACCOUNTS: [&str; 3] = ["admin", "anchore-system", "system"];
/// The lengths that passwords may have, in characters.
pub const PASSWORD_LENGTHS: std::ops::RangeInclusive<usize> = 6..=128;
/// Users that cannot be deleted.
pub const PROTECTED_USERS: [&str; 2] = ["admin", "anchore-system"];

/// The message of the error for a change that the life of an account does not have; clients match on its start.
pub fn invalid_state_change(from: AccountState, to: AccountState) -> String {
    format!("Invalid account state change requested. Cannot go from state {from} to state {to}")
}

/// The state of an account, alone: the answer to changes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountStatus {
    pub state: AccountState,
}

words! {
    /// The states that an account can be put into.
    RequestedState {
        /// Its users may work.
        Enabled = "enabled",
        /// Its users are refused.
        Disabled = "disabled",
    }
}

/// Enables or disables an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountStatusRequest {
    pub state: RequestedState,
}

impl From<RequestedState> for AccountState {
    fn from(state: RequestedState) -> Self {
        match state {
            RequestedState::Enabled => Self::Enabled,
            RequestedState::Disabled => Self::Disabled,
        }
    }
}

words! {
    /// Where the identity of a user is kept.
    UserType {
        /// Here.
        Native = "native",
        /// Here, for a part of the service.
        Internal = "internal",
        /// At an identity provider.
        External = "external",
    }
}

/// A user of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// No other user of any account has it.
    pub username: String,
    #[serde(rename = "type")]
    pub kind: UserType,
    /// The identity provider of an external user.
    #[schema(required = true)]
    pub source: Option<String>,
    pub created_at: IsoSeconds,
    pub last_updated: IsoSeconds,
}

/// Adds a user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserRequest {
    #[schema(pattern = "^[a-zA-Z0-9][a-zA-Z0-9@.!#$+-=^_`~;]{1,126}[a-zA-Z0-9]$")]
    pub username: String,
    /// 6 to 128 characters.
    #[schema(format = Password, pattern = ".{6,128}$", max_length = 128)]
    pub password: String,
}

impl std::fmt::Debug for UserRequest {
    /// Without the password: requests end up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRequest").field("username", &self.username).finish_non_exhaustive()
    }
}

words! {
    /// By what users prove who they are.
    CredentialType {
        /// A password.
        Password = "password",
    }
}

/// A credential of a user, without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Credential {
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// Asterisks, always as many.
    #[schema(example = "********")]
    pub value: String,
    pub created_at: IsoSeconds,
}

impl Credential {
    /// What stands for every value.
    pub const MASK: &str = "********";

    /// A password that was set then.
    pub fn password(created_at: IsoSeconds) -> Self {
        Self { kind: CredentialType::Password, value: Self::MASK.into(), created_at }
    }
}

/// Replaces a credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CredentialRequest {
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// The password, 6 to 128 characters.
    #[schema(format = Password, max_length = 128)]
    pub value: String,
}

impl std::fmt::Debug for CredentialRequest {
    /// Without the value: requests end up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialRequest").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Which accounts are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct AccountQuery {
    /// Only those in this state.
    #[param(inline, nullable = false)]
    pub state: Option<AccountState>,
}

/// Which credential is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CredentialQuery {
    #[param(inline)]
    pub credential_type: CredentialType,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_do_not_tell_their_secrets() {
        let user = UserRequest { username: "u".into(), password: "s3cret".into() };
        let credential = CredentialRequest { kind: CredentialType::Password, value: "s3cret".into() };
        assert!(!format!("{user:?}{credential:?}").contains("s3cret"));
    }
}
