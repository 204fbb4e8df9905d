//! One request and its answer.

use std::{error::Error, time::Duration};

use http::{HeaderMap, StatusCode, header};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::Client;

use super::guard::Guard;
use crate::{Sent, outgoing::Request, wording::clean};

/// Bytes of an answer that are read at all, so that the connection can be used again, and those that are shown.
const ANSWER: usize = 64 << 10;
const EXCERPT: usize = 512;
/// No receiver makes us wait longer.
const LONGEST_WAIT: Duration = Duration::from_hours(24);

pub(crate) struct Http<'a> {
    pub(super) client: Client,
    pub(super) guard: &'a Guard,
    pub(super) patience: Duration,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether there is more of the body.
    pub(crate) cut: bool,
}

impl Http<'_> {
    pub(super) async fn post(&self, request: Request) -> Sent {
        match self.exchange(request, ANSWER).await {
            Ok(answer) => answer.judged(),
            Err(sent) => sent,
        }
    }

    /// Sends it and reads the answer up to so many bytes, whatever it says.
    pub(super) async fn exchange(&self, request: Request, most: usize) -> Result<Answer, Sent> {
        let refused = |reason: String| Sent::Refused {
            status: None,
            retry_after: None,
            permanent: false,
            reason,
            excerpt: String::new(),
        };
        self.guard.check_url(&request.url).map_err(|refusal| refused(refusal.to_string()))?;
        let sent = self
            .client
            .request(request.method, request.url)
            .headers(request.headers)
            .timeout(self.patience)
            .body(request.body)
            .send()
            .await;
        let mut response = sent.map_err(|error| failed(&error))?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        let mut cut = false;
        while let Some(chunk) = response.chunk().await.map_err(|error| failed(&error))? {
            let room = most - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                cut = true;
                break;
            }
        }
        Ok(Answer { status, headers, body, cut })
    }
}

impl Answer {
    /// What the answer means: any 2xx is success (`spec/operations.md` §2.8, D-22).
    pub(crate) fn judged(&self) -> Sent {
        let status = Some(self.status.as_u16());
        if self.status.is_success() {
            return Sent::Accepted { status, excerpt: self.excerpt() };
        }
        let waits = self.wait(Timestamp::now());
        let limited = waits.is_some() && self.status == StatusCode::FORBIDDEN;
        Sent::Refused {
            status,
            retry_after: waits,
            permanent: !limited && is_permanent(self.status),
            reason: self.reason(),
            excerpt: self.excerpt(),
        }
    }

    fn reason(&self) -> String {
        let name = self.status.canonical_reason().map(|name| format!(" {name}")).unwrap_or_default();
        let advice = match self.status {
            status if status.is_redirection() => ": redirects are not followed; set the URL that it leads to",
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ": check the login, and what it may do",
            StatusCode::GONE => ": it is not there any more; delete the endpoint, or set its new URL",
            StatusCode::NOT_FOUND => ": check the URL",
            StatusCode::PAYLOAD_TOO_LARGE => ": it is too long for it; shorten the template",
            _ => "",
        };
        format!("it answered {}{name}{advice}", self.status.as_u16())
    }

    /// The beginning of the body, in one line.
    pub(crate) fn excerpt(&self) -> String {
        let shown = &self.body[..self.body.len().min(EXCERPT)];
        clean(String::from_utf8_lossy(shown).trim())
    }

    /// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), or GitHub's own way to say so.
    fn wait(&self, now: Timestamp) -> Option<Duration> {
        let text = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let until = |moment: Timestamp| Duration::try_from(moment.duration_since(now)).unwrap_or_default();
        let after = text(header::RETRY_AFTER.as_str()).and_then(|value| {
            let seconds = || value.parse().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit()));
            let date = || rfc2822::parse(value).ok().map(|date| until(date.timestamp()));
            seconds().map(Duration::from_secs).or_else(date)
        });
        let reset = || {
            let spent = text("x-ratelimit-remaining") == Some("0");
            let reset = text("x-ratelimit-reset").filter(|_| spent && self.status.is_client_error())?;
            Some(until(Timestamp::from_second(reset.parse().ok()?).ok()?))
        };
        after.or_else(reset).map(|wait| wait.min(LONGEST_WAIT))
    }
}

/// Whether the same request has no prospect with that receiver.
fn is_permanent(status: StatusCode) -> bool {
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => false,
        StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT => true,
        status => status.is_client_error(),
    }
}

/// What went wrong, without the URL, which may be a secret.
fn failed(error: &reqwest::Error) -> Sent {
    if error.is_timeout() {
        return Sent::Failed { reason: "there was no answer in time".into() };
    }
    let mut causes: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        let text = one.to_string();
        if let Some(refusal) = one.downcast_ref::<super::guard::Refusal>()
            && matches!(refusal, super::guard::Refusal::NotPublic { .. })
        {
            return Sent::Refused {
                status: None,
                retry_after: None,
                permanent: false,
                reason: text,
                excerpt: String::new(),
            };
        }
        if !causes.iter().any(|told| told.contains(&text)) {
            causes.push(text);
        }
        cause = one.source();
    }
    let reason = if causes.is_empty() { "the request could not be sent".into() } else { causes.join(": ") };
    Sent::Failed { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: b"no\n<b>\x1b[31m".to_vec(), cut: false }
    }

    /// D-22: the original took every answer but 200 for a failure.
    #[test]
    fn every_2xx_is_success() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(
                answer(status, &[]).judged(),
                Sent::Accepted { status: Some(status), excerpt: "no <b> [31m".into() }
            );
        }
    }

    #[test]
    fn what_has_no_prospect_is_told_from_what_may_pass() {
        let permanent = |status| matches!(answer(status, &[]).judged(), Sent::Refused { permanent: true, .. });
        for status in [400, 401, 403, 404, 410, 413, 422, 301, 308] {
            assert!(permanent(status), "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 302, 307] {
            assert!(!permanent(status), "{status}");
        }
        let reset = "4102444800";
        let limited = answer(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]).judged();
        assert!(
            matches!(limited, Sent::Refused { permanent: false, retry_after: Some(wait), .. } if wait == LONGEST_WAIT)
        );
    }

    #[test]
    fn a_receiver_says_in_seconds_or_by_a_date_how_long_to_wait() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let wait = |value: &str| answer(429, &[("retry-after", value)]).wait(now).map(|wait| wait.as_secs());
        assert_eq!(wait("17"), Some(17));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Sun, 01 Mar 2026 10:01:30 GMT"), Some(90));
        assert_eq!(wait("Sun, 01 Mar 2020 10:01:30 GMT"), Some(0));
        assert_eq!(wait("99999999"), Some(86_400));
        for nonsense in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
            assert_eq!(wait(nonsense), None, "{nonsense}");
        }
    }
}
