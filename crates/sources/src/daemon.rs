//! Images out of a container daemon's store, over the Docker Engine API (which Podman also speaks).
//!
//! The daemon exports an image as a docker archive; the export is spooled to a temporary file and read in place.

use std::{fmt, io::Read, path::PathBuf, time::Duration};

use reqwest::{
    StatusCode,
    blocking::{Client, ClientBuilder, Response},
};
use serde::Deserialize;
use windlass_image::{Image, Platform};

use crate::{
    archive::Archive,
    docker_archive,
    documents::shortened,
    error::Error,
    reference::{Reference, canonical_tag, is_image_id},
    selection::Wanted,
    source::{Input, Options},
};

const ANSWER_BYTES: u64 = 8 << 20;
/// Longest silence: a daemon may think long before it starts to export, and between two layers.
const EXPORT_PATIENCE: Duration = Duration::from_mins(5);
/// First API version (Docker 28) that exports one platform of several.
const PLATFORM_SINCE: (u32, u32) = (1, 48);

/// Where daemons listen, and how long they may take to say that they are there.
#[derive(Clone, Debug)]
pub struct DaemonOptions {
    pub docker: Vec<Endpoint>,
    pub podman: Vec<Endpoint>,
    /// A daemon that does not answer a ping within this time counts as absent.
    pub patience: Duration,
}

impl Default for DaemonOptions {
    fn default() -> Self {
        Self { docker: Vec::new(), podman: Vec::new(), patience: Duration::from_secs(2) }
    }
}

/// An address a daemon may listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Unix(PathBuf),
    /// `host:port`, unencrypted.
    Tcp(String),
    /// An address of a kind that is not spoken here, as it was written.
    Unknown(String),
}

impl Endpoint {
    /// Reads an address as `DOCKER_HOST` has it: `unix:///path` or `tcp://host:port`.
    pub fn parse(text: &str) -> Self {
        if let Some(path) = text.strip_prefix("unix://") {
            return Self::Unix(path.into());
        }
        match text.strip_prefix("tcp://").or_else(|| text.strip_prefix("http://")) {
            Some(address) => Self::Tcp(address.trim_end_matches('/').to_owned()),
            None => Self::Unknown(text.to_owned()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => f.write_str(address),
            Self::Unknown(text) => f.write_str(&shortened(text)),
        }
    }
}

/// The image from the first of these daemons that answers; `kind` names them in errors.
pub(crate) fn open(
    kind: &'static str,
    endpoints: &[Endpoint],
    text: &str,
    user_input: &str,
    options: &Options,
) -> Result<Input, Error> {
    let reference = match text.parse::<Reference>() {
        Ok(reference) => Some(reference),
        Err(_) if is_image_id(text) => None,
        Err(error) => return Err(error),
    };
    let mut absences = Vec::new();
    for endpoint in endpoints {
        match Daemon::find(kind, endpoint, options.daemon.patience) {
            Ok(daemon) => {
                return Ok(Input::Image(Box::new(daemon.image(text, reference.as_ref(), user_input, options)?)));
            }
            Err(Error::NoDaemon { .. }) => absences.push(endpoint.to_string()),
            Err(error) => return Err(error),
        }
    }
    Err(Error::NoDaemon { kind, asked: absences })
}

struct Daemon {
    kind: &'static str,
    http: Client,
    base: String,
    version: (u32, u32),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspection {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
}

impl Daemon {
    /// Pings; that nobody listens is [`Error::NoDaemon`], that we may not speak is another error.
    fn find(kind: &'static str, endpoint: &Endpoint, patience: Duration) -> Result<Self, Error> {
        let absent = || Error::NoDaemon { kind, asked: vec![endpoint.to_string()] };
        let builder =
            ClientBuilder::new().no_proxy().http1_only().tls_built_in_root_certs(false).timeout(EXPORT_PATIENCE);
        let (builder, base) = match endpoint {
            Endpoint::Unix(path) => {
                if !path.exists() {
                    return Err(absent());
                }
                may_connect(kind, path)?;
                // The host of the URL is not used, but HTTP wants one.
                (builder.unix_socket(path.as_path()), "http://localhost".to_owned())
            }
            Endpoint::Tcp(address) => (builder, format!("http://{address}")),
            Endpoint::Unknown(address) => {
                return Err(Error::DaemonAddress { kind, address: shortened(address) });
            }
        };
        let http = builder.build().map_err(|source| Error::HttpClient { source })?;
        let Ok(pong) = http.get(format!("{base}/_ping")).timeout(patience).send() else { return Err(absent()) };
        if !pong.status().is_success() {
            return Err(absent());
        }
        let version = pong.headers().get("api-version").and_then(|value| version(value.to_str().ok()?));
        Ok(Self { kind, http, base, version: version.unwrap_or_default() })
    }

    fn image(
        &self,
        text: &str,
        reference: Option<&Reference>,
        user_input: &str,
        options: &Options,
    ) -> Result<Image, Error> {
        // Without a tag a daemon would export every tag of the repository.
        let tagged = match reference {
            Some(reference) if reference.tag.is_none() && reference.digest.is_none() => format!("{text}:latest"),
            _ => text.to_owned(),
        };
        let (name, inspection) = match self.inspect(&tagged) {
            // A few digits may be the beginning of an image's ID.
            Err(Error::NotInDaemon { .. }) if may_be_short_id(text) => {
                let found = self.inspect(text)?;
                (found.id.clone(), found)
            }
            other => (tagged, other?),
        };
        let mut url = format!("/images/{name}/get");
        if let Some(platform) = options.platform.as_ref().filter(|_| self.version >= PLATFORM_SINCE) {
            url.push_str(&platform_query(platform));
        }
        let what = format!("{text} from the {} daemon", self.kind);
        let export = self.get(&url, text)?;
        let archive = Archive::from_stream(export, options.spool_limit, &what)?;
        let wanted = Wanted { user_input, name: None, platform: options.platform.as_ref() };
        let mut image = docker_archive::image(&archive, wanted)?;
        image.tags = inspection.repo_tags.unwrap_or_default().into_iter().map(canonical_tag).collect();
        image.repo_digests = (inspection.repo_digests.unwrap_or_default().iter())
            .filter_map(|text| text.parse::<Reference>().ok())
            .filter_map(|found| found.digest.as_ref().map(|digest| found.with_digest(digest)))
            .collect();
        Ok(image)
    }

    fn inspect(&self, name: &str) -> Result<Inspection, Error> {
        let response = self.get(&format!("/images/{name}/json"), name)?;
        let what = || format!("the {} daemon's description of {name}", self.kind);
        let mut bytes = Vec::new();
        response.take(ANSWER_BYTES).read_to_end(&mut bytes).map_err(Error::read(what()))?;
        crate::documents::json(&bytes, &what())
    }

    fn get(&self, path: &str, name: &str) -> Result<Response, Error> {
        let failed = |reason: String| Error::Daemon { kind: self.kind, what: name.to_owned(), reason };
        let response = self.http.get(format!("{}{path}", self.base)).send().map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            failed(cause.unwrap_or_else(|| error.to_string()))
        })?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::NOT_FOUND => Err(Error::NotInDaemon { kind: self.kind, reference: name.to_owned() }),
            status => Err(failed(format!("it answered {}: {}", status.as_u16(), message_of(response)))),
        }
    }
}

/// A socket that exists but is not ours to use deserves more than "absent".
fn may_connect(kind: &'static str, path: &std::path::Path) -> Result<(), Error> {
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(Error::DaemonPermission { kind, socket: path.display().to_string() })
        }
        Err(_) => Err(Error::NoDaemon { kind, asked: vec![path.display().to_string()] }),
        Ok(_) => Ok(()),
    }
}

fn message_of(response: Response) -> String {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    let mut bytes = Vec::new();
    let _ = response.take(1 << 16).read_to_end(&mut bytes);
    let body: Option<Body> = serde_json::from_slice(&bytes).ok();
    shortened(&body.map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), |body| body.message))
}

fn may_be_short_id(text: &str) -> bool {
    (4..64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The platform as the API wants it, a JSON object; its characters are encoded by hand because they are so few.
fn platform_query(platform: &Platform) -> String {
    let mut object = serde_json::json!({ "os": platform.os, "architecture": platform.architecture });
    if !platform.variant.is_empty() {
        object["variant"] = platform.variant.clone().into();
    }
    let encoded = object.to_string().replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
    format!("?platform={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_docker_host_has_them() {
        assert_eq!(Endpoint::parse("unix:///run/x.sock"), Endpoint::Unix("/run/x.sock".into()));
        assert_eq!(Endpoint::parse("tcp://10.0.0.1:2375/"), Endpoint::Tcp("10.0.0.1:2375".into()));
        assert_eq!(Endpoint::parse("ssh://me@there"), Endpoint::Unknown("ssh://me@there".into()));
    }
}
