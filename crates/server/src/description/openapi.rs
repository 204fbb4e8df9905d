//! OpenAPI 3.1: what is true of this service.

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::operation::{BodyKind, DescribedFailure, Domain, Operation};

/// The whole document.
pub(super) fn document(operations: &[Operation]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut schemas: Map<String, Value> = Map::new();
    for name_and_schema in operations.iter().flat_map(components) {
        schemas.insert(name_and_schema.0.clone(), json!(name_and_schema.1));
    }
    for operation in operations {
        let path = operation.path.replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[operation.method.as_str().to_ascii_lowercase()] = describe(operation);
    }
    schemas.sort_keys();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Windlass",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Tells an organisation whether a container image may ship.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn components(operation: &Operation) -> Vec<(String, RefOr<Schema>)> {
    let failures = operation.failures.iter().filter_map(|failure| failure.body.as_ref());
    let mut components = operation.answer.components.clone();
    components.extend(failures.flat_map(|body| body.components.iter().cloned()));
    match &operation.body {
        BodyKind::Json(schema) | BodyKind::Form(schema) => components.extend(schema.components.iter().cloned()),
        BodyKind::None | BodyKind::Raw | BodyKind::File(_) => {}
    }
    use utoipa::ToSchema as _;
    for name in ["ErrorEnvelope", "Problem"] {
        let schema = match name {
            "Problem" => <windlass_v1::error::Problem as utoipa::PartialSchema>::schema(),
            _ => <windlass_v1::error::ErrorEnvelope as utoipa::PartialSchema>::schema(),
        };
        components.push((name.to_owned(), schema));
    }
    windlass_v1::error::ErrorEnvelope::schemas(&mut components);
    components
}

fn describe(operation: &Operation) -> Value {
    let path = operation
        .path_parameters()
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let mut parameters: Vec<Value> = path.chain(operation.query.iter().map(|parameter| json!(parameter))).collect();
    if operation.permission.domain == Domain::Account {
        parameters.push(json!({
            "name": "x-anchore-account", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "The account to act in, where it is not the caller's own.",
        }));
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.path.split('/').nth(1).filter(|name| !name.is_empty()).unwrap_or("service")],
        "parameters": parameters,
        "responses": responses(operation),
        "security": if operation.permission.domain == Domain::Open { json!([]) } else { json!([{"basic": []}, {"bearer": []}]) },
    });
    // Which roles may do it follows from the action; the domain says in which account it is asked for.
    let permission = &operation.permission;
    described["x-permission"] = json!({"domain": permission.domain.name(), "action": permission.action});
    match &operation.body {
        BodyKind::None => {}
        BodyKind::Json(schema) => {
            described["requestBody"] =
                json!({"required": true, "content": {"application/json": {"schema": schema.schema}}});
        }
        BodyKind::Form(schema) => {
            described["requestBody"] =
                json!({"content": {"application/x-www-form-urlencoded": {"schema": schema.schema}}});
        }
        BodyKind::File(field) => {
            let schema = json!({"type": "object", "required": [field],
                "properties": {*field: {"type": "string", "format": "binary"}}});
            described["requestBody"] =
                json!({"required": true, "content": {"multipart/form-data": {"schema": schema}}});
        }
        BodyKind::Raw => {
            described["requestBody"] =
                json!({"required": true, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}});
        }
    }
    described
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let answer = &operation.answer;
    let mut success = json!({"description": "Done."});
    if let Some(schema) = &answer.schema {
        success["content"] = json!({answer.media_type: {"schema": schema}});
    } else if !answer.media_type.is_empty() {
        success["content"] = json!({answer.media_type: {}});
    }
    responses.insert(answer.status.as_str().to_owned(), success);
    let envelope = || json!({"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}});
    let problem = || json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    let mut both = envelope();
    both["application/problem+json"] = problem()["application/problem+json"].clone();
    responses
        .insert("400".into(), json!({"description": "The request is not what is described here.", "content": both}));
    if operation.permission.domain != Domain::Open {
        let text = json!({"text/html": {"schema": {"type": "string"}}});
        responses.insert("401".into(), json!({"description": "The caller is not known.", "content": text}));
        responses.insert("403".into(), json!({"description": "The caller may not do this.", "content": envelope()}));
        responses.insert("429".into(), json!({"description": "Too many refused log-ins.", "content": envelope()}));
        responses.insert("404".into(), json!({"description": "There is no such thing.", "content": both}));
    }
    if matches!(operation.body, BodyKind::Json(_)) {
        responses.insert("415".into(), json!({"description": "The body is not JSON.", "content": problem()}));
    }
    for DescribedFailure { status, when, body } in &operation.failures {
        let content = match body {
            Some(body) => {
                let mut content = problem();
                content[body.media_type] = json!({"schema": body.schema});
                content
            }
            None => both.clone(),
        };
        responses.insert(status.to_string(), json!({"description": when, "content": content}));
    }
    Value::Object(responses)
}
