//! The network for real.

use std::error::Error as _;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Client;
use reqwest::header::RETRY_AFTER;

use super::{Body, Fetch, FetchError};

const CONNECT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A blocking HTTP client over TLS with the system's certificates and proxies. It must not be used on a thread that
/// runs an asynchronous executor.
#[derive(Debug)]
pub struct Http {
    client: Client,
}

impl Http {
    /// A client that calls itself `user_agent`.
    ///
    /// # Errors
    /// The system's certificates or proxies are unusable.
    pub fn new(user_agent: &str) -> Result<Self, FetchError> {
        let client = Client::builder().user_agent(user_agent).connect_timeout(CONNECT).build().map_err(failure)?;
        Ok(Self { client })
    }
}

impl Fetch for Http {
    fn open(&self, url: &str, limit: Duration) -> Result<Body, FetchError> {
        let response = self.client.get(url).timeout(limit).send().map_err(failure)?;
        let status = response.status();
        if !status.is_success() {
            let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(FetchError {
                reason: format!("the server answered {status}"),
                transient: status.is_server_error()
                    || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT),
                retry_after: seconds.map(Duration::from_secs),
            });
        }
        let length = response.content_length();
        Ok(Body { reader: Box::new(response), length })
    }

    fn wait(&self, attempt: u32, error: &FetchError) {
        let doubled = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10));
        std::thread::sleep(error.retry_after.unwrap_or(doubled).min(LONGEST_PAUSE));
    }
}

/// The whole chain, because the outermost part of these errors only repeats the address.
fn failure(error: reqwest::Error) -> FetchError {
    let transient = error.is_timeout() || error.is_connect() || error.is_request() || error.is_body();
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        cause = inner.source();
    }
    FetchError { reason, transient, retry_after: None }
}
