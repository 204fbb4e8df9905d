//! The HTTP client of a registry: which certificates it trusts and shows, where it follows redirects.

use std::path::{Path, PathBuf};

use reqwest::{
    Certificate, Identity,
    blocking::{Client, ClientBuilder},
    redirect::Policy,
};

use super::RegistryOptions;
use crate::error::Error;

/// Real ones need two: registry to storage, storage to the nearest mirror.
pub(super) const REDIRECTS: usize = 5;
const CERTIFICATE_BYTES: u64 = 4 << 20;

/// A client that drops `Authorization` when it is redirected to another host (reqwest does so for every policy). The
/// body of a request would be sent there, too: who sends a secret in one must not follow redirects.
pub(super) fn http_client(
    options: &RegistryOptions,
    on_this_machine: bool,
    redirects: Policy,
) -> Result<Client, Error> {
    let mut builder = ClientBuilder::new()
        .user_agent(concat!("windlass/", env!("CARGO_PKG_VERSION")))
        // One connection a layer: a layer that is read slowly then cannot hold up the others.
        .http1_only()
        .redirect(redirects)
        .connect_timeout(options.patience / 3)
        // For the blocking client this bounds each wait, not the whole download.
        .timeout(options.patience);
    if on_this_machine {
        builder = builder.no_proxy();
    }
    if options.skip_tls_verify {
        builder = builder.danger_accept_invalid_certs(true);
    }
    if let Some(path) = &options.certificate_authority {
        for certificate in authorities(path)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    if let Some((certificate, key)) = &options.client_certificate {
        let pem = [read(certificate)?, b"\n".to_vec(), read(key)?].concat();
        let identity = Identity::from_pem(&pem).map_err(|error| unusable(certificate, &error))?;
        builder = builder.identity(identity);
    }
    builder.build().map_err(|source| Error::HttpClient { source })
}

/// The certificates of a PEM file, or of every certificate file in a folder.
fn authorities(path: &Path) -> Result<Vec<Certificate>, Error> {
    let is_certificate = |path: &PathBuf| {
        path.extension().and_then(|extension| extension.to_str()).is_some_and(|e| matches!(e, "crt" | "pem" | "cert"))
    };
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(Error::read(path.display().to_string()))?;
        files = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_certificate).collect();
        files.sort();
    }
    let mut certificates = Vec::new();
    for file in files {
        let found = Certificate::from_pem_bundle(&read(&file)?).map_err(|error| unusable(&file, &error))?;
        certificates.extend(found);
    }
    if certificates.is_empty() {
        let reason = "there is no PEM certificate in it".into();
        return Err(Error::Certificate { path: path.display().to_string(), reason });
    }
    Ok(certificates)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read as _;
    let what = path.display().to_string();
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(Error::read(&what))?;
    file.take(CERTIFICATE_BYTES).read_to_end(&mut bytes).map_err(Error::read(&what))?;
    Ok(bytes)
}

fn unusable(path: &Path, error: &reqwest::Error) -> Error {
    let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    Error::Certificate { path: path.display().to_string(), reason }
}
