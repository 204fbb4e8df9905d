//! Swagger 2: what clients of the original look at, mostly its version (`spec/api.md` B4, K1).

use serde_json::{Map, Value, json};

use crate::operation::{BodyKind, Operation};

/// The version of the API that this one is compatible with.
const VERSION: &str = windlass_v1::services::API_VERSION;

/// The whole document.
pub(super) fn document(operations: &[Operation]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let path = operation.path.replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[operation.method.as_str().to_ascii_lowercase()] = describe(operation);
    }
    json!({
        "swagger": "2.0",
        "info": {"title": "Windlass", "version": VERSION, "description": "The complete description is /v1/openapi.json."},
        "basePath": "/v1",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths,
    })
}

fn describe(operation: &Operation) -> Value {
    let path =
        operation.path_parameters().map(|name| json!({"name": name, "in": "path", "required": true, "type": "string"}));
    let query = operation.query.iter().map(|parameter| {
        let schema = json!(parameter.schema);
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned(),
            Value::String(kind) => Some(json!(kind)),
            _ => None,
        };
        let required = json!(parameter.required) == json!(true);
        let mut described = json!({"name": parameter.name, "in": "query", "required": required});
        described["type"] = kind.unwrap_or_else(|| json!("string"));
        if described["type"] == "array" {
            described["items"] = json!({"type": "string"});
        }
        described
    });
    let mut parameters: Vec<Value> = path.chain(query).collect();
    let mut consumes = None;
    match operation.body {
        BodyKind::None => {}
        BodyKind::File(field) => {
            parameters.push(json!({"name": field, "in": "formData", "type": "file", "required": true}));
            consumes = Some(["multipart/form-data"]);
        }
        BodyKind::Json(_) | BodyKind::Form(_) | BodyKind::Raw => {
            parameters.push(json!({"name": "body", "in": "body", "schema": {"type": "object"}}));
        }
    }
    let status = operation.answer.status.as_str();
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {status: {"description": "Done."}},
    });
    if let Some(consumes) = consumes {
        described["consumes"] = json!(consumes);
    }
    described
}
