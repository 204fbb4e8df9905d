//! Threads for what takes long, or waits for what is not asynchronous.

use tokio::task::JoinHandle;
use tracing::Span;

use crate::{Error, Result};

/// Runs something beside the threads that answer requests. What it logs names the request or job that it is done for.
pub(crate) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}

/// The same, waited for.
///
/// # Errors
/// When it crashed.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|error| Error::Broken(error.to_string()))
}
