//! Calls of operations, made of their descriptions.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{analysed, house::PASSWORD};

/// What operations take whose description does not say enough: query and body.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("check_image", TAGGED, ""),
    ("check_image_by_id", TAGGED, ""),
    ("query_images_by_package", "name=alphas-package", ""),
    ("query_images_by_vulnerability", "vulnerability_id=CVE-2999-0001", ""),
    ("query_vulnerabilities", "id=CVE-2999-0001", ""),
    ("add_policy", "", r#"{"id": "bundle", "version": "1_0", "name": "bundle", "policies": [], "mappings": []}"#),
    (
        "add_notification_endpoint",
        "",
        r#"{"name": "brand-new", "channel": {"kind": "webhook", "url": "https://r.example/"}}"#,
    ),
    (
        "update_notification_endpoint",
        "",
        r#"{"name": "alpha", "channel": {"kind": "webhook", "url": "https://r.example/"}}"#,
    ),
];
const TAGGED: &str = "tag=r.example/team/alphas-app:1";

/// What a call is about.
struct Names<'a> {
    account: &'a str,
    digest: String,
    image_id: &'a str,
    /// Of whatever else there is.
    other: &'a str,
}

/// What nothing is called that there is. None of it is a part of another word in answers.
const NOTHING: (&str, &str, &str) = (
    "sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd",
    "nobodys",
);

/// An operation of the API.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) id: String,
    /// Whom it is for.
    pub(super) domain: String,
    query: Vec<Value>,
    body: Option<(String, Value)>,
    /// What it answers with, where that is JSON.
    answer: Value,
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
                    answer: described["responses"]["200"]["content"]["application/json"]["schema"].clone(),
                    components: document["components"]["schemas"].clone(),
                });
            }
        }
        assert!(operations.len() > 20);
        operations
    }

    /// A call that names `account`, where it names an account, and things of `alpha`.
    pub(super) fn call(&self, account: &str) -> Call {
        let digest = analysed::digest();
        self.call_about(&Names { account, digest, image_id: analysed::IMAGE_ID, other: "alpha" })
    }

    /// The same about things that nobody has.
    pub(super) fn call_about_nothing(&self, account: &str) -> Call {
        let (digest, image_id, other) = NOTHING;
        self.call_about(&Names { account, digest: digest.into(), image_id, other })
    }

    /// What an answer to a call about nothing would be, had it been about things of `alpha`.
    pub(super) fn as_about_alpha(text: &str) -> String {
        let (digest, image_id, other) = NOTHING;
        text.replace(digest, &analysed::digest()).replace(image_id, analysed::IMAGE_ID).replace(other, "alpha")
    }

    fn call_about(&self, names: &Names<'_>) -> Call {
        let segment = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => self.path_value(name, names),
            None => segment.to_owned(),
        };
        let mut address = self.path.split('/').map(segment).collect::<Vec<_>>().join("/");
        let special = SPECIAL.iter().find(|(id, ..)| *id == self.id);
        let query = special.map_or_else(|| self.query(names), |(_, query, _)| (*query).to_owned());
        if !query.is_empty() {
            write!(address, "?{query}").unwrap();
        }
        let (media_type, body) = match &self.body {
            None => (None, String::new()),
            Some((media_type, schema)) if media_type == "application/json" => {
                let body = special.map(|(.., body)| (*body).to_owned()).filter(|body| !body.is_empty());
                (Some("application/json"), body.unwrap_or_else(|| self.instance("", schema, names).to_string()))
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

    /// Whether it only tells, and not of the installation.
    pub(super) fn reads(&self) -> bool {
        self.method == "GET" && self.domain != "system"
    }

    /// Whether it tells a list: by itself, or in an object that tells how it goes on.
    pub(super) fn lists(&self) -> bool {
        self.method == "GET" && self.is_list(&self.answer)
    }

    fn is_list(&self, schema: &Value) -> bool {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.is_list(&self.components[reference.rsplit('/').next().unwrap()]);
        }
        let parts = schema["allOf"].as_array();
        let goes_on = ["next", "next_page"].iter().any(|name| !schema["properties"][name].is_null());
        schema["type"] == "array" || goes_on || parts.is_some_and(|parts| parts.iter().any(|part| self.is_list(part)))
    }

    /// The schema of a parameter of its query.
    pub(super) fn parameter(&self, name: &str) -> Option<&Value> {
        self.query.iter().find(|parameter| parameter["name"] == name).map(|parameter| &parameter["schema"])
    }

    /// Whether it names something beside an account.
    pub(super) fn names_something(&self) -> bool {
        let by_digest = ["archive_images", "delete_images_async"].contains(&self.id.as_str());
        by_digest || self.path.replace("{accountname}", "").contains('{')
    }

    fn path_value(&self, name: &str, names: &Names<'_>) -> String {
        let value = match name {
            "accountname" => names.account,
            "imageDigest" => &names.digest,
            "imageId" => names.image_id,
            "ctype" => "os",
            "vtype" => "all",
            "mtype" => "manifest",
            "webhook_type" => "general",
            "kind" => "docker-distribution",
            "servicename" => "analyzer",
            "username" | "name" | "endpoint" | "delivery" | "policyId" | "subscriptionId" | "registry" | "eventId"
            | "ruleId" | "operation_id" | "feed" | "group" | "hostid" | "job" => names.other,
            _ => panic!("{}: what is {name} in its path? Say what alpha has by that name", self.id),
        };
        value.to_owned()
    }

    /// The parameters that must be there.
    fn query(&self, names: &Names<'_>) -> String {
        let required = self.query.iter().filter(|parameter| parameter["required"] == true);
        let pair = |parameter: &Value| {
            let name = parameter["name"].as_str().unwrap();
            let value = match self.instance(name, &parameter["schema"], names) {
                Value::String(text) => text,
                Value::Array(items) => items.first().and_then(Value::as_str).unwrap_or(&names.digest).to_owned(),
                other => other.to_string(),
            };
            format!("{name}={value}")
        };
        required.map(pair).collect::<Vec<_>>().join("&")
    }

    /// A value of a schema, with what must be in it and no more.
    fn instance(&self, name: &str, schema: &Value, names: &Names<'_>) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let component = reference.rsplit('/').next().unwrap();
            return self.instance(name, &self.components[component], names);
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[0].clone();
        }
        for choice in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[choice].as_array() {
                let some = choices.iter().find(|choice| choice["type"] != "null").unwrap();
                return self.instance(name, some, names);
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in parts {
                if let Value::Object(part) = self.instance(name, part, names) {
                    whole.extend(part);
                }
            }
            return whole.into();
        }
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
        match kind.as_str() {
            Some("object") => {
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                required
                    .map(|name| (name.to_owned(), self.instance(name, &schema["properties"][name], names)))
                    .collect()
            }
            Some("array") if schema["minItems"].as_u64().is_none_or(|least| least == 0) && self.id != name => json!([]),
            Some("array") => json!([self.instance(name, &schema["items"], names)]),
            Some("boolean") => json!(false),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            _ => json!(text(name, names)),
        }
    }
}

/// A text for a property of that name; none of them is the name of anything that is there, but for digests.
fn text<'a>(name: &str, names: &'a Names<'_>) -> &'a str {
    match name {
        "password" | "value" => PASSWORD,
        "role" => "read-only",
        "registry" => "127.0.0.1:1",
        "repository" => "127.0.0.1:1/repository",
        "tag" => "127.0.0.1:1/repository:tag",
        name if name.to_lowercase().contains("digest") => &names.digest,
        _ => "brand-new",
    }
}
