//! A letter handed to a relay.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters},
    extension::ClientId,
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{guard::Guard, tls};
use crate::{
    Sent,
    channels::email::{Mail, MailTls},
    wording::clean,
};

/// Bytes that a relay may say; the client would keep a line however long it is.
const REPLIES: usize = 256 << 10;

/// Hands it over; who it is for is the relay's business from then on.
pub(super) async fn send(mail: &Mail, guard: &Guard, verify: bool, trusted: &[&str]) -> Sent {
    match deliver(mail, guard, verify, trusted).await {
        Ok((status, excerpt)) => Sent::Accepted { status, excerpt },
        Err(Trouble::Guard(reason)) => {
            Sent::Refused { status: None, retry_after: None, permanent: false, reason, excerpt: String::new() }
        }
        Err(Trouble::Connection(reason)) => Sent::Failed { reason },
        Err(Trouble::Smtp(error)) => refused(&error),
    }
}

enum Trouble {
    Guard(String),
    Connection(String),
    Smtp(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Smtp(error)
    }
}

async fn deliver(mail: &Mail, guard: &Guard, verify: bool, trusted: &[&str]) -> Result<(Option<u16>, String), Trouble> {
    let hello = ClientId::default();
    let stream = connect(mail, guard).await?;
    let stream: Box<dyn AsyncTokioStream> = match mail.tls {
        MailTls::Tls => {
            let config = tls::configuration(verify, trusted).map_err(Trouble::Connection)?;
            let name = ServerName::try_from(mail.server.clone())
                .map_err(|error| Trouble::Connection(format!("{}: {error}", mail.server)))?;
            let secured = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
            Box::new(Bounded::new(secured.map_err(|error| Trouble::Connection(format!("no TLS: {error}")))?))
        }
        MailTls::None | MailTls::Starttls => Box::new(Bounded::new(stream)),
    };
    let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &hello).await?;
    if mail.tls == MailTls::Starttls {
        connection.starttls(starttls(mail, verify, trusted)?, &hello).await?;
    }
    if let Some((username, password)) = &mail.login {
        let credentials = Credentials::new(username.clone(), password.expose().to_owned());
        connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
    }
    let response = connection.send(&mail.envelope, &mail.content).await?;
    let told = clean(&response.message().collect::<Vec<_>>().join(" "));
    // The relay has it by now; how it says good-bye changes nothing.
    let _ = connection.quit().await;
    Ok((response.code().to_string().parse().ok(), told))
}

async fn connect(mail: &Mail, guard: &Guard) -> Result<TcpStream, Trouble> {
    let addresses = guard.resolve(&mail.server).await.map_err(|refusal| Trouble::Guard(refusal.to_string()))?;
    let addresses: Vec<SocketAddr> = addresses.into_iter().map(|address| SocketAddr::new(address, mail.port)).collect();
    TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|error| Trouble::Connection(format!("{}:{} cannot be reached: {error}", mail.server, mail.port)))
}

fn starttls(mail: &Mail, verify: bool, trusted: &[&str]) -> Result<TlsParameters, Error> {
    let mut parameters = TlsParameters::builder(mail.server.clone()).dangerous_accept_invalid_certs(!verify);
    for pem in trusted {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem.as_bytes())?);
    }
    parameters.build_rustls()
}

/// A reply that says no, or none at all. Neither holds the password.
fn refused(error: &Error) -> Sent {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        let text = one.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        cause = one.source();
    }
    let reason = clean(&reason);
    match error.status() {
        Some(code) => Sent::Refused {
            status: code.to_string().parse().ok(),
            retry_after: None,
            permanent: error.is_permanent(),
            excerpt: reason.clone(),
            reason,
        },
        None => Sent::Failed { reason },
    }
}

/// A connection that is at its end when the other side has said too much.
struct Bounded<S> {
    stream: S,
    left: usize,
}

impl<S> Bounded<S> {
    fn new(stream: S) -> Self {
        Self { stream, left: REPLIES }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the mail server says too much")));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.left = self.left.saturating_sub(buffer.filled().len() - before);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> fmt::Debug for Bounded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> AsyncTokioStream for Bounded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}
