//! Texts that nobody is shown.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// What stands for a secret where it is shown.
pub const MASK: &str = "********";

/// A password, a token, or a URL that lets anybody send who has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself: for whoever sends it, and nobody else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be shown: of a URL its origin, of anything else nothing.
    pub(crate) fn masked(&self) -> Self {
        let origin = self.0.split_once("://").and_then(|_| url::Url::parse(&self.0).ok()).map(|url| url.origin());
        Self(
            origin
                .filter(url::Origin::is_tuple)
                .map_or_else(|| MASK.to_owned(), |origin| format!("{}/{MASK}", origin.ascii_serialization())),
        )
    }

    /// Whether it is what is shown of a secret, and not the secret.
    pub(crate) fn is_masked(&self) -> bool {
        self.0.ends_with(MASK)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl PartialSchema for Secret {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .description(Some(
                "A secret. Answers mask it; a request that sends the mask back keeps what is there, as long as the receiver \
                 stays the same.",
            ))
            .into()
    }
}

impl ToSchema for Secret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_no_more_than_where_it_leads() {
        for (secret, shown) in [
            ("hunter2", "********"),
            ("https://hooks.slack.com/services/T0/B0/secret", "https://hooks.slack.com/********"),
            ("https://user:pass@chat.example:8443/hooks/x?key=y", "https://chat.example:8443/********"),
            ("data:text/plain,secret", "********"),
        ] {
            let secret = Secret::from(secret);
            assert_eq!(secret.masked().expose(), shown);
            assert!(secret.masked().is_masked() && !secret.is_masked());
            assert_eq!(format!("{secret:?}"), "********");
        }
    }
}
