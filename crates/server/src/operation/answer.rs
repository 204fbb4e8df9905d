//! What operations answer with, and the description of it.

use axum::{
    body::Body as HttpBody,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema, path::Parameter},
};

use super::list::Part;
use crate::Failure;

/// Schemas by name.
pub(crate) type SchemaTable = Vec<(String, RefOr<Schema>)>;

/// How a success looks.
pub(crate) struct Described {
    pub(crate) status: StatusCode,
    pub(crate) media_type: &'static str,
    /// Nothing where the body has no schema.
    pub(crate) schema: Option<RefOr<Schema>>,
    pub(crate) components: SchemaTable,
}

/// A success.
pub(crate) trait Answer: IntoResponse + Sized {
    fn describe() -> Described;

    /// Query parameters that come with it, whatever the operation.
    fn parameters() -> Vec<Parameter> {
        Vec::new()
    }

    /// What these parameters ask for of it.
    #[must_use]
    fn part(self, _: Part) -> Self {
        self
    }
}

/// 200 with a JSON document.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response<HttpBody> {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => written(HttpBody::from(bytes)),
            Err(error) => Failure::internal(&error).into_response(),
        }
    }
}

impl<T: Serialize + ToSchema> Answer for Json<T> {
    fn describe() -> Described {
        let mut components = Vec::new();
        T::schemas(&mut components);
        let schema = Some(T::schema());
        Described { status: StatusCode::OK, media_type: "application/json", schema, components }
    }
}

/// 200 with JSON that was written.
pub(super) fn written(body: HttpBody) -> Response<HttpBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A status without a body.
pub(crate) struct Blank<const STATUS: u16>;

impl<const STATUS: u16> Blank<STATUS> {
    fn status() -> StatusCode {
        StatusCode::from_u16(STATUS).expect("operations answer with statuses there are")
    }
}

impl<const STATUS: u16> IntoResponse for Blank<STATUS> {
    fn into_response(self) -> Response<HttpBody> {
        Self::status().into_response()
    }
}

impl<const STATUS: u16> Answer for Blank<STATUS> {
    fn describe() -> Described {
        Described { status: Self::status(), media_type: "", schema: None, components: Vec::new() }
    }
}
