//! How a service is reached: what command line, environment and credentials file say, and what follows from it.

use std::{collections::BTreeMap, fmt, time::Duration};

use reqwest::Url;
use serde::Deserialize;

use crate::{Error, Text};

/// Where a service is looked for by default.
pub const DEFAULT_URL: &str = "http://localhost:8228/v1";
/// Where bundles are looked for that others publish.
pub const DEFAULT_HUB_URL: &str = "https://hub.anchore.io/";

const REQUEST_TIME: Duration = Duration::from_mins(15);

/// A password. It is not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What one place says of a connection; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub url: Option<String>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    /// Account to act for, if it is not the user's.
    pub account: Option<String>,
    pub hub_url: Option<String>,
    pub verify_tls: Option<bool>,
    /// Whether the service's documents are printed as they are.
    pub json: Option<bool>,
}

/// Everything that is needed to speak to a service.
#[derive(Clone, Debug)]
pub struct Connection {
    pub url: Url,
    pub login: Option<(String, Secret)>,
    pub account: Option<String>,
    pub verify_tls: bool,
    /// Certificates to trust besides the system's, as PEM.
    pub authorities: Vec<u8>,
    /// Longest time for one request; some (`Request::patient`) may take as long as they like.
    pub request_time: Duration,
}

impl Settings {
    /// What the variables of an environment or the keys of a file say. Ours come first, then those of `anchore-cli`
    /// (`spec/api.md` B1); one that is empty says nothing.
    pub fn named(value: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 2]| names.into_iter().filter_map(&value).find(|value| !value.is_empty());
        let flag = |names| first(names).and_then(|word| truth(&word));
        Self {
            url: first(["WINDLASS_URL", "ANCHORE_CLI_URL"]),
            user: first(["WINDLASS_USER", "ANCHORE_CLI_USER"]),
            password: first(["WINDLASS_PASSWORD", "ANCHORE_CLI_PASS"]).map(Secret),
            account: first(["WINDLASS_ACCOUNT", "ANCHORE_CLI_ACCOUNT"]),
            hub_url: first(["WINDLASS_HUB_URL", "ANCHORE_CLI_HUB_URL"]),
            verify_tls: flag(["WINDLASS_SSL_VERIFY", "ANCHORE_CLI_SSL_VERIFY"]),
            json: flag(["WINDLASS_JSON", "ANCHORE_CLI_JSON"]),
        }
    }

    /// These, and where they say nothing, what `other` says.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            url: self.url.or(other.url),
            user: self.user.or(other.user),
            password: self.password.or(other.password),
            account: self.account.or(other.account),
            hub_url: self.hub_url.or(other.hub_url),
            verify_tls: self.verify_tls.or(other.verify_tls),
            json: self.json.or(other.json),
        }
    }

    /// The connection to the service.
    ///
    /// # Errors
    /// The address is none.
    pub fn connection(&self) -> Result<Connection, Error> {
        let mut url = address(self.url.as_deref().unwrap_or(DEFAULT_URL))?;
        let written_user = Some(url.username().to_owned()).filter(|user| !user.is_empty());
        let written_password = url.password().map(Secret::new);
        // Addresses are shown in messages, and passwords are not.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        let user = self.user.clone().or(written_user);
        let password = self.password.clone().or(written_password).unwrap_or_default();
        Ok(Connection {
            url,
            login: user.map(|user| (user, password)),
            account: self.account.clone(),
            verify_tls: self.verify_tls.unwrap_or(true),
            authorities: Vec::new(),
            request_time: REQUEST_TIME,
        })
    }

    /// A connection to the hub, which is not told who asks.
    ///
    /// # Errors
    /// The address is none.
    pub fn hub(&self) -> Result<Connection, Error> {
        let anonymous = Self {
            url: Some(self.hub_url.clone().unwrap_or_else(|| DEFAULT_HUB_URL.to_owned())),
            verify_tls: self.verify_tls,
            ..Self::default()
        };
        anonymous.connection()
    }
}

/// A credentials file (`~/.anchore/credentials.yaml`): settings by name below `default`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct CredentialsFile {
    #[serde(default)]
    default: BTreeMap<String, Text>,
}

impl CredentialsFile {
    pub fn settings(&self) -> Settings {
        Settings::named(|name| self.default.get(name).map(Text::to_string))
    }
}

fn address(text: &str) -> Result<Url, Error> {
    let shown = text.rsplit_once('@').map_or(text, |(_, shown)| shown);
    let wrong = |reason: String| Error::Address { url: shown.to_owned(), reason };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
        return Err(wrong("it begins with neither http:// nor https://".into()));
    }
    Ok(url)
}

/// `y`, `yes`, `true`, `1` and their opposites, in any case; a boolean of YAML is one of them.
fn truth(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "on" | "1" => Some(true),
        "n" | "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pairs: &[(&str, &str)]) -> Settings {
        Settings::named(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn our_names_count_more_than_those_of_anchore_cli_and_the_first_place_more_than_the_next() {
        let environment =
            named(&[("ANCHORE_CLI_URL", "http://old:8228/v1"), ("ANCHORE_CLI_USER", "old"), ("WINDLASS_USER", "new")]);
        assert_eq!(environment.user.as_deref(), Some("new"));
        let options = Settings { user: Some("mine".into()), ..Settings::default() };
        let file = named(&[("ANCHORE_CLI_PASS", "word"), ("ANCHORE_CLI_URL", "http://file/v1")]);
        let settled = options.or(environment).or(file);
        let connection = settled.connection().expect("an address");
        assert_eq!(connection.url.as_str(), "http://old:8228/v1");
        assert_eq!(connection.login, Some(("mine".into(), Secret::new("word"))));
        assert!(connection.verify_tls && connection.account.is_none());
    }

    #[test]
    fn nothing_said_means_the_service_of_this_machine() {
        let connection = named(&[("WINDLASS_URL", "")]).connection().expect("an address");
        assert_eq!(connection.url.as_str(), DEFAULT_URL);
        assert_eq!(connection.login, None);
    }

    #[test]
    fn a_credentials_file_may_write_its_values_as_yaml_likes_them() {
        let document = serde_json::json!({"default": {"ANCHORE_CLI_USER": "admin", "ANCHORE_CLI_PASS": 123_456,
            "ANCHORE_CLI_SSL_VERIFY": false, "else": ["ignored"]}, "other": 1});
        let settings = serde_json::from_value::<CredentialsFile>(document).expect("a file").settings();
        assert_eq!(settings.password, Some(Secret::new("123456")));
        assert_eq!(settings.verify_tls, Some(false));
        let empty = serde_json::from_value::<CredentialsFile>(serde_json::json!({})).expect("a file");
        assert_eq!(empty.settings(), Settings::default());
    }

    #[test]
    fn a_login_in_the_address_is_used_and_not_shown() {
        let settings = named(&[("WINDLASS_URL", "https://ci:geheim@scan.example/v1"), ("WINDLASS_SSL_VERIFY", "N")]);
        let connection = settings.connection().expect("an address");
        assert_eq!(connection.url.as_str(), "https://scan.example/v1");
        assert_eq!(connection.login, Some(("ci".into(), Secret::new("geheim"))));
        assert!(!connection.verify_tls);
        assert!(!format!("{connection:?}").contains("geheim"));
        for wrong in ["ftp://ci:geheim@scan.example", "ci:geheim@scan.example", "scan"] {
            let error = named(&[("WINDLASS_URL", wrong)]).connection().expect_err("no address");
            assert!(!error.to_string().contains("geheim"), "{error}");
        }
    }

    #[test]
    fn the_hub_is_not_told_who_asks() {
        let settings = named(&[("WINDLASS_USER", "admin"), ("WINDLASS_PASSWORD", "word"), ("WINDLASS_ACCOUNT", "a")]);
        let hub = settings.hub().expect("an address");
        assert_eq!(hub.url.as_str(), DEFAULT_HUB_URL);
        assert!(hub.login.is_none() && hub.account.is_none());
    }
}
