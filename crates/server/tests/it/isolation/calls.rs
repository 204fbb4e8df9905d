//! Calls of operations, made of their descriptions.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{alpha, house::PASSWORD};

/// What operations take whose description does not say enough: query and body.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("add_policy", "", r#"{"id": "bundle", "version": "1_0", "name": "bundle", "policies": [], "mappings": []}"#),
    ("add_notification_endpoint", "", ENDPOINT),
    ("update_notification_endpoint", "", ENDPOINT),
];
const ENDPOINT: &str = r#"{"name": "alpha", "channel": {"kind": "webhook", "url": "https://127.0.0.1:1/"}}"#;

/// An operation of the API.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) id: String,
    /// Whom it is for.
    pub(super) domain: String,
    query: Vec<Value>,
    body: Option<(String, Value)>,
    components: Value,
}

/// A request without its sender.
pub(super) struct Call {
    pub(super) method: String,
    pub(super) address: String,
    pub(super) media_type: Option<&'static str>,
    pub(super) body: String,
}

impl Operation {
    /// Every operation of a description.
    pub(super) fn all(document: &Value) -> Vec<Self> {
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, described) in methods.as_object().unwrap() {
                let query = described["parameters"].as_array().unwrap().iter();
                let body = described["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
                operations.push(Self {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    id: described["operationId"].as_str().unwrap().to_owned(),
                    domain: described["x-permission"]["domain"].as_str().unwrap().to_owned(),
                    query: query.filter(|parameter| parameter["in"] == "query").cloned().collect(),
                    body: body.map(|(media_type, body)| (media_type.clone(), body["schema"].clone())),
                    components: document["components"]["schemas"].clone(),
                });
            }
        }
        assert!(operations.len() > 20);
        operations
    }

    /// A call that names `account`, where it names an account, and things of `alpha`.
    pub(super) fn call(&self, account: &str) -> Call {
        let segment = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => self.path_value(name, account),
            None => segment.to_owned(),
        };
        let mut address = self.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let special = SPECIAL.iter().find(|(id, ..)| *id == self.id);
        let query = special.map_or_else(|| self.query(), |(_, query, _)| (*query).to_owned());
        if !query.is_empty() {
            write!(address, "?{query}").unwrap();
        }
        let (media_type, body) = match &self.body {
            None => (None, String::new()),
            Some((media_type, schema)) if media_type == "application/json" => {
                let body = special.map(|(.., body)| (*body).to_owned()).filter(|body| !body.is_empty());
                (Some("application/json"), body.unwrap_or_else(|| self.instance("", schema).to_string()))
            }
            Some((media_type, _)) if media_type == "application/x-www-form-urlencoded" => {
                let form = format!("grant_type=password&client_id=anonymous&username=nobody&password={PASSWORD}");
                (Some("application/x-www-form-urlencoded"), form)
            }
            Some((media_type, schema)) if media_type == "multipart/form-data" => {
                let field = schema["required"][0].as_str().unwrap();
                let head = format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"file\"");
                (Some("multipart/form-data; boundary=x"), format!("--x\r\n{head}\r\n\r\nnothing\r\n--x--\r\n"))
            }
            Some(_) => (Some("application/octet-stream"), "nothing".to_owned()),
        };
        Call { method: self.method.clone(), address, media_type, body }
    }

    fn path_value(&self, name: &str, account: &str) -> String {
        let value = match name {
            "accountname" => account,
            "imageDigest" => alpha::DIGEST,
            "imageId" => alpha::IMAGE_ID,
            "ctype" => "os",
            "vtype" => "all",
            "mtype" => "manifest",
            "webhook_type" => "general",
            "kind" => "docker-distribution",
            "username" | "name" | "endpoint" | "delivery" | "policyId" | "subscriptionId" | "registry" | "eventId"
            | "ruleId" | "operation_id" | "feed" | "group" | "servicename" | "hostid" => "alpha",
            _ => panic!("{}: what is {name} in its path? Say what alpha has by that name", self.id),
        };
        value.to_owned()
    }

    /// The parameters that must be there.
    fn query(&self) -> String {
        let required = self.query.iter().filter(|parameter| parameter["required"] == true);
        let pair = |parameter: &Value| {
            let name = parameter["name"].as_str().unwrap();
            let value = match self.instance(name, &parameter["schema"]) {
                Value::String(text) => text,
                Value::Array(items) => items.first().and_then(Value::as_str).unwrap_or(alpha::DIGEST).to_owned(),
                other => other.to_string(),
            };
            format!("{name}={value}")
        };
        required.map(pair).collect::<Vec<_>>().join("&")
    }

    /// A value of a schema, with what must be in it and no more.
    fn instance(&self, name: &str, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let component = reference.rsplit('/').next().unwrap();
            return self.instance(name, &self.components[component]);
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[0].clone();
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let some = choices.iter().find(|choice| choice["type"] != "null").unwrap();
                return self.instance(name, some);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in parts {
                if let Value::Object(part) = self.instance(name, part) {
                    whole.extend(part);
                }
            }
            return whole.into();
        }
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
        match kind.as_str() {
            Some("object") => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                required.map(|name| (name.to_owned(), self.instance(name, &schema["properties"][name]))).collect()
            }
            Some("array") if schema["minItems"].as_u64().is_none_or(|least| least == 0) && self.id != name => json!([]),
            Some("array") => json!([self.instance(name, &schema["items"])]),
            Some("boolean") => json!(false),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            _ => json!(text(name)),
        }
    }
}

/// A text for a property of that name; none of them is the name of anything that is there, but for digests.
fn text(name: &str) -> &str {
    match name {
        "password" | "value" => PASSWORD,
        "role" => "read-only",
        "registry" => "127.0.0.1:1",
        "repository" => "127.0.0.1:1/repository",
        "tag" => "127.0.0.1:1/repository:tag",
        name if name.to_lowercase().contains("digest") => alpha::DIGEST,
        _ => "brand-new",
    }
}
