//! Accounts and users.

use serde::Deserialize;

use crate::{Text, lenient::list};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Account {
    pub name: Text,
    pub email: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    pub state: Text,
    pub created_at: Text,
}

/// How an account wants its images judged and watched.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AccountSettings {
    pub policy_profile: Text,
    pub unmapped_images: Text,
    #[serde(deserialize_with = "list")]
    pub new_tag_subscriptions: Vec<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct User {
    pub username: Text,
    #[serde(rename = "type")]
    pub kind: Text,
    pub source: Text,
    pub created_at: Text,
}
