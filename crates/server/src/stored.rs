//! Answers that were written before they are asked for: passed on piece by piece, whatever their size.

use std::marker::PhantomData;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use futures::TryStreamExt as _;
use serde::Serialize;
use tokio_util::io::ReaderStream;
use tracing::Span;
use utoipa::ToSchema;
use windlass_operations::analysis::StoredDocument;

use crate::operation::{Answer, Described, Json};

/// Bytes sent at once.
const PIECE: usize = 64 << 10;

/// 200 with a JSON document of the shape of `T`. One that is found to be damaged on the way breaks off before the length
/// that was promised.
pub(crate) struct Stored<T> {
    document: StoredDocument,
    shape: PhantomData<fn() -> T>,
}

impl<T> Stored<T> {
    pub(crate) fn new(document: StoredDocument) -> Self {
        Self { document, shape: PhantomData }
    }
}

impl<T> IntoResponse for Stored<T> {
    fn into_response(self) -> Response<Body> {
        respond(self.document, "application/json")
    }
}

impl<T: Serialize + ToSchema> Answer for Stored<T> {
    fn describe() -> Described {
        Json::<T>::describe()
    }
}

/// A kind of file to download.
pub(crate) trait FileKind {
    const MEDIA_TYPE: &'static str;
    /// What follows the image's digest in the file's name.
    const SUFFIX: &'static str;
}

/// 200 with a file to keep, named after an image.
pub(crate) struct Download<K> {
    digest: String,
    document: StoredDocument,
    kind: PhantomData<fn() -> K>,
}

impl<K> Download<K> {
    pub(crate) fn new((digest, document): (String, StoredDocument)) -> Self {
        Self { digest, document, kind: PhantomData }
    }
}

impl<K: FileKind> IntoResponse for Download<K> {
    fn into_response(self) -> Response<Body> {
        let mut response = respond(self.document, K::MEDIA_TYPE);
        let disposition = format!("attachment; filename=\"{}{}\"", self.digest, K::SUFFIX);
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl<K: FileKind> Answer for Download<K> {
    fn describe() -> Described {
        Described { status: StatusCode::OK, media_type: K::MEDIA_TYPE, schema: None, components: Vec::new() }
    }
}

fn respond(document: StoredDocument, media_type: &'static str) -> Response<Body> {
    let StoredDocument { length, content } = document;
    // The answer has begun, and can only break off: whoever looks after the service is told why.
    let span = Span::current();
    let content = ReaderStream::with_capacity(content, PIECE).map_err(move |error| {
        let error = windlass_operations::Error::of_reading(error);
        span.in_scope(|| tracing::error!(%error, hint = error.hint(), "a document could not be read to its end"));
        error
    });
    let mut response = Response::new(Body::from_stream(content));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}
