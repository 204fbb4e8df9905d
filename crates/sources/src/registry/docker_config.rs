//! Credentials as `docker login` and `podman login` keep them: inline, or with a credential helper.
//!
//! A helper is an external program. One is run only where the file names it, as docker itself does: `docker-credential-X
//! get`, with the registry on standard input.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{Secret, credentials::RepositoryName};
use crate::{documents::shortened, reference::Reference};

const FILE_BYTES: u64 = 4 << 20;
const ANSWER_BYTES: u64 = 1 << 20;
const HELPER_PATIENCE: Duration = Duration::from_secs(30);

/// Docker Hub's key in the files and for the helpers.
const HUB_KEY: &str = "https://index.docker.io/v1/";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ConfigFile {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    /// `user:password` in base64.
    #[serde(rename = "auth")]
    encoded: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// The secret a file has for a repository. The error says, without a secret in it, why there is none.
pub(super) fn lookup(file: &Path, name: &RepositoryName<'_>) -> Result<Option<Secret>, String> {
    let mut bytes = Vec::new();
    match File::open(file) {
        Ok(open) => open.take(FILE_BYTES).read_to_end(&mut bytes).map_err(|e| format!("{}: {e}", file.display()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    // serde's messages quote what they found, which may be a secret.
    let config: ConfigFile = serde_json::from_slice(&bytes).map_err(|error| {
        format!("{} is malformed at line {}, column {}", file.display(), error.line(), error.column())
    })?;
    let helper = (config.cred_helpers.iter())
        .find(|(registry, _)| Reference::same_registry(host_of(registry), name.registry))
        .map(|(_, helper)| helper.as_str())
        .or(Some(config.creds_store.as_str()))
        .filter(|helper| !helper.is_empty());
    let inline = inline(&config.auths, name);
    match helper {
        Some(helper) if inline.is_none() => ask_helper(helper, name),
        _ => Ok(inline),
    }
}

/// Podman keys may name a namespace or a repository; the longest that fits wins.
fn inline(auths: &BTreeMap<String, Auth>, name: &RepositoryName<'_>) -> Option<Secret> {
    let fits = |key: &str| {
        let key = bare(key);
        let (host, path) = key.split_once('/').unwrap_or((key, ""));
        let repository = name.repository;
        let under = repository.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Reference::same_registry(host, name.registry) && (path.is_empty() || under)
    };
    let mut fitting: Vec<(&String, &Auth)> = auths.iter().filter(|(key, _)| fits(key)).collect();
    fitting.sort_by_key(|(key, _)| std::cmp::Reverse(bare(key).len()));
    fitting.into_iter().find_map(|(_, auth)| secret_of(auth))
}

fn secret_of(auth: &Auth) -> Option<Secret> {
    if !auth.identitytoken.is_empty() {
        return Some(Secret::IdentityToken(auth.identitytoken.clone()));
    }
    if !auth.registrytoken.is_empty() {
        return Some(Secret::BearerToken(auth.registrytoken.clone()));
    }
    if !auth.username.is_empty() {
        return Some(Secret::Password { username: auth.username.clone(), password: auth.password.clone() });
    }
    let decoded = BASE64_STANDARD.decode(auth.encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    (!username.is_empty()).then(|| Secret::Password { username: username.into(), password: password.into() })
}

fn ask_helper(helper: &str, name: &RepositoryName<'_>) -> Result<Option<Secret>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        username: String,
        secret: String,
    }
    if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
        return Err(format!("the credential helper {:?} has no proper name", shortened(helper)));
    }
    let program = format!("docker-credential-{helper}");
    let key = if name.registry == "docker.io" { HUB_KEY } else { name.registry };
    let (success, output) = run(&program, key)?;
    if !success {
        let said = String::from_utf8_lossy(&output);
        return if said.contains("credentials not found") {
            Ok(None)
        } else {
            Err(format!("{program} failed: {}", shortened(said.trim())))
        };
    }
    let answer: Answer = serde_json::from_slice(&output).map_err(|_| format!("{program} gave no credentials"))?;
    Ok(Some(match answer {
        // The name by which helpers mark an identity token.
        Answer { username, secret } if username == "<token>" => Secret::IdentityToken(secret),
        Answer { username, secret } => Secret::Password { username, password: secret },
    }))
}

/// Runs a helper with `input`; whether it succeeded, and what it wrote to standard output.
fn run(program: &str, input: &str) -> Result<(bool, Vec<u8>), String> {
    let failed = |error: io::Error| format!("{program}: {error}");
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let stdout = child.stdout.take().expect("standard output is a pipe");
    // A helper that answers without reading is none of our trouble.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut output = Vec::new();
        let result = stdout.take(ANSWER_BYTES).read_to_end(&mut output).map(|_| output);
        let _ = send.send(result);
    });
    let Ok(output) = receive.recv_timeout(HELPER_PATIENCE) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("{program} did not answer within {} s", HELPER_PATIENCE.as_secs()));
    };
    let output = output.map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    Ok((status.success(), output))
}

/// A key without scheme and without the API version older clients appended.
fn bare(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key)
}

fn host_of(key: &str) -> &str {
    bare(key).split('/').next().unwrap_or_default()
}
