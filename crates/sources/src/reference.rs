//! Image references: `[host[:port]/]repository[:tag][@digest]`.
//!
//! The grammar is that of the `distribution/reference` package; what is left out is filled in as docker does: the host is
//! `docker.io`, a repository of one part there lies under `library/`, and the tag is `latest`. Names that are stored keep
//! the form they were given ([`Reference::as_given`]); only requests to Docker Hub then say `library/`.

use std::{borrow::Cow, fmt, str::FromStr};

use windlass_image::Digest;

use crate::error::Error;

/// Docker Hub under the name users give it; its API answers under two others.
const HUB: &str = "docker.io";
const HUB_NAMES: &[&str] = &[HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// Bytes of host and repository together.
const NAME_BYTES: usize = 255;
const TAG_BYTES: usize = 128;
const TOO_LONG: &str = "it is longer than 255 characters";

/// Names an image in a registry. With a digest, the tag is no more than a remark.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    /// With its port; `docker.io` for Docker Hub.
    pub registry: String,
    /// With `library/` where Docker Hub implies it, unless it was taken [as given](Reference::as_given).
    pub repository: String,
    pub tag: Option<String>,
    pub digest: Option<Digest>,
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::InvalidReference {
            input: text.chars().take(200).collect(),
            reason: reason.to_owned(),
        };
        if is_image_id(text) {
            return Err(invalid("it is an image ID, which only a daemon knows"));
        }
        let (rest, digest) = match text.split_once('@') {
            None => (text, None),
            Some((rest, digest)) => {
                (rest, Some(digest.parse::<Digest>().map_err(|error| invalid(&error.to_string()))?))
            }
        };
        let (first, path) = rest.split_once('/').unwrap_or(("", rest));
        let names_host = first.contains(['.', ':']) || first == "localhost";
        let (host, path) = if names_host { (first, path) } else { (HUB, rest) };
        // Only the last part can carry a tag, so that a port is not taken for one.
        let tag_at = path.rfind(':').filter(|colon| !path[*colon..].contains('/'));
        let (path, tag) = tag_at.map_or((path, None), |colon| (&path[..colon], Some(&path[colon + 1..])));

        check_names(host, path, tag).map_err(invalid)?;
        let registry = if HUB_NAMES.contains(&host) { HUB.to_owned() } else { host.to_owned() };
        let repository =
            if registry == HUB && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        if registry.len() + 1 + repository.len() > NAME_BYTES {
            return Err(invalid(TOO_LONG));
        }
        Ok(Self { registry, repository, tag: tag.map(str::to_owned), digest })
    }
}

impl Reference {
    /// An image by names that stay as they are: `docker.io` with `alpine` is not `docker.io` with `library/alpine`, though
    /// both ask Docker Hub for the same (quirk K8 of the v1 API). Refuses what could not be part of a reference.
    pub fn as_given(
        registry: &str,
        repository: &str,
        tag: Option<&str>,
        digest: Option<Digest>,
    ) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::InvalidReference {
            input: format!("{registry}/{repository}").chars().take(200).collect(),
            reason: reason.to_owned(),
        };
        check_names(registry, repository, tag).map_err(invalid)?;
        if registry.len() + 1 + repository.len() > NAME_BYTES {
            return Err(invalid(TOO_LONG));
        }
        Ok(Self { registry: registry.into(), repository: repository.into(), tag: tag.map(str::to_owned), digest })
    }

    /// The host its API answers under.
    pub fn api_host(&self) -> &str {
        api_host(&self.registry)
    }

    /// The repository as its registry's API is asked for it.
    pub fn api_repository(&self) -> Cow<'_, str> {
        if HUB_NAMES.contains(&self.registry.as_str()) && !self.repository.contains('/') {
            Cow::Owned(format!("library/{}", self.repository))
        } else {
            Cow::Borrowed(&self.repository)
        }
    }

    /// The tag that is meant if there is no digest.
    pub fn tag_or_latest(&self) -> &str {
        self.tag.as_deref().unwrap_or("latest")
    }

    /// `registry/repository:tag`; nothing for a reference by digest alone.
    pub fn full_tag(&self) -> Option<String> {
        if self.digest.is_some() && self.tag.is_none() {
            return None;
        }
        Some(format!("{}/{}:{}", self.registry, self.repository, self.tag_or_latest()))
    }

    /// `registry/repository@digest`, Docker Hub under the name its own clients record: `index.docker.io`.
    pub fn with_digest(&self, digest: &Digest) -> String {
        let registry = if self.registry == HUB { "index.docker.io" } else { &self.registry };
        format!("{registry}/{}@{digest}", self.repository)
    }

    /// Whether two host names are one registry, as far as credentials go.
    pub(crate) fn same_registry(one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other) || (HUB_NAMES.contains(&one) && HUB_NAMES.contains(&other))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match (&self.tag, &self.digest) {
            (None, None) => write!(f, ":latest"),
            (Some(tag), None) => write!(f, ":{tag}"),
            (None, Some(digest)) => write!(f, "@{digest}"),
            (Some(tag), Some(digest)) => write!(f, ":{tag}@{digest}"),
        }
    }
}

/// The host a registry's API answers under.
pub(crate) fn api_host(registry: &str) -> &str {
    if HUB_NAMES.contains(&registry) { "registry-1.docker.io" } else { registry }
}

/// What keeps these from being the parts of a reference.
fn check_names(host: &str, repository: &str, tag: Option<&str>) -> Result<(), &'static str> {
    if !is_host(host) {
        return Err("the registry is not a host name with an optional port");
    }
    if repository.is_empty() {
        return Err("the repository is empty");
    }
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the repository must be lower case");
    }
    if !repository.split('/').all(is_path_component) {
        return Err(
            "a part of the repository may hold a-z, 0-9 and, between them, one . or _, two __ or any number of -",
        );
    }
    match tag {
        Some(tag) if !is_tag(tag) => Err("a tag has 1 to 128 of the characters a-z, A-Z, 0-9, _, . and -"),
        _ => Ok(()),
    }
}

/// `sha256:…` alone, or its digits alone.
pub(crate) fn is_image_id(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The full form of a tag a daemon or an archive recorded, where it is a reference at all.
pub(crate) fn canonical_tag(tag: String) -> String {
    tag.parse::<Reference>().ok().and_then(|reference| reference.full_tag()).unwrap_or(tag)
}

pub(crate) fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port.strip_prefix(':')),
            _ => return false,
        },
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    let labels = || name.split('.');
    let is_label = |label: &str| {
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = label.as_bytes();
        edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    labels().all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_path_component(part: &str) -> bool {
    let mut separator = String::new();
    for character in part.chars() {
        if character.is_ascii_lowercase() || character.is_ascii_digit() {
            if !matches!(separator.as_str(), "" | "." | "_" | "__") && !separator.bytes().all(|byte| byte == b'-') {
                return false;
            }
            separator.clear();
        } else if matches!(character, '.' | '_' | '-') {
            separator.push(character);
        } else {
            return false;
        }
    }
    let first = part.bytes().next();
    separator.is_empty() && first.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

pub(crate) fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= TAG_BYTES
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn what_is_left_out_is_filled_in_as_docker_does() {
        for (text, full) in [
            ("debian", "docker.io/library/debian:latest"),
            ("debian:12", "docker.io/library/debian:12"),
            ("index.docker.io/debian", "docker.io/library/debian:latest"),
            ("grafana/loki:3", "docker.io/grafana/loki:3"),
            ("registry:5000/team/app:1.0", "registry:5000/team/app:1.0"),
            ("localhost/app", "localhost/app:latest"),
            ("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
            ("[::1]:5000/app:x", "[::1]:5000/app:x"),
            ("ghcr.io/a/b__c/d-e.f:V1", "ghcr.io/a/b__c/d-e.f:V1"),
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), full, "{text}");
        }
    }

    #[test]
    fn a_digest_may_come_with_or_without_a_tag() {
        let both: Reference = format!("debian:12@{DIGEST}").parse().unwrap();
        assert_eq!((both.tag.as_deref(), both.digest.as_ref().unwrap().as_str()), (Some("12"), DIGEST));
        let bare: Reference = format!("ghcr.io/a/b@{DIGEST}").parse().unwrap();
        assert_eq!((bare.full_tag(), bare.tag.clone()), (None, None));
        assert_eq!(both.with_digest(&DIGEST.parse().unwrap()), format!("index.docker.io/library/debian@{DIGEST}"));
    }

    #[test]
    fn names_that_are_stored_keep_their_form_and_the_hub_is_asked_for_its_own() {
        for (registry, repository, host, asked) in [
            ("docker.io", "alpine", "registry-1.docker.io", "library/alpine"),
            ("docker.io", "library/alpine", "registry-1.docker.io", "library/alpine"),
            ("index.docker.io", "team/app", "registry-1.docker.io", "team/app"),
            ("localhost:5000", "alpine", "localhost:5000", "alpine"),
            ("localbuild", "alpine", "localbuild", "alpine"),
        ] {
            let reference = Reference::as_given(registry, repository, Some("3.20"), None).unwrap();
            assert_eq!(reference.to_string(), format!("{registry}/{repository}:3.20"));
            assert_eq!((reference.api_host(), reference.api_repository().as_ref()), (host, asked));
        }
        for (registry, repository, tag) in
            [("a/b", "c", None), ("a", "../c", None), ("a", "c", Some("x/../y")), ("", "c", None)]
        {
            assert!(Reference::as_given(registry, repository, tag, None).is_err(), "{registry} {repository} {tag:?}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (text, says) in [
            ("", "empty"),
            ("Debian", "lower case"),
            ("debian:", "a tag has"),
            ("debian:a b", "a tag has"),
            ("de..bian", "a part of the repository"),
            ("-debian", "a part of the repository"),
            ("a//b", "a part of the repository"),
            ("a/../b", "a part of the repository"),
            ("debian@sha512:abc", "is not a digest"),
            ("host:99999/app", "the registry is not"),
            ("exa$mple.com/app", "the registry is not"),
            (DIGEST, "an image ID"),
            (&"a/".repeat(200), "a part of the repository"),
            (&"a".repeat(300), "longer than"),
        ] {
            let error = text.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn anything_is_a_reference_or_an_error_and_references_survive_printing(text in "[a-zA-Z0-9:/@._\\[\\]é-]{0,80}") {
            if let Ok(reference) = text.parse::<Reference>() {
                let printed: Reference = reference.to_string().parse().unwrap();
                prop_assert_eq!(&printed.repository, &reference.repository);
                prop_assert_eq!(&printed.registry, &reference.registry);
                prop_assert!(!reference.repository.contains(".."));
            }
        }
    }
}
