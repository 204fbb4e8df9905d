//! A letter handed to a relay.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters},
        commands,
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
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

/// Hands it over, for all of those it is for that the relay takes it for; it is the relay's business from then on.
pub(super) async fn send(mail: &Mail, guard: &Guard, verify: bool, trusted: &[&str]) -> Sent {
    match deliver(mail, guard, verify, trusted).await {
        Ok(Delivered { status, excerpt, refusals, .. }) if refusals.is_empty() => Sent::Accepted { status, excerpt },
        Ok(Delivered { status, excerpt, taken, refusals }) => {
            let permanent = refusals.iter().all(|refusal| refusal.error.is_permanent());
            let refused: Vec<String> = refusals.iter().map(Refusal::told).collect();
            let reason = refused.join("; ");
            if taken == 0 {
                return Sent::Refused { status, retry_after: None, permanent, excerpt: excerpt.clone(), reason };
            }
            let (have_it, all) = ((taken | mail.taken).count_ones(), mail.envelope.to().len());
            let reason = format!("{have_it} of {all} recipients have it; {reason}");
            Sent::Partly { status, taken, permanent, reason, excerpt }
        }
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

/// What became of a letter at the relay.
struct Delivered {
    status: Option<u16>,
    excerpt: String,
    /// By bit, the places of those for whom the relay has it now.
    taken: u64,
    refusals: Vec<Refusal>,
}

/// Somebody for whom the relay does not take it.
struct Refusal {
    address: Address,
    error: Error,
}

impl Refusal {
    fn told(&self) -> String {
        format!("{}: {}", self.address, explained(&self.error))
    }
}

async fn deliver(mail: &Mail, guard: &Guard, verify: bool, trusted: &[&str]) -> Result<Delivered, Trouble> {
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
    let delivered = hand_over(mail, &mut connection).await;
    // The relay has it by now, or not; how it says good-bye changes nothing.
    let _ = connection.quit().await;
    delivered
}

/// One refused recipient keeps it from no other: they are told apart, where the client's own way ends at the first.
async fn hand_over(mail: &Mail, connection: &mut AsyncSmtpConnection) -> Result<Delivered, Trouble> {
    let lacks = |what: &str| Trouble::Connection(format!("{}: the mail server does not know {what}", mail.server));
    let mut parameters = Vec::new();
    let mut addresses = mail.envelope.to().iter().chain(mail.envelope.from());
    if addresses.any(|address| !address.to_string().is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(lacks("SMTPUTF8, which addresses need that are not ASCII"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !mail.content.is_ascii() {
        if !connection.server_info().supports_feature(Extension::EightBitMime) {
            return Err(lacks("8BITMIME, which this letter needs"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection.command(commands::Mail::new(mail.envelope.from().cloned(), parameters)).await?;
    let (mut taken, mut refusals) = (0, Vec::new());
    for (place, address) in mail.envelope.to().iter().enumerate() {
        let bit = 1_u64.checked_shl(u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or_default();
        if mail.taken & bit != 0 {
            continue;
        }
        match connection.command(commands::Rcpt::new(address.clone(), Vec::new())).await {
            Ok(_) => taken |= bit,
            Err(error) if error.status().is_some() => refusals.push(Refusal { address: address.clone(), error }),
            Err(error) => return Err(error.into()),
        }
    }
    if taken == 0 {
        // What may pass decides: it is tried again then.
        let first = refusals.iter().min_by_key(|refusal| refusal.error.is_permanent());
        let status = first.and_then(|first| first.error.status()).and_then(|code| code.to_string().parse().ok());
        let excerpt = first.map(|first| explained(&first.error)).unwrap_or_default();
        return Ok(Delivered { status, excerpt, taken, refusals });
    }
    connection.command(commands::Data).await?;
    let response = connection.message(&mail.content).await?;
    let excerpt = clean(&response.message().collect::<Vec<_>>().join(" "));
    Ok(Delivered { status: response.code().to_string().parse().ok(), excerpt, taken, refusals })
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
    let reason = explained(error);
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

/// An error with its causes, in one line.
fn explained(error: &Error) -> String {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        let text = one.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        cause = one.source();
    }
    clean(&reason)
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
