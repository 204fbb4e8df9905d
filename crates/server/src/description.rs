//! The API's description of itself, made from the table of operations.

mod openapi;
mod swagger;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Response, header},
    response::IntoResponse,
};
use serde_json::Value;

use crate::operation::Operation;

/// A document that needs no operation.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) path: &'static str,
    bytes: Bytes,
}

impl IntoResponse for Document {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.bytes));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// Every document, written.
pub(crate) fn documents(operations: &[Operation]) -> Vec<Document> {
    let write = |path, document: Value| Document { path, bytes: document.to_string().into() };
    vec![write("/swagger.json", swagger::document(operations)), write("/openapi.json", openapi::document(operations))]
}
