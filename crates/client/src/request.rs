//! What is asked of a service.

use reqwest::Method;
use serde::Serialize;

/// One request: method, path below the service's address, query, body.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Body>,
    pub(crate) patient: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) content_type: String,
}

impl Request {
    /// `["images", "sha256:…", "vuln"]` is `/images/sha256:…/vuln`; what a segment holds is escaped.
    pub fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: &[&str]) -> Self {
        Self::new(Method::POST, path)
    }

    pub fn put(path: &[&str]) -> Self {
        Self::new(Method::PUT, path)
    }

    pub fn delete(path: &[&str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { method, path, query: Vec::new(), body: None, patient: false }
    }

    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "true is easier to read than &true")]
    pub fn query(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// A parameter that is left out where there is no value.
    #[must_use]
    pub fn query_if_any(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    #[must_use]
    pub fn json(self, document: &impl Serialize) -> Self {
        let bytes = serde_json::to_vec(document).expect("what we send has keys that are texts");
        self.bytes(bytes, "application/json")
    }

    #[must_use]
    pub fn bytes(mut self, bytes: Vec<u8>, content_type: &str) -> Self {
        self.body = Some(Body { bytes, content_type: content_type.to_owned() });
        self
    }

    /// A body of this type, whose bytes are given when it is sent ([`Service::upload`](crate::Service::upload)).
    #[must_use]
    pub fn content_type(self, content_type: &str) -> Self {
        self.bytes(Vec::new(), content_type)
    }

    /// The service may take as long as it likes.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }
}
