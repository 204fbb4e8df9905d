use std::io::Read;
use std::time::Duration;

/// The network, as far as this crate needs it. [`crate::Http`] is the real one; tests answer from memory.
pub trait Fetch {
    /// Opens `url` (`http` or `https`); the whole exchange, body included, shall take no longer than `limit`.
    fn open(&self, url: &str, limit: Duration) -> Result<Body, FetchError>;

    /// Waits before the `attempt`th repetition (1 is the first) of what failed with `error`.
    fn wait(&self, attempt: u32, error: &FetchError);
}

/// An answer being received.
pub struct Body {
    pub reader: Box<dyn Read>,
    /// What the server announced.
    pub length: Option<u64>,
}

/// Why an address gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct FetchError {
    pub reason: String,
    /// Trying again may help.
    pub transient: bool,
    /// How long the server asked to be left alone.
    pub retry_after: Option<Duration>,
}
