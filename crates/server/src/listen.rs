//! The socket: plain or TLS, and how it ends.

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};

/// How long requests under way may take once the service is to stop.
const GRACE: Duration = Duration::from_secs(25);

/// Certificate chain and private key, PEM.
#[derive(Clone, Debug)]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("nothing can listen on {address}: {source}; give another address with --listen")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("the TLS certificate {} or its key {} cannot be used: {source}", .certificate.display(), .key.display())]
    Tls { certificate: PathBuf, key: PathBuf, source: io::Error },
    #[error("the socket failed: {0}")]
    Socket(#[from] io::Error),
}

/// A socket that accepts connections, which nobody answers yet.
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Binds the address. Port 0 takes any that is free.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let bound = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound().map_err(|source| ServeError::Listen { address, source })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves until `stop` ends; then takes no new connections, and ends when the requests under way have.
///
/// # Errors
/// When the certificate cannot be read, or the socket fails.
pub async fn serve(
    listening: Listening,
    application: Router,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let handle = Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        stop.await;
        ending.graceful_shutdown(Some(GRACE));
    });
    let application = application.into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        None => axum_server::from_tcp(listening.listener)?.handle(handle).serve(application).await?,
        Some(tls) => {
            let config = load(&tls.certificate, &tls.key).await?;
            axum_server::from_tcp_rustls(listening.listener, config)?.handle(handle).serve(application).await?;
        }
    }
    Ok(())
}

async fn load(certificate: &Path, key: &Path) -> Result<RustlsConfig, ServeError> {
    let failed = |source| ServeError::Tls { certificate: certificate.into(), key: key.into(), source };
    // The first to install a provider wins; they are all the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    RustlsConfig::from_pem_file(certificate, key).await.map_err(failed)
}
