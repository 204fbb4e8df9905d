//! The socket: plain or TLS, for how many and how slow clients, and how it ends.

mod connection;
mod tls;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    time::Duration,
};

use axum::Router;
use axum_server::{Handle, Server, tls_rustls::RustlsAcceptor};
use hyper_util::rt::TokioTimer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use connection::Doorman;

/// How long requests under way may take once the service is to stop.
const GRACE: Duration = Duration::from_secs(20);

/// How long a certificate that was replaced may still be shown.
const RELOAD: Duration = Duration::from_mins(1);

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

/// What clients are granted.
#[derive(Clone, Copy, Debug)]
pub struct Clients {
    /// Connections at once; those beyond are closed.
    pub connections: usize,
    /// How long a client may keep the service waiting: for a request, for the next piece of its body, and until the next
    /// piece of the answer is taken.
    pub patience: Duration,
}

impl Default for Clients {
    fn default() -> Self {
        Self { connections: 2048, patience: Duration::from_mins(1) }
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
    clients: Clients,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let handle = Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        stop.await;
        ending.graceful_shutdown(Some(GRACE));
    });
    let application = application.layer(RequestBodyTimeoutLayer::new(clients.patience));
    let application = application.into_make_service_with_connect_info::<SocketAddr>();
    let doorman = Doorman::new(clients.connections, clients.patience);
    let server = axum_server::from_tcp(listening.listener)?.handle(handle);
    match tls {
        None => careful(server.acceptor(doorman), clients).serve(application).await?,
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls::load(tls, RELOAD).await?).acceptor(doorman);
            careful(server.acceptor(acceptor), clients).serve(application).await?;
        }
    }
    Ok(())
}

/// To be called when the server has its acceptor: with another one it would forget this.
fn careful<A>(server: Server<SocketAddr, A>, clients: Clients) -> Server<SocketAddr, A> {
    // HTTP/2 would be asked for by nobody, and has its own ways to exhaust a server.
    let mut server = server.http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(clients.patience);
    server
}
