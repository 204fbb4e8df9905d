//! Connections: only so many at once, and none for those who take nothing of what they asked for.

use std::{
    future::{Future as _, Ready, ready},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum_server::accept::Accept;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};

/// Accepts connections as long as there are not too many; closes others at once.
#[derive(Clone)]
pub(super) struct Doorman {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Doorman {
    /// Whoever takes nothing for longer than `patience` is dropped.
    pub(super) fn new(connections: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS))), patience }
    }
}

impl<S> Accept<TcpStream, S> for Doorman {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::warn!("there are as many connections as there may be: another is closed");
            return ready(Err(io::ErrorKind::ConnectionRefused.into()));
        };
        // Answers are written at once, not when the client has acknowledged what came before.
        let accepted = stream.set_nodelay(true);
        let connection = Connection { stream, patience: self.patience, stalled: None, _place: place };
        ready(accepted.map(|()| (connection, service)))
    }
}

/// A connection that ends when what is written is not taken for too long.
pub(super) struct Connection {
    stream: TcpStream,
    patience: Duration,
    /// Ends when the client has taken nothing for too long; there while it takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// What became of an attempt to write, unless there were none but vain ones for too long.
    fn written<T>(&mut self, context: &mut Context<'_>, attempt: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if attempt.is_ready() {
            self.stalled = None;
            return attempt;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
