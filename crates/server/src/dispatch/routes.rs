//! Which operation a path means (`spec/api.md` A1.1).

use std::collections::HashMap;

use axum::http::{HeaderMap, Method};
use matchit::Router;

use crate::{
    description::Document,
    operation::{Operation, PathArguments},
    web::{File, Pages},
};

/// What a path leads to.
pub(super) enum Found<'a> {
    Operation(&'a Operation, PathArguments),
    /// A document that describes the API.
    Document(&'a Document),
    /// A file of the web pages.
    Page(&'a File),
    /// There is something, but it does not have the method; it has these.
    Methods(Vec<Method>),
    Nothing,
}

/// Every path there is.
pub(super) struct Routes {
    router: Router<usize>,
    /// By path: the operations on it.
    resources: Vec<Vec<Operation>>,
    documents: HashMap<&'static str, Document>,
    pages: Pages,
}

impl Routes {
    pub(super) fn new(operations: Vec<Operation>, documents: Vec<Document>) -> Self {
        let mut router = Router::new();
        let mut resources: Vec<Vec<Operation>> = Vec::new();
        for operation in operations {
            if let Some(resource) = resources.iter_mut().find(|resource| resource[0].path == operation.path) {
                resource.push(operation);
            } else {
                let inserted = router.insert(operation.path, resources.len());
                inserted.expect("the table's paths do not contradict each other");
                resources.push(vec![operation]);
            }
        }
        let documents = documents.into_iter().map(|document| (document.path, document)).collect();
        Self { router, resources, documents, pages: Pages::new() }
    }

    /// `headers` say whether a browser asks.
    pub(super) fn find(&self, method: &Method, path: &str, headers: &HeaderMap) -> Found<'_> {
        let is_read = [Method::GET, Method::HEAD].contains(method);
        if let Some(file) = self.pages.find(path, headers) {
            return if is_read { Found::Page(file) } else { Found::Methods(vec![Method::GET]) };
        }
        let Some(path) = normalise(path) else { return Found::Nothing };
        if let Some(document) = self.documents.get(path.as_str()) {
            return if is_read { Found::Document(document) } else { Found::Methods(vec![Method::GET]) };
        }
        let Ok(matched) = self.router.at(&path) else { return Found::Nothing };
        let resource = &self.resources[*matched.value];
        // Whoever answers GET answers HEAD, without the body.
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        match resource.iter().find(|operation| operation.method == *wanted) {
            Some(operation) => {
                let arguments = matched.params.iter().map(|(name, value)| (name.to_owned(), decoded(value)));
                Found::Operation(operation, PathArguments::new(arguments.collect()))
            }
            None => Found::Methods(resource.iter().map(|operation| operation.method.clone()).collect()),
        }
    }
}

/// The path as the table has it: without the version in front and a slash behind, and decoded but for slashes, which belong
/// to a name where they are encoded: policy bundles, accounts and users may have them in theirs.
fn normalise(path: &str) -> Option<String> {
    let kept = path.replace("%25", "%2525").replace("%2F", "%252F").replace("%2f", "%252F");
    let path = percent_encoding::percent_decode_str(&kept).decode_utf8().ok()?;
    let path = match path.strip_prefix("/v1") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => &path,
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    Some(if path.is_empty() { "/".to_owned() } else { path.to_owned() })
}

/// What a parameter of a path that was normalised says.
fn decoded(value: &str) -> String {
    value.replace("%2F", "/").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_mean_the_same_with_and_without_version_slash_and_encoding() {
        for (given, meant) in [
            ("/v1", "/"),
            ("/v1/", "/"),
            ("", "/"),
            ("/images", "/images"),
            ("/v1/images/", "/images"),
            ("/v1/images/sha256%3Aabc", "/images/sha256:abc"),
            ("/registries/a.example/team/%2A", "/registries/a.example/team/*"),
            ("/policies/a%2fb/", "/policies/a%2Fb"),
            ("/v10", "/v10"),
            ("/v2/version", "/v2/version"),
        ] {
            assert_eq!(normalise(given).as_deref(), Some(meant), "{given}");
        }
        assert_eq!(normalise("/%ff"), None);
    }

    #[test]
    fn a_name_is_what_was_encoded_whatever_is_in_it() {
        for name in ["a/b", "/", "50%", "%2F", "%252f", "%25", "ä"] {
            let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string();
            let path = normalise(&encoded).unwrap();
            assert!(!path.contains('/'), "{path}");
            assert_eq!(decoded(&path), name);
        }
    }
}
