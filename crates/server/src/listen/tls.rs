//! The certificate, and its replacement while the service runs.

use std::{
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
};
use tokio::time::{MissedTickBehavior, interval};

use super::{ServeError, Tls};

/// Reads certificate and key, now and when their files have changed, which is looked for after every `pause`.
pub(super) async fn load(tls: Tls, pause: Duration) -> Result<RustlsConfig, ServeError> {
    let written = written(&tls).await;
    let config = RustlsConfig::from_config(tls.read()?);
    // Ends with the runtime.
    tokio::spawn(keep_current(tls, written, config.clone(), pause));
    Ok(config)
}

impl Tls {
    /// # Errors
    /// When certificate and key cannot be served with.
    pub fn check(&self) -> Result<(), ServeError> {
        self.read().map(drop)
    }

    fn read(&self) -> Result<Arc<ServerConfig>, ServeError> {
        // The first to install a provider wins; they are all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Self { certificate, key } = self;
        let mut config = configuration(certificate, key).map_err(|source| ServeError::Tls {
            certificate: certificate.into(),
            key: key.into(),
            source,
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn configuration(certificate: &Path, key: &Path) -> io::Result<ServerConfig> {
    let invalid = |error: pem::Error| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
    let chain =
        CertificateDer::pem_slice_iter(&fs::read(certificate)?).collect::<Result<Vec<_>, _>>().map_err(invalid)?;
    let key = PrivateKeyDer::from_pem_slice(&fs::read(key)?).map_err(invalid)?;
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(io::Error::other)
}

/// When the files were written; nothing while one is not there.
async fn written(tls: &Tls) -> Option<[SystemTime; 2]> {
    let at = async |path| tokio::fs::metadata(path).await.and_then(|metadata| metadata.modified()).ok();
    Some([at(&tls.certificate).await?, at(&tls.key).await?])
}

async fn keep_current(tls: Tls, mut known: Option<[SystemTime; 2]>, config: RustlsConfig, pause: Duration) {
    let mut clock = interval(pause);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let found = written(&tls).await;
        if found.is_none() || found == known {
            continue;
        }
        match tls.read() {
            Ok(fresh) => {
                config.reload_from_config(fresh);
                known = found;
                tracing::info!(certificate = %tls.certificate.display(), "the certificate was read anew");
            }
            // One of the two files may have been written only half: the old ones serve until both fit.
            Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_certificate_that_is_replaced_is_shown_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let tls = Tls { certificate: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
        let replace = || {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            fs::write(&tls.certificate, made.cert.pem()).unwrap();
            fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
        };
        replace();
        let config = load(tls.clone(), Duration::from_millis(10)).await.unwrap();
        let first = config.get_inner();
        assert_eq!(first.alpn_protocols, [b"http/1.1"]);
        fs::write(&tls.key, "no key").unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(Arc::ptr_eq(&config.get_inner(), &first));
        replace();
        for _ in 0..200 {
            if !Arc::ptr_eq(&config.get_inner(), &first) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the new certificate is not read");
    }
}
