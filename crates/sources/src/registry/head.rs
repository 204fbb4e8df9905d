//! Whether a tag has moved, for the price of a request that most registries do not count as a pull.

use std::time::Duration;

use reqwest::{Method, header::HeaderMap};
use windlass_image::Digest;

use super::{Registry, client::Question, description::Repository};
use crate::{error::Error, reference::Reference, selection::Store as _};

/// `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`, as Docker Hub has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub limit: u64,
    pub remaining: u64,
    pub window: Option<Duration>,
}

impl RateLimit {
    /// What an answer says of it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = |name: &str| {
            let text = headers.get(name)?.to_str().ok()?;
            let (count, parameters) = text.split_once(';').unwrap_or((text, ""));
            Some((count.trim().parse::<u64>().ok()?, parameters))
        };
        let (limit, parameters) = value("ratelimit-limit")?;
        let (remaining, _) = value("ratelimit-remaining")?;
        let window = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("w=")?.parse().ok());
        Some(Self { limit, remaining, window: window.map(Duration::from_secs) })
    }
}

impl Registry {
    /// How many further requests the registry allows, as the last answer that spoke of it says.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.client.rate_limit()
    }

    /// The digest of the manifest that a tag stands for, or of the index, by `HEAD`; where a registry does not answer that
    /// with a digest, it is fetched.
    ///
    /// A registry that takes no more requests is [`Error::RateLimited`], after the attempts that the options allow.
    pub fn head_digest(&self, reference: &Reference) -> Result<Digest, Error> {
        let repository = self.repository(reference)?;
        let selector = reference.digest.as_ref().map_or(reference.tag_or_latest(), Digest::as_str);
        let what = format!("manifest {selector} of {}", repository.name());
        let (path, accept) = (format!("manifests/{selector}"), Repository::accepted_types());
        let headers = vec![("accept", accept.as_str())];
        let question = Question { headers, ..Question::new(&repository.path, &path, &what) };
        match self.client.ask(&Method::HEAD, &question) {
            Ok(answer) => {
                let digest = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
                if let Some(digest) = digest.and_then(|digest| digest.trim().parse().ok()) {
                    return Ok(digest);
                }
            }
            // Proxies and old registries know the method not at all, or not here.
            Err(Error::Answered { status: 400 | 405 | 501, .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(Digest::of(&repository.fetch(selector)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_rate_limit_is_read_and_anything_else_ignored() {
        let read = |limit: &str, remaining: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("ratelimit-limit", limit.parse().unwrap());
            headers.insert("ratelimit-remaining", remaining.parse().unwrap());
            RateLimit::of(&headers)
        };
        let window = Some(Duration::from_hours(6));
        let expected = Some(RateLimit { limit: 100, remaining: 76, window });
        assert_eq!(read("100;w=21600", "76;w=21600"), expected);
        assert_eq!(read("10", "0"), Some(RateLimit { limit: 10, remaining: 0, window: None }));
        assert_eq!(read("many", "0"), None);
        assert_eq!(RateLimit::of(&HeaderMap::new()), None);
    }
}
