//! Requests to the API of a tracker, where an answer is read and not only judged.

use std::sync::atomic::{AtomicU16, Ordering};

use http::{HeaderName, HeaderValue, Method, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::http::{Answer, Http};
use crate::{Sent, outgoing::Request};

/// Bytes of an answer: a hundred issues with a body of 64 KiB each.
const ANSWER: usize = 8 << 20;

pub(crate) struct Api<'a> {
    http: &'a Http<'a>,
    /// Of the answer that came last; 0 before.
    status: AtomicU16,
}

impl<'a> Api<'a> {
    pub(super) fn new(http: &'a Http<'a>) -> Self {
        Self { http, status: AtomicU16::new(0) }
    }

    pub(crate) fn last_status(&self) -> Option<u16> {
        Some(self.status.load(Ordering::Relaxed)).filter(|status| *status != 0)
    }

    /// # Errors
    /// When there is no answer, or it is none of success.
    pub(crate) async fn call(
        &self,
        method: Method,
        url: Url,
        headers: &[(HeaderName, String)],
        body: Option<&Value>,
    ) -> Result<Answer, Sent> {
        let json = HeaderValue::from_static("application/json");
        let mut request = Request::post(url, json, body.map(|body| body.to_string().into_bytes()).unwrap_or_default());
        request.method = method;
        if body.is_none() {
            request.headers.remove(header::CONTENT_TYPE);
        }
        for (name, value) in headers {
            request = request
                .header(name.clone(), value, name.as_str())
                .map_err(|error| Sent::Failed { reason: error.to_string() })?;
        }
        let answer = self.http.exchange(request, ANSWER).await?;
        self.status.store(answer.status.as_u16(), Ordering::Relaxed);
        if answer.status.is_success() { Ok(answer) } else { Err(answer.judged()) }
    }
}

impl Answer {
    /// # Errors
    /// When it is not what the API is said to answer.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Sent> {
        let misread = |reason: String| Sent::Refused {
            status: Some(self.status.as_u16()),
            retry_after: None,
            permanent: false,
            reason,
            excerpt: self.excerpt(),
        };
        if self.cut {
            return Err(misread(format!("its answer is longer than {ANSWER} bytes")));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| misread(format!("its answer is not what such a server answers ({error}): check the URL")))
    }
}
