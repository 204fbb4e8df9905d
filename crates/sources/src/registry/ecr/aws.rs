//! The requests to AWS. What they are signed with, and how, is the business of the `reqsign` crates; they ask this module
//! to send, and to read files.

use std::{
    io::Read,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{Request, Response, header::HOST, request::Parts};
use reqsign_aws_v4::{
    AssumeRoleCredentialProvider, Credential, DefaultCredentialProvider, RequestSigner, StaticCredentialProvider,
};
use reqsign_core::{Context, FileRead, HttpSend, Signer, StaticEnv, hash::hex_sha256};
use reqwest::{Url, blocking::Client, redirect::Policy};
use serde::Deserialize;

use super::{AwsIdentity, EcrName, EcrOptions, EcrToken, Secret};
use crate::{documents::shortened, error::Error, registry::is_passing};

const ANSWER_BYTES: u64 = 1 << 20;
const FILE_BYTES: u64 = 1 << 20;
/// How this program is called in the logs of AWS.
const SESSION_NAME: &str = "windlass";

/// Asks for a token, whatever may be known already.
pub(super) fn fetch(
    name: &EcrName,
    registry: &str,
    identity: &AwsIdentity,
    options: &EcrOptions,
) -> Result<EcrToken, Error> {
    let failed = |reason: String, passing| Error::Login { registry: registry.into(), reason, passing };
    let mut detours = Vec::new();
    let sts_host = sts_host(name);
    for (host, endpoint) in [(&name.api_host, &options.ecr_endpoint), (&sts_host, &options.sts_endpoint)] {
        let Some(endpoint) = endpoint else { continue };
        let url = Url::parse(endpoint)
            .map_err(|error| failed(format!("the endpoint {endpoint:?} of AWS is no address: {error}"), false))?;
        detours.push((host.clone(), url));
    }
    let wire = Wire::new(detours, options.patience).map_err(|source| Error::HttpClient { source })?;
    let environment = StaticEnv {
        home_dir: options.environment.get("HOME").map(Into::into),
        envs: options.environment.clone().into_iter().collect(),
    };
    let context = Context::new().with_http_send(wire.clone()).with_file_read(Files).with_env(environment);

    let signer = signer(name, identity, &context);
    let (mut parts, body) = request(name);
    pollster::block_on(signer.sign(&mut parts, None))
        .map_err(|error| failed(told(identity, &error), error.is_retryable()))?;
    let response = pollster::block_on(wire.http_send(Request::from_parts(parts, body)))
        .map_err(|error| failed(format!("{} cannot be reached: {error}", name.api_host), true))?;
    token(&response).map_err(|refusal| failed(refusal.reason, refusal.passing))
}

/// The request of `GetAuthorizationToken`; the account is that of the identity, so nothing is in it.
fn request(name: &EcrName) -> (Parts, Bytes) {
    let body = Bytes::from_static(b"{}");
    let request = Request::post(format!("https://{}/", name.api_host))
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")
        .header("x-amz-content-sha256", hex_sha256(&body))
        .body(body)
        .expect("a region makes a valid host name");
    request.into_parts()
}

fn signer(name: &EcrName, identity: &AwsIdentity, context: &Context) -> Signer<Credential> {
    let for_ecr = || RequestSigner::new("ecr", &name.region);
    // No program is run for a credential, whatever a profile says.
    let ambient = || DefaultCredentialProvider::builder().no_process().build();
    match identity {
        AwsIdentity::Keys { id, secret } => {
            Signer::new(context.clone(), StaticCredentialProvider::new(id, secret), for_ecr())
        }
        AwsIdentity::Ambient => Signer::new(context.clone(), ambient(), for_ecr()),
        AwsIdentity::Role { arn, external_id } => {
            let for_sts = RequestSigner::new("sts", &name.region);
            let mut role =
                AssumeRoleCredentialProvider::new(arn.clone(), Signer::new(context.clone(), ambient(), for_sts))
                    .with_role_session_name(SESSION_NAME.into())
                    .with_region(name.region.clone())
                    .with_regional_sts_endpoint();
            if let Some(id) = external_id {
                role = role.with_external_id(id.clone());
            }
            Signer::new(context.clone(), role, for_ecr())
        }
    }
}

fn sts_host(name: &EcrName) -> String {
    let china = if name.region.starts_with("cn-") { ".cn" } else { "" };
    format!("sts.{}.amazonaws.com{china}", name.region)
}

/// Why there is nothing to sign with.
fn told(identity: &AwsIdentity, error: &reqsign_core::Error) -> String {
    let who = match identity {
        AwsIdentity::Keys { .. } => "the access key cannot be used".to_owned(),
        AwsIdentity::Ambient => "this machine has no AWS credentials that can be used".to_owned(),
        AwsIdentity::Role { arn, .. } => format!("the role {} cannot be taken on", shortened(arn)),
    };
    shortened(&format!("{who}: {error}"))
}

struct Refusal {
    reason: String,
    passing: bool,
}

/// `{"authorizationData":[{"authorizationToken":"base64 of AWS:password","expiresAt":1.7e9}]}`
fn token(response: &Response<Bytes>) -> Result<EcrToken, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        authorization_data: Vec<Authorization>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Authorization {
        authorization_token: String,
        /// Seconds since 1970.
        expires_at: f64,
    }
    if !response.status().is_success() {
        return Err(refusal(response));
    }
    let malformed = || Refusal { reason: "AWS answered without a token that can be read".into(), passing: false };
    let answer: Answer = serde_json::from_slice(response.body()).map_err(|_| malformed())?;
    let authorization = answer.authorization_data.into_iter().next().ok_or_else(malformed)?;
    let decoded = BASE64_STANDARD.decode(authorization.authorization_token.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(decoded).map_err(|_| malformed())?;
    let (username, password) = text.split_once(':').ok_or_else(malformed)?;
    let since_epoch = Duration::try_from_secs_f64(authorization.expires_at).map_err(|_| malformed())?;
    let expires = SystemTime::UNIX_EPOCH.checked_add(since_epoch).ok_or_else(malformed)?;
    Ok(EcrToken { secret: Secret::Password { username: username.into(), password: password.into() }, expires })
}

/// `{"__type":"AccessDeniedException","message":"…"}`
fn refusal(response: &Response<Bytes>) -> Refusal {
    #[derive(Default, Deserialize)]
    struct Body {
        #[serde(default, rename = "__type")]
        kind: String,
        #[serde(default, alias = "Message")]
        message: String,
    }
    let Body { kind, message } = serde_json::from_slice(response.body()).unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let passing = is_passing(response.status()) || kind.contains("Throttl");
    let reason = format!("AWS answered {} to the request for a token: {kind} {message}", response.status().as_u16());
    Refusal { reason: shortened(reason.trim_end_matches([' ', ':'])), passing }
}

/// Sends for the signing library, each request to its end.
#[derive(Clone, Debug)]
struct Wire {
    http: Client,
    /// Hosts whose requests go elsewhere, signed as they are.
    detours: Vec<(String, Url)>,
}

impl Wire {
    fn new(detours: Vec<(String, Url)>, patience: Duration) -> Result<Self, reqwest::Error> {
        let builder = Client::builder()
            .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            // A signature is good for one host.
            .redirect(Policy::none())
            // The instance role is asked for at an address that goes nowhere outside of Amazon's machines.
            .connect_timeout((patience / 3).min(Duration::from_secs(5)))
            .timeout(patience);
        Ok(Self { http: builder.build()?, detours })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (parts, body) = request.into_parts();
        let mut url = Url::parse(&parts.uri.to_string()).map_err(|error| error.to_string())?;
        let mut headers = parts.headers;
        let detour = self.detours.iter().find(|(host, _)| url.host_str() == Some(host.as_str()));
        if let Some((host, to)) = detour {
            headers.entry(HOST).or_insert_with(|| host.parse().expect("a host name is a header's value"));
            let mut there = to.clone();
            there.set_path(url.path());
            there.set_query(url.query());
            url = there;
        }
        let response = (self.http.request(parts.method, url).headers(headers).body(body).send())
            .map_err(|error| innermost(&error.without_url()))?;
        let status = response.status();
        let mut bytes = Vec::new();
        response.take(ANSWER_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let mut answer = Response::new(Bytes::from(bytes));
        *answer.status_mut() = status;
        Ok(answer)
    }
}

impl HttpSend for Wire {
    async fn http_send(&self, request: Request<Bytes>) -> reqsign_core::Result<Response<Bytes>> {
        self.send(request).map_err(|reason| reqsign_core::Error::unexpected(reason).set_retryable(true))
    }
}

/// The cause that says the most.
fn innermost(error: &reqwest::Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.take(16).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Reads profiles and web identity tokens.
#[derive(Debug)]
struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> reqsign_core::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut bytes));
        read.map_err(|error| reqsign_core::Error::config_invalid(format!("{path} cannot be read: {error}")))?;
        Ok(bytes)
    }
}
