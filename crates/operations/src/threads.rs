//! Threads for what takes long, or waits for what is not asynchronous.

use std::{sync::Arc, thread::available_parallelism};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tracing::Span;

use crate::{Error, Result};

/// As many places as there are processors, for work that takes the time of one: more at once would only take more memory.
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(available_parallelism().map_or(1, usize::from))))
    }
}

impl Room {
    /// Waits for a place, which is free again when what is returned is dropped.
    pub(crate) async fn place(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.map_err(|error| Error::Broken(error.to_string()))
    }
}

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
