//! Logging in to OpenStack Swift: version 1 (Swift's own) and version 3 (Keystone). OpenDAL only knows what comes of it, an
//! address and a token, and tokens expire.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{Error, Fault, FaultKind, http::causes, location::Location};

/// Keeps a valid token.
pub(crate) struct Login {
    client: Client,
    credentials: Credentials,
    token: Mutex<HeaderValue>,
}

enum Credentials {
    Own { address: String, user: String, key: String },
    Keystone { address: String, body: Value, region: Option<String> },
}

/// What a login gives.
struct Granted {
    token: HeaderValue,
    storage: String,
}

impl Login {
    /// Logs in as `location` says; also the address of the storage. Nothing where the location brings a token of its own.
    pub(crate) async fn begin(location: &Location, client: &Client) -> Result<Option<(Arc<Self>, String)>, Error> {
        if location.get("token").is_some() {
            return Ok(None);
        }
        let credentials = Credentials::of(location)?;
        let granted = credentials.present(client).await;
        let granted = granted.map_err(|fault| Error::storage("log in", "to Swift", location.place(), fault))?;
        let storage = location.get("endpoint").map_or(granted.storage, str::to_owned);
        let login = Self { client: client.clone(), credentials, token: Mutex::new(granted.token) };
        Ok(Some((Arc::new(login), storage)))
    }

    /// The token; a new one if `refused` is still the one at hand.
    pub(crate) async fn token(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, Fault> {
        let mut token = self.token.lock().await;
        if refused == Some(&*token) {
            *token = self.credentials.present(&self.client).await?.token;
        }
        Ok(token.clone())
    }
}

impl Credentials {
    fn of(location: &Location) -> Result<Self, Error> {
        let required = |name| location.required(name).map(str::to_owned);
        if let Some(address) = location.get("auth") {
            return Ok(Self::Own { address: address.to_owned(), user: required("user")?, key: required("key")? });
        }
        let domain = |name| location.get(name).unwrap_or("Default");
        let address = required("auth_url")?;
        let user = json!({
            "name": location.required("username")?,
            "password": location.required("password")?,
            "domain": {"name": domain("user_domain")},
        });
        let project = json!({
            "name": location.required("project")?,
            "domain": {"name": domain("project_domain")},
        });
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": project},
        }});
        Ok(Self::Keystone { address, body, region: location.get("region").map(str::to_owned) })
    }

    async fn present(&self, client: &Client) -> Result<Granted, Fault> {
        match self {
            Self::Own { address, user, key } => {
                let request = client.get(address).header("x-auth-user", user).header("x-auth-key", secret(key)?);
                let answer = accepted(request.send().await, address)?;
                let header = |name| header(answer.headers(), name, address);
                let storage = header("x-storage-url")?.to_str().map_err(|_| strange(address, "an odd storage URL"))?;
                Ok(Granted { token: secret_header(header("x-auth-token")?), storage: storage.to_owned() })
            }
            Self::Keystone { address, body, region } => {
                let tokens = format!("{}/auth/tokens", address.trim_end_matches('/'));
                let request = client.post(&tokens).header("content-type", "application/json").body(body.to_string());
                let answer = accepted(request.send().await, address)?;
                let token = secret_header(header(answer.headers(), "x-subject-token", address)?);
                let document = answer.bytes().await.map_err(|error| unreachable(address, &error.without_url()))?;
                let document: Value =
                    serde_json::from_slice(&document).map_err(|_| strange(address, "something that is no JSON"))?;
                let storage = object_store(&document, region.as_deref()).ok_or_else(|| {
                    let region = region.as_deref().map(|region| format!(" in region {region}")).unwrap_or_default();
                    let reason = format!("the catalogue of {address} has no public object-store{region}");
                    Fault::new(FaultKind::Misconfigured, reason)
                })?;
                Ok(Granted { token, storage })
            }
        }
    }
}

/// The public address of the object storage in a Keystone token's catalogue.
fn object_store(document: &Value, region: Option<&str>) -> Option<String> {
    let services = document["token"]["catalog"].as_array()?.iter();
    let endpoints =
        services.filter(|service| service["type"] == "object-store").filter_map(|s| s["endpoints"].as_array());
    let mut public = endpoints.flatten().filter(|endpoint| endpoint["interface"] == "public");
    let chosen = public.find(|endpoint| region.is_none_or(|region| endpoint["region"] == region))?;
    Some(chosen["url"].as_str()?.to_owned())
}

fn accepted(answer: reqwest::Result<Response>, address: &str) -> Result<Response, Fault> {
    let answer = answer.map_err(|error| unreachable(address, &error.without_url()))?;
    match answer.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(Fault::new(FaultKind::Denied, format!("{address} does not accept the user or the password")))
        }
        status if status.is_server_error() => {
            Err(Fault::new(FaultKind::Unreachable, format!("{address} answered {status}")))
        }
        status => Err(Fault::new(FaultKind::Misconfigured, format!("{address} answered {status} to a login"))),
    }
}

fn unreachable(address: &str, error: &reqwest::Error) -> Fault {
    let kind = if error.is_timeout() { FaultKind::TimedOut } else { FaultKind::Unreachable };
    Fault::new(kind, format!("{address} does not answer: {error}: {}", causes(error)))
}

fn strange(address: &str, what: &str) -> Fault {
    Fault::new(FaultKind::Misconfigured, format!("{address} answered a login with {what}"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str, address: &str) -> Result<&'a HeaderValue, Fault> {
    headers.get(name).ok_or_else(|| strange(address, &format!("no {name}")))
}

fn secret(text: &str) -> Result<HeaderValue, Fault> {
    let value = HeaderValue::from_str(text);
    let value = value.map_err(|_| Fault::new(FaultKind::Denied, "the key has characters that no header may have"))?;
    Ok(secret_header(&value))
}

fn secret_header(value: &HeaderValue) -> HeaderValue {
    let mut value = value.clone();
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_storage_of_the_region_is_found_in_a_catalogue() {
        let endpoint = |interface, region, url| json!({"interface": interface, "region": region, "url": url});
        let document = json!({"token": {"catalog": [
            {"type": "identity", "endpoints": [endpoint("public", "a", "https://keystone")]},
            {"type": "object-store", "endpoints": [
                endpoint("admin", "a", "https://admin"),
                endpoint("public", "a", "https://a/v1/AUTH_1"),
                endpoint("public", "b", "https://b/v1/AUTH_1"),
            ]},
        ]}});
        assert_eq!(object_store(&document, None).as_deref(), Some("https://a/v1/AUTH_1"));
        assert_eq!(object_store(&document, Some("b")).as_deref(), Some("https://b/v1/AUTH_1"));
        assert_eq!(object_store(&document, Some("c")), None);
        assert_eq!(object_store(&json!({"token": {}}), None), None);
    }
}
