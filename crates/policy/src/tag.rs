//! The name under which an image is evaluated (`spec/policy.md` §2.1).

/// A reference as mappings see it. Nothing is added to what was given: `nginx` is not `library/nginx`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    pub registry: String,
    pub repository: Option<String>,
    pub tag: Option<String>,
    /// `sha256:…`
    pub digest: Option<String>,
    /// 64 hexadecimal digits.
    pub image_id: Option<String>,
}

const DEFAULT_REGISTRY: &str = "docker.io";
const DEFAULT_TAG: &str = "latest";
/// Names without a dot that are registries all the same.
const REGISTRIES: [&str; 4] = [DEFAULT_REGISTRY, "localhost", "localhost.localdomain", "localbuild"];

impl Tag {
    /// Reads a reference; any text is one.
    pub fn parse(input: &str) -> Self {
        let renamed =
            if input.starts_with("dockerhub/") { input.replace("dockerhub/", "docker.io/") } else { input.to_owned() };
        let text = renamed.trim();
        if text.starts_with("sha256:") {
            return Self { registry: DEFAULT_REGISTRY.into(), digest: Some(text.into()), ..Self::default() };
        }
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Self { image_id: Some(text.into()), ..Self::default() };
        }
        let is_registry = |name: &str| name.contains([':', '.']) || REGISTRIES.contains(&name);
        let (registry, rest) = match text.split_once('/') {
            Some((first, rest)) if is_registry(first) => (first, rest),
            _ => (DEFAULT_REGISTRY, text),
        };
        let named = |repository: &str| Self {
            registry: registry.into(),
            repository: Some(repository.into()),
            ..Self::default()
        };
        let (repository, tag) = match rest.rsplit_once('@') {
            Some((repository, "")) => (repository, ""),
            Some((repository, digest)) => return Self { digest: Some(digest.into()), ..named(repository) },
            None => rest.rsplit_once(':').unwrap_or((rest, "")),
        };
        let tag = if tag.is_empty() { DEFAULT_TAG } else { tag };
        Self { tag: Some(tag.into()), ..named(repository) }
    }

    /// `registry/repository:tag`, or the reference by digest where there is no tag.
    pub fn full(&self) -> String {
        match (&self.repository, &self.tag, &self.digest, &self.image_id) {
            (Some(repository), Some(tag), _, _) => format!("{}/{repository}:{tag}", self.registry),
            (Some(repository), None, Some(digest), _) => format!("{}/{repository}@{digest}", self.registry),
            (_, _, Some(digest), _) => format!("{}/{digest}", self.registry),
            (_, _, _, Some(id)) => id.clone(),
            _ => self.registry.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart_as_the_original_did() {
        // spec/policy.md §10.3
        for (input, registry, repository, tag, digest) in [
            ("nginx", "docker.io", "nginx", "latest", ""),
            ("library/nginx:1", "docker.io", "library/nginx", "1", ""),
            ("localhost/nginx", "localhost", "nginx", "latest", ""),
            ("localhost:5000/a/b", "localhost:5000", "a/b", "latest", ""),
            ("my.reg/a:b", "my.reg", "a", "b", ""),
            ("a/b/c", "docker.io", "a/b/c", "latest", ""),
            ("docker.io/library/x@sha256:aa", "docker.io", "library/x", "", "sha256:aa"),
            ("a:1@sha256:zz", "docker.io", "a:1", "", "sha256:zz"),
            ("a@", "docker.io", "a", "latest", ""),
            ("a:", "docker.io", "a", "latest", ""),
            ("docker.io/a:b:c", "docker.io", "a:b", "c", ""),
            ("*/*:*", "docker.io", "*/*", "*", ""),
            ("sha256:abc", "docker.io", "", "", "sha256:abc"),
            ("dockerhub/library/nginx", "docker.io", "library/nginx", "latest", ""),
        ] {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let expected = Tag {
                registry: registry.into(),
                repository: given(repository),
                tag: given(tag),
                digest: given(digest),
                image_id: None,
            };
            assert_eq!(Tag::parse(input), expected, "{input}");
        }
    }

    #[test]
    fn sixty_four_digits_are_an_image_id() {
        let id = "ba88c1775192a660f4cfd31ddcfab9e5f610dcc6f4ca645a098ea6d0672495eb";
        assert_eq!(Tag::parse(id), Tag { image_id: Some(id.into()), ..Tag::default() });
    }
}
