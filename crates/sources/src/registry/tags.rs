//! The tags of a repository, page by page.

use std::collections::HashSet;

use reqwest::{
    Url,
    header::{HeaderMap, LINK},
};
use serde::Deserialize;

use super::{Registry, client::Question};
use crate::{
    documents::json,
    error::Error,
    limits,
    reference::{Reference, is_tag},
};

/// What most registries send at most.
const PAGE: usize = 1000;

/// Tags in the order of the registry, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    pub names: Vec<String>,
    /// Whether the repository has no more than these.
    pub complete: bool,
}

impl Registry {
    /// At most `limit` tags of the repository of a reference, whose own tag plays no part. What could not be a tag is left
    /// out.
    pub fn tags(&self, reference: &Reference, limit: usize) -> Result<Tags, Error> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let repository = self.repository(reference)?;
        let what = format!("list of tags of {}/{}", reference.registry, reference.repository);
        let mut names = Vec::new();
        let mut known = HashSet::new();
        let mut asked = HashSet::new();
        let mut query = format!("n={}", limit.clamp(1, PAGE));
        loop {
            if asked.len() == limits::TAG_PAGES {
                return Err(Error::TooMany { what: format!("pages of the {what}"), limit: limits::TAG_PAGES });
            }
            if !asked.insert(query.clone()) {
                return Err(Error::malformed(what, "its pages lead in a circle"));
            }
            let path = format!("tags/list?{query}");
            let question = Question::new(&repository.path, &path, &what);
            let (headers, bytes) = self.client.document(&question, limits::TAG_PAGE_BYTES)?;
            let page: Page = json(&bytes, &what)?;
            for tag in page.tags.unwrap_or_default() {
                if !is_tag(&tag) || known.contains(&tag) {
                    continue;
                }
                if names.len() == limit {
                    return Ok(Tags { names, complete: false });
                }
                known.insert(tag.clone());
                names.push(tag);
            }
            match next_query(&headers, self.client.base()) {
                Some(_) if names.len() == limit => return Ok(Tags { names, complete: false }),
                Some(next) => query = next,
                None => return Ok(Tags { names, complete: true }),
            }
        }
    }
}

/// The query of `<…?last=x&n=10>; rel="next"`. Host and path stay ours: a page may not lead elsewhere, and registries behind
/// proxies often name themselves wrongly.
fn next_query(headers: &HeaderMap, base: &Url) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let targets = links.flat_map(|value| value.split('<').skip(1)).filter_map(|link| link.split_once('>'));
    let is_next = |parameters: &str| {
        parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        })
    };
    let (target, _) = { targets }.find(|(_, parameters)| is_next(parameters))?;
    base.join(target).ok()?.query().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_next_page_is_found_however_the_registry_writes_it() {
        let base = Url::parse("https://r.example/v2/").unwrap();
        let next = |link: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, link.parse().unwrap());
            next_query(&headers, &base)
        };
        let expected = Some("last=b&n=2".to_owned());
        assert_eq!(next("</v2/app/tags/list?last=b&n=2>; rel=\"next\""), expected);
        assert_eq!(next("<https://other.example/v2/app/tags/list?last=b&n=2>;rel=next"), expected);
        assert_eq!(next("</?first>; rel=\"prev\", <?last=b&n=2>; title=x; rel=\"next\""), expected);
        assert_eq!(next("</v2/app/tags/list?last=b&n=2>; rel=\"prev\""), None);
        assert_eq!(next("rel=\"next\""), None);
        assert_eq!(next("</v2/app/tags/list>; rel=\"next\""), None);
        // What would break a request line comes encoded.
        assert_eq!(next("<?last=a b>; rel=next"), Some("last=a%20b".to_owned()));
    }
    proptest! {
        #[test]
        fn any_link_is_read_without_a_panic_and_leads_nowhere_else(link in "[<>/?a-z=&;\", :@%é]{0,60}") {
            let base = Url::parse("https://r.example/v2/").unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(LINK, HeaderValue::from_bytes(link.as_bytes()).unwrap());
            if let Some(query) = next_query(&headers, &base) {
                let next = base.join(&format!("team/app/tags/list?{query}")).unwrap();
                prop_assert_eq!((next.host_str(), next.path()), (Some("r.example"), "/v2/team/app/tags/list"));
            }
        }
    }
}
