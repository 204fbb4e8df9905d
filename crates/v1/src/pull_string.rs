//! What images are asked for by (`spec/api.md` A4.2).

use std::fmt;

use windlass_policy::Tag;

/// A reference in the form that clients give: `alpine`, `registry.example:5000/shop/web:3.1`, `alpine@sha256:…`,
/// `sha256:…` or the 64 digits of an image id.
///
/// Names are kept as given: neither is `library/` inserted nor taken away.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PullString {
    Tag(TagReference),
    Digest(DigestReference),
    /// 64 hexadecimal digits.
    ImageId(String),
}

/// A name by which a registry has an image for now.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagReference {
    /// `docker.io` where the text names none.
    pub registry: String,
    pub repo: String,
    /// `latest` where the text names none.
    pub tag: String,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DigestReference {
    /// `docker.io` where the text names none.
    pub registry: String,
    /// `None` for a digest alone.
    pub repo: Option<String>,
    /// The tag that stands before the digest.
    pub tag: Option<String>,
    /// As it was given: `sha256:…`
    pub digest: String,
}

/// A text that is no pull string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no image reference: {reason} (expected REPOSITORY:TAG, REPOSITORY@sha256:DIGEST or an image id)")]
pub struct InvalidPullString {
    /// The text, cut off after 256 bytes.
    pub text: String,
    pub reason: &'static str,
}

/// Longer texts are no references of any registry.
const LENGTH_LIMIT: usize = 1024;

impl PullString {
    pub fn parse(text: &str) -> Result<Self, InvalidPullString> {
        let invalid = |reason| {
            let cut = (0..=256.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
            InvalidPullString { text: text[..cut].to_owned(), reason }
        };
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"@:/_.-".contains(&byte);
        match text {
            "" => return Err(invalid("it is empty")),
            _ if text.len() > LENGTH_LIMIT => return Err(invalid("it is longer than 1024 characters")),
            _ if !text.bytes().all(is_allowed) => {
                return Err(invalid("only letters, digits and @ : / _ . - may be in it"));
            }
            _ => {}
        }
        let Tag { registry, repository, tag, digest, image_id } = Tag::parse(text);
        let parsed = match (image_id, repository, tag, digest) {
            (Some(id), ..) => Self::ImageId(id),
            (_, Some(repo), Some(tag), None) => Self::Tag(TagReference { registry, repo, tag }),
            (_, repo, _, Some(digest)) => {
                let (repo, tag) = match repo.as_deref().and_then(|repo| repo.rsplit_once(':')) {
                    Some((name, tag)) => (Some(name.to_owned()), Some(tag.to_owned())),
                    None => (repo, None),
                };
                Self::Digest(DigestReference { registry, repo, tag, digest })
            }
            _ => return Err(invalid("it names neither a tag nor a digest")),
        };
        parsed.flaw().map_or(Ok(parsed), |reason| Err(invalid(reason)))
    }

    /// Why no registry can have it.
    fn flaw(&self) -> Option<&'static str> {
        let (repo, tag, digest) = match self {
            Self::ImageId(_) => return None,
            Self::Tag(TagReference { repo, tag, .. }) => (Some(repo), Some(tag), None),
            Self::Digest(DigestReference { repo, tag, digest, .. }) => (repo.as_ref(), tag.as_ref(), Some(digest)),
        };
        if repo.is_some_and(|repo| repo.trim_matches('/').is_empty()) {
            return Some("it names no repository");
        }
        if repo.is_some_and(|repo| repo.contains([':', '@'])) {
            return Some("there is : or @ in its repository");
        }
        if tag.is_some_and(|tag| tag.is_empty() || tag.contains(['/', '@'])) {
            return Some("its tag is none");
        }
        digest
            .is_some_and(|digest| !digest.contains(':') || digest.contains(['/', '@']))
            .then_some("its digest is none")
    }

    /// The digest, where it is a reference by one.
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::Digest(reference) => Some(&reference.digest),
            Self::Tag(_) | Self::ImageId(_) => None,
        }
    }
}

impl std::str::FromStr for PullString {
    type Err = InvalidPullString;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for PullString {
    /// The full form: with registry and tag.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(reference) => reference.fmt(f),
            Self::Digest(reference) => reference.fmt(f),
            Self::ImageId(id) => f.write_str(id),
        }
    }
}

impl TagReference {
    /// `registry/repo`, by which repositories are subscribed to.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.repo)
    }

    /// The same repository by digest: `registry/repo@sha256:…`
    pub fn at(&self, digest: &str) -> String {
        format!("{}/{}@{digest}", self.registry, self.repo)
    }
}

impl fmt::Display for TagReference {
    /// `registry/repo:tag`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.registry, self.repo, self.tag)
    }
}

impl fmt::Display for DigestReference {
    /// `registry/repo@sha256:…`, or the digest alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(repo) = &self.repo else { return f.write_str(&self.digest) };
        write!(f, "{}/{repo}", self.registry)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        write!(f, "@{}", self.digest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn full(text: &str) -> String {
        PullString::parse(text).unwrap().to_string()
    }

    #[test]
    fn names_are_completed_and_never_changed() {
        for (given, expected) in [
            ("alpine", "docker.io/alpine:latest"),
            ("library/alpine:3", "docker.io/library/alpine:3"),
            ("docker.io/alpine", "docker.io/alpine:latest"),
            ("localhost/alpine", "localhost/alpine:latest"),
            ("localbuild/alpine", "localbuild/alpine:latest"),
            ("host:5000/a/b:c", "host:5000/a/b:c"),
            ("reg.local/a", "reg.local/a:latest"),
            ("a/b/c", "docker.io/a/b/c:latest"),
            ("alpine@sha256:ab", "docker.io/alpine@sha256:ab"),
            ("host:5000/a:1@sha256:ab", "host:5000/a:1@sha256:ab"),
            ("sha256:ab", "sha256:ab"),
        ] {
            assert_eq!(full(given), expected, "{given}");
        }
    }

    #[test]
    fn a_tag_before_a_digest_is_no_part_of_the_repository() {
        let PullString::Digest(reference) = PullString::parse("a/b:1@sha256:ab").unwrap() else { panic!("a digest") };
        assert_eq!((reference.repo.as_deref(), reference.tag.as_deref()), (Some("a/b"), Some("1")));
        assert_eq!(PullString::parse("sha256:ab").unwrap().digest(), Some("sha256:ab"));
    }

    #[test]
    fn sixty_four_digits_are_an_image_id() {
        let id = "ba88c1775192a660f4cfd31ddcfab9e5f610dcc6f4ca645a098ea6d0672495eb";
        assert_eq!(PullString::parse(id), Ok(PullString::ImageId(id.into())));
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "it is empty"),
            ("a b", "only letters, digits and @ : / _ . - may be in it"),
            ("a;b", "only letters, digits and @ : / _ . - may be in it"),
            ("docker.io/", "it names no repository"),
            ("docker.io//", "it names no repository"),
            (":", "it names no repository"),
            ("@sha256:ab", "it names no repository"),
            ("::", "there is : or @ in its repository"),
            ("a:b:c", "there is : or @ in its repository"),
            ("a@b@sha256:ab", "there is : or @ in its repository"),
            ("a/b:c/d", "its tag is none"),
            ("a:@sha256:ab", "its tag is none"),
            ("a@ab", "its digest is none"),
        ] {
            assert_eq!(PullString::parse(text).unwrap_err().reason, reason, "{text}");
        }
        let long = PullString::parse(&"é".repeat(1000)).unwrap_err();
        assert!(long.text.len() <= 256);
    }

    proptest! {
        #[test]
        fn the_full_form_means_the_same(text in "[a-z0-9./:@_-]{1,40}") {
            if let Ok(reference) = PullString::parse(&text) {
                let again = PullString::parse(&reference.to_string());
                prop_assert_eq!(again.as_ref(), Ok(&reference), "{}", reference);
            }
        }

        #[test]
        fn parts_are_told_apart(
            registry in "[a-z]{1,8}(\\.[a-z]{2,3})(:[0-9]{2,4})?",
            repo in "[a-z0-9_-]{1,8}(/[a-z0-9._-]{1,8}){0,3}",
            tag in "[A-Za-z0-9_][A-Za-z0-9._-]{0,20}",
            digest in "[0-9a-f]{64}",
        ) {
            let expected = TagReference { registry, repo, tag };
            prop_assert_eq!(PullString::parse(&expected.to_string()), Ok(PullString::Tag(expected.clone())));
            let digest = format!("sha256:{digest}");
            let by_digest = PullString::parse(&expected.at(&digest)).unwrap();
            prop_assert_eq!(by_digest.digest(), Some(digest.as_str()));
            prop_assert_eq!(by_digest.to_string(), expected.at(&digest));
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,300}") {
            let _ = PullString::parse(&text);
        }
    }
}
