//! Bodies of requests: what an operation takes, and the check before anybody asks who the caller is.

use std::{error::Error as StdError, io, iter, sync::Arc};

use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{FromRequest as _, Multipart},
    http::{HeaderMap, header},
};
use futures::{StreamExt as _, TryStreamExt as _};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::{
    io::AsyncRead,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::io::StreamReader;
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};
use windlass_policy::pyrepr;
use windlass_v1::error::Problem;

use super::SchemaTable;
use crate::Failure;

/// Longest JSON document that is read, in bytes (`spec/operations.md` §6.6).
const DOCUMENT_LIMIT: usize = 10 << 20;
/// Longest that is read of a stranger: in memory a document takes many times its length.
const STRANGER_LIMIT: usize = 64 << 10;

/// What kind of body an operation takes.
#[derive(Clone)]
pub(crate) enum BodyKind {
    /// What is sent is ignored.
    None,
    Json(Arc<JsonSchema>),
    Form(Arc<JsonSchema>),
    /// Bytes, of at most that many.
    Raw,
    /// A form with a file in the member of that name.
    File(&'static str),
}

/// A schema with all that it refers to, and the check made of it.
pub(crate) struct JsonSchema {
    pub(crate) schema: RefOr<Schema>,
    pub(crate) components: SchemaTable,
    validator: Validator,
}

impl JsonSchema {
    fn of<T: ToSchema>() -> Arc<Self> {
        Self::with::<T>(|_| ())
    }

    /// The same, where the check takes no member that no schema knows.
    fn closed<T: ToSchema>() -> Arc<Self> {
        Self::with::<T>(|document| {
            close_within(document);
            close(document);
        })
    }

    fn with<T: ToSchema>(narrow: impl Fn(&mut Value)) -> Arc<Self> {
        let mut components = Vec::new();
        T::schemas(&mut components);
        let schema = T::schema();
        let mut document = json!(schema);
        let named: serde_json::Map<String, Value> =
            components.iter().map(|(name, schema)| (name.clone(), json!(schema))).collect();
        document["components"] = json!({ "schemas": named });
        narrow(&mut document);
        let validator = jsonschema::draft202012::new(&document).expect("a schema made from a type is one");
        Arc::new(Self { schema, components, validator })
    }

    /// Reads a document that fits.
    fn read(&self, bytes: &[u8]) -> Result<Value, Problem> {
        let value = serde_json::from_slice(bytes).map_err(|_| Problem::unparsable_body())?;
        self.check(&value)?;
        Ok(value)
    }

    fn check(&self, value: &Value) -> Result<(), Problem> {
        let mut unknown = None;
        for error in self.validator.iter_errors(value) {
            // Where a part of the schema does not fit, no member of it counts as known: what is wrong with it is to be told.
            if !matches!(error.kind(), ValidationErrorKind::UnevaluatedProperties { .. }) {
                return Err(Problem::bad_request(explain(&error)));
            }
            unknown.get_or_insert(error);
        }
        unknown.map_or(Ok(()), |error| Err(Problem::bad_request(explain(&error))))
    }
}

/// Has a schema take no other members than those that any of its parts knows.
fn close(schema: &mut Value) {
    if let Value::Object(schema) = schema {
        schema.entry("unevaluatedProperties").or_insert(Value::Bool(false));
    }
}

/// The same of the values of all members and lists in it. Parts of a schema stay open: each knows some members only.
fn close_within(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                properties.values_mut().for_each(close);
            }
            if let Some(items) = members.get_mut("items") {
                close(items);
            }
            members.values_mut().for_each(close_within);
        }
        Value::Array(parts) => parts.iter_mut().for_each(close_within),
        _ => {}
    }
}

/// The words of the original's check (`spec/api.md` A1.5); clients match on some of them.
fn explain(error: &ValidationError<'_>) -> String {
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } = error.kind()
        && let Some(text) = explain_branches(context)
    {
        return text;
    }
    let instance = pyrepr::value(error.instance());
    let text = match error.kind() {
        ValidationErrorKind::Required { property } => format!("{} is a required property", pyrepr::value(property)),
        ValidationErrorKind::Type { kind } => {
            let name = match kind {
                jsonschema::error::TypeKind::Single(kind) => kind.to_string(),
                jsonschema::error::TypeKind::Multiple(kinds) => {
                    let named = kinds.iter().map(|kind| kind.to_string()).find(|kind| kind != "null");
                    named.unwrap_or_else(|| "null".into())
                }
            };
            format!("{instance} is not of type {}", pyrepr::text(&name))
        }
        ValidationErrorKind::Enum { options } => format!("{instance} is not one of {}", pyrepr::value(options)),
        ValidationErrorKind::Pattern { pattern } => format!("{instance} does not match {}", pyrepr::text(pattern)),
        ValidationErrorKind::MinLength { .. } | ValidationErrorKind::MinItems { .. } => {
            format!("{instance} is too short")
        }
        ValidationErrorKind::MaxLength { .. } | ValidationErrorKind::MaxItems { .. } => {
            format!("{instance} is too long")
        }
        ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| pyrepr::text(name)).collect();
            format!("there is no member {}", names.join(", "))
        }
        ValidationErrorKind::Minimum { limit } => format!("{instance} is less than the minimum of {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("{instance} is greater than the maximum of {limit}"),
        _ => error.to_string(),
    };
    let place = error.instance_path().to_string();
    let place = place.trim_start_matches('/').replace('/', ".");
    if place.is_empty() { text } else { format!("{text} - '{place}'") }
}

/// Why none of several schemas fits: what is nullable is one of two, and the branch that is no null has the reason; of those
/// that a tag tells apart, it is the one with the tag that was given.
fn explain_branches(branches: &[Vec<ValidationError<'_>>]) -> Option<String> {
    let is_null = |error: &ValidationError<'_>| matches!(error.kind(), ValidationErrorKind::Type { kind } if format!("{kind:?}").contains("Null"));
    let tag = |error: &ValidationError<'_>| match error.kind() {
        ValidationErrorKind::Enum { options } => {
            options.as_array().filter(|options| options.len() == 1)?.first().cloned()
        }
        _ => None,
    };
    let mut others = branches.iter().filter(|errors| !errors.iter().any(is_null)).peekable();
    others.peek()?;
    let own = others.clone().find(|errors| !errors.iter().any(|error| tag(error).is_some()));
    if let Some(error) = own.and_then(|errors| errors.first()) {
        return Some(explain(error));
    }
    let errors = || others.clone().flatten();
    let tags: Vec<Value> = errors().filter_map(tag).collect();
    let wrong = errors().find(|error| tag(error).is_some())?;
    let place = wrong.instance_path().to_string().trim_start_matches('/').replace('/', ".");
    let (given, known) = (pyrepr::value(wrong.instance()), pyrepr::value(&Value::Array(tags)));
    Some(format!("{given} is not one of {known} - '{place}'"))
}

/// A body after the checks that come before authentication.
pub(crate) enum Checked {
    None,
    Json(Value),
    /// A document longer than what is read of a stranger, from its beginning.
    Long(HttpBody),
    /// Not read yet.
    Raw(HttpBody),
}

impl BodyKind {
    /// Reads and checks what can be without knowing the caller.
    pub(super) async fn check(&self, headers: &HeaderMap, body: HttpBody) -> Result<Checked, Failure> {
        match self {
            Self::None => Ok(Checked::None),
            Self::Raw | Self::File(_) => Ok(Checked::Raw(body)),
            Self::Json(schema) => {
                let begun = begin(body, STRANGER_LIMIT).await?;
                let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
                let is_empty = matches!(&begun, Begun::Whole(bytes) if bytes.is_empty());
                if !is_json(media_type) && !is_empty {
                    return Err(Problem::unsupported_media_type(media_type).into());
                }
                if is_empty {
                    return Err(Problem::missing_body().into());
                }
                match begun {
                    Begun::Whole(bytes) => Ok(Checked::Json(schema.read(&bytes)?)),
                    Begun::Longer(body) => Ok(Checked::Long(body)),
                }
            }
            Self::Form(_) => {
                let bytes = collect(body, 64 << 10).await?;
                let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes).unwrap_or_default();
                Ok(Checked::Json(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()))
            }
        }
    }

    /// Reads and checks what was left because it is long, with the place that it takes of those that there are.
    pub(super) async fn finish(
        &self,
        body: HttpBody,
        places: &Arc<Semaphore>,
    ) -> Result<(Checked, Option<OwnedSemaphorePermit>), Failure> {
        let Self::Json(schema) = self else { unreachable!("only documents are left") };
        // Received before it takes its place, so that a slow sender holds nobody up.
        let bytes = collect(body, DOCUMENT_LIMIT).await?;
        let place = Arc::clone(places).acquire_owned().await.map_err(|error| Failure::internal(&error))?;
        Ok((Checked::Json(schema.read(&bytes)?), Some(place)))
    }
}

/// A body of which a part was read.
enum Begun {
    Whole(Vec<u8>),
    /// It is longer; this is all of it.
    Longer(HttpBody),
}

async fn begin(body: HttpBody, limit: usize) -> Result<Begun, Failure> {
    let mut pieces = body.into_data_stream();
    let mut begun = Vec::new();
    while begun.len() <= limit {
        match pieces.try_next().await.map_err(unreadable)? {
            Some(piece) => begun.extend_from_slice(&piece),
            None => return Ok(Begun::Whole(begun)),
        }
    }
    let begun = futures::stream::once(async { Ok(Bytes::from(begun)) });
    Ok(Begun::Longer(HttpBody::from_stream(begun.chain(pieces))))
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Reads a body into memory.
pub(crate) async fn collect(body: HttpBody, limit: usize) -> Result<Bytes, Failure> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Failure::bad_request(format!("The body is longer than {limit} bytes.")))
        }
        Err(error) => Err(unreadable(error)),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what combinators hand on")]
fn unreadable(error: impl ToString) -> Failure {
    Failure::bad_request(format!("The body cannot be read to its end: {}", error.to_string()))
}

/// What an operation takes as its body.
pub(crate) trait Body: 'static {
    /// What its function is handed.
    type Value: Send + 'static;

    fn kind() -> BodyKind;

    /// Makes the value of what was checked.
    fn value(checked: Checked) -> Result<Self::Value, Failure>;
}

/// No body.
pub(crate) enum NoBody {}

impl Body for NoBody {
    type Value = ();

    fn kind() -> BodyKind {
        BodyKind::None
    }

    fn value(_: Checked) -> Result<(), Failure> {
        Ok(())
    }
}

/// A JSON document that must be there and fit the schema of `T`.
pub(crate) struct JsonBody<T>(std::marker::PhantomData<T>);

impl<T: ToSchema + DeserializeOwned + Send + 'static> Body for JsonBody<T> {
    type Value = T;

    fn kind() -> BodyKind {
        BodyKind::Json(JsonSchema::of::<T>())
    }

    fn value(checked: Checked) -> Result<T, Failure> {
        let Checked::Json(value) = checked else { unreachable!("the kind decides what is checked") };
        serde_path_to_error::deserialize(value).map_err(|error| {
            let place = error.path().to_string();
            Problem::bad_request(format!("{} - '{place}'", error.into_inner())).into()
        })
    }
}

/// The same, that holds nothing the schema does not know: whoever misspells a member is told so.
pub(crate) struct ClosedJsonBody<T>(std::marker::PhantomData<T>);

impl<T: ToSchema + DeserializeOwned + Send + 'static> Body for ClosedJsonBody<T> {
    type Value = T;

    fn kind() -> BodyKind {
        BodyKind::Json(JsonSchema::closed::<T>())
    }

    fn value(checked: Checked) -> Result<T, Failure> {
        JsonBody::value(checked)
    }
}

/// A form.
pub(crate) struct Form<T>(std::marker::PhantomData<T>);

impl<T: ToSchema + DeserializeOwned + Send + 'static> Body for Form<T> {
    type Value = T;

    fn kind() -> BodyKind {
        BodyKind::Form(JsonSchema::of::<T>())
    }

    fn value(checked: Checked) -> Result<T, Failure> {
        let Checked::Json(value) = checked else { unreachable!("the kind decides what is checked") };
        serde_json::from_value(value).map_err(|error| Problem::bad_request(error.to_string()).into())
    }
}

/// A form in the manner of browsers, with one member that is a file. The function reads it itself with [`form`].
pub(crate) struct FileForm<F>(std::marker::PhantomData<F>);

/// The file that a form holds.
pub(crate) trait FormFile: 'static {
    const FIELD: &'static str;
    const LIMIT: u64;
}

/// What there may be in a form beside its file.
const FRAME: u64 = 1 << 20;

impl<F: FormFile> Body for FileForm<F> {
    type Value = HttpBody;

    fn kind() -> BodyKind {
        BodyKind::File(F::FIELD)
    }

    fn value(checked: Checked) -> Result<HttpBody, Failure> {
        let Checked::Raw(body) = checked else { unreachable!("the kind decides what is checked") };
        let limit = usize::try_from(F::LIMIT + FRAME).unwrap_or(usize::MAX);
        Ok(HttpBody::new(Limited::new(body, limit)))
    }
}

/// The form that was sent, read up to the file; the file comes next.
pub(crate) async fn form(headers: HeaderMap, body: HttpBody) -> Result<Multipart, Failure> {
    let mut request = axum::extract::Request::new(body);
    *request.headers_mut() = headers;
    // The body is limited already.
    axum::extract::DefaultBodyLimit::disable().apply(&mut request);
    let form = Multipart::from_request(request, &()).await;
    form.map_err(|error| Problem::bad_request(format!("The body is no form with a file: {}", error.body_text())).into())
}

/// Bytes that the function reads itself, at most `LIMIT` of them.
pub(crate) struct RawBody<const LIMIT: u64>;

impl<const LIMIT: u64> Body for RawBody<LIMIT> {
    type Value = HttpBody;

    fn kind() -> BodyKind {
        BodyKind::Raw
    }

    fn value(checked: Checked) -> Result<HttpBody, Failure> {
        let Checked::Raw(body) = checked else { unreachable!("the kind decides what is checked") };
        Ok(HttpBody::new(Limited::new(body, usize::try_from(LIMIT).unwrap_or(usize::MAX))))
    }
}

/// The bytes of a body, whose end in an error of the kind [`io::ErrorKind::FileTooLarge`] says that it was too long.
pub(crate) fn reader(body: HttpBody) -> impl AsyncRead + Send + Unpin {
    StreamReader::new(body.map_err(broken_off).into_data_stream())
}

/// Why a body cannot be read to its end, as readers are told.
pub(crate) fn broken_off(error: axum::Error) -> io::Error {
    let first: &(dyn StdError + 'static) = &error;
    let mut causes = iter::successors(Some(first), |&error| error.source()).take(16);
    let is_too_long = causes.any(<dyn StdError>::is::<LengthLimitError>);
    if is_too_long { io::ErrorKind::FileTooLarge.into() } else { io::Error::other(error) }
}
