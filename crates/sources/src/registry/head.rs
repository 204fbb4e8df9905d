//! Whether a tag has moved, for the price of a request that most registries do not count as a pull.

use std::time::Duration;

use reqwest::{Method, header::HeaderMap};
use windlass_image::Digest;

use super::{Registry, client::Question, description::Repository};
use crate::{error::Error, reference::Reference, selection::Store as _};

/// What a tag stands for at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Of the manifest, or of the index if the tag stands for one.
    pub digest: Digest,
    /// How many further requests the registry allows, if it says.
    pub rate_limit: Option<RateLimit>,
}

/// `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`, as Docker Hub has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub limit: u64,
    pub remaining: u64,
    pub window: Option<Duration>,
}

impl Registry {
    /// The digest of a tag, by `HEAD`; where a registry does not answer that with a digest, the manifest is fetched.
    ///
    /// A registry that takes no more requests is [`Error::RateLimited`], after the attempts that the options allow.
    pub fn head_digest(&self, reference: &Reference) -> Result<Head, Error> {
        let repository = self.repository(reference)?;
        let selector = reference.digest.as_ref().map_or(reference.tag_or_latest(), Digest::as_str);
        let what = format!("manifest {selector} of {}", repository.name());
        let (path, accept) = (format!("manifests/{selector}"), Repository::accepted_types());
        let headers = vec![("accept", accept.as_str())];
        let question = Question { headers, ..Question::new(&repository.path, &path, &what) };
        let rate_limit = match self.client.ask(&Method::HEAD, &question) {
            Ok(answer) => {
                let rate_limit = rate_limit(answer.headers());
                let digest = answer.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
                if let Some(digest) = digest.and_then(|digest| digest.trim().parse().ok()) {
                    return Ok(Head { digest, rate_limit });
                }
                rate_limit
            }
            // Proxies and old registries know the method not at all, or not here.
            Err(Error::Answered { status: 400 | 405 | 501, .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Head { digest: Digest::of(&repository.fetch(selector)?), rate_limit })
    }
}

fn rate_limit(headers: &HeaderMap) -> Option<RateLimit> {
    let value = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?;
        let (count, parameters) = text.split_once(';').unwrap_or((text, ""));
        Some((count.trim().parse::<u64>().ok()?, parameters))
    };
    let (limit, parameters) = value("ratelimit-limit")?;
    let (remaining, _) = value("ratelimit-remaining")?;
    let window = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("w=")?.parse().ok());
    Some(RateLimit { limit, remaining, window: window.map(Duration::from_secs) })
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
            rate_limit(&headers)
        };
        let window = Some(Duration::from_hours(6));
        let expected = Some(RateLimit { limit: 100, remaining: 76, window });
        assert_eq!(read("100;w=21600", "76;w=21600"), expected);
        assert_eq!(read("10", "0"), Some(RateLimit { limit: 10, remaining: 0, window: None }));
        assert_eq!(read("many", "0"), None);
        assert_eq!(rate_limit(&HeaderMap::new()), None);
    }
}
