//! The web pages: static files in the binary, for whoever comes to `/` with a browser.
//!
//! They are no part of the API: they know only what it tells whoever logs in with them, and are found by their paths as
//! they are sent, without the other spellings that paths of the API have.

mod accept;

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
};

/// Where the page is for a browser, and the version of the API for everybody else.
pub(crate) const ROOT: &str = "/";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const DRAWING: &str = "image/svg+xml";

/// Whatever a name of a package or a text of an advisory holds, the browser runs nothing but these files, and sends nothing
/// to anybody but this service.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Where each file is, what it is, and its content. `{version}` in the page stands for the software's.
const FILES: [(&str, &str, &str); 13] = [
    (ROOT, HTML, include_str!("../web/index.html")),
    ("/web/windlass.css", STYLE, include_str!("../web/windlass.css")),
    ("/web/icon.svg", DRAWING, include_str!("../web/icon.svg")),
    ("/web/windlass.js", SCRIPT, include_str!("../web/windlass.js")),
    ("/web/api.js", SCRIPT, include_str!("../web/api.js")),
    ("/web/dom.js", SCRIPT, include_str!("../web/dom.js")),
    ("/web/table.js", SCRIPT, include_str!("../web/table.js")),
    ("/web/login.js", SCRIPT, include_str!("../web/login.js")),
    ("/web/images.js", SCRIPT, include_str!("../web/images.js")),
    ("/web/image.js", SCRIPT, include_str!("../web/image.js")),
    ("/web/findings.js", SCRIPT, include_str!("../web/findings.js")),
    ("/web/events.js", SCRIPT, include_str!("../web/events.js")),
    ("/web/system.js", SCRIPT, include_str!("../web/system.js")),
];

/// Every file.
pub(crate) struct Pages(HashMap<&'static str, File>);

/// A file, ready to be sent.
pub(crate) struct File {
    media_type: &'static str,
    bytes: Bytes,
    /// Tells a browser whether it has this one already.
    tag: String,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let file = |(path, media_type, text): (&'static str, &'static str, &'static str)| {
            let bytes = match media_type {
                HTML => text.replace("{version}", env!("CARGO_PKG_VERSION")).into(),
                _ => Bytes::from_static(text.as_bytes()),
            };
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            // Weak: compressed or not, it is the same file.
            (path, File { media_type, bytes, tag: format!("W/\"{:016x}\"", hasher.finish()) })
        };
        Self(FILES.into_iter().map(file).collect())
    }

    /// The file at this path, if this is who it is for.
    pub(crate) fn find(&self, path: &str, headers: &HeaderMap) -> Option<&File> {
        let file = self.0.get(path)?;
        (path != ROOT || accept::prefers_html(headers)).then_some(file)
    }
}

impl File {
    /// The file, or that the browser has it.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let known = self.is_known(asked);
        let mut response = Response::new(if known { Body::empty() } else { Body::from(self.bytes.clone()) });
        let headers = response.headers_mut();
        let fixed: [(HeaderName, &'static str); 5] = [
            (header::CONTENT_TYPE, self.media_type),
            // Kept, and asked for before it is used: a newer service brings newer files.
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        headers.extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
        headers.extend(HeaderValue::from_str(&self.tag).ok().map(|tag| (header::ETAG, tag)));
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(header::CONTENT_LENGTH, self.bytes.len().into());
        }
        response
    }

    fn is_known(&self, asked: &HeaderMap) -> bool {
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let lists = asked.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
        lists.flat_map(|list| list.split(',')).any(|tag| tag.trim() == "*" || strong(tag) == strong(&self.tag))
    }
}

/// Whether text of this kind is one of the pages' files.
pub(crate) fn is_text(media_type: &HeaderValue) -> bool {
    [HTML, SCRIPT, STYLE].iter().any(|known| media_type == known)
}
