//! What is to be sent, before it is.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use url::Url;

use crate::{
    ComposeError,
    channels::{email::Mail, issue::IssuePlan},
};

/// What [`compose`](crate::compose) makes and [`Sender`](crate::Sender) sends.
pub struct Outgoing(pub(crate) Form);

pub(crate) enum Form {
    Request(Box<Request>),
    Mail(Box<Mail>),
    Issue(Box<IssuePlan>),
}

impl Outgoing {
    /// Whether it is a letter: who it is for may each take or refuse it.
    pub fn is_letter(&self) -> bool {
        matches!(self.0, Form::Mail(_))
    }

    /// Leaves out those of whom a letter is for who have it already, by bit their places ([`Sent::Partly`](crate::Sent::Partly)).
    pub fn leave_out(&mut self, taken: u64) {
        if let Form::Mail(mail) = &mut self.0 {
            mail.taken = taken;
        }
    }
}

/// One request over HTTP.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A POST of JSON.
    pub(crate) fn json(url: Url, body: &impl serde::Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("what is sent has texts for keys");
        Self::post(url, HeaderValue::from_static("application/json"), body)
    }

    pub(crate) fn post(url: Url, content_type: HeaderValue, body: Vec<u8>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]);
        Self { method: Method::POST, url, headers, body }
    }

    /// # Errors
    /// When the value cannot be in a header.
    pub(crate) fn header(mut self, name: HeaderName, value: &str, field: &str) -> Result<Self, ComposeError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| ComposeError::Setting {
            field: field.to_owned(),
            reason: "it holds characters that a header cannot have".into(),
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }
}

impl From<Request> for Outgoing {
    fn from(request: Request) -> Self {
        Self(Form::Request(Box::new(request)))
    }
}

/// Where it goes and how much it is: bodies, paths and headers hold secrets.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Request(request) => write!(
                f,
                "{} {} of {} bytes",
                request.method,
                request.url.origin().ascii_serialization(),
                request.body.len()
            ),
            Form::Mail(mail) => write!(f, "mail through {} of {} bytes", mail.server, mail.content.len()),
            Form::Issue(plan) => write!(f, "issue at {}", plan.base.origin().ascii_serialization()),
        }
    }
}
