//! What holds for every operation: addresses, errors, descriptions.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use windlass_operations::testing::on_every_service;
use windlass_server::Metrics;

use crate::client::Client;

#[test]
fn the_service_tells_what_it_is_to_anyone() {
    on_every_service(|bench| async move {
        let nobody = Client::of(&bench);
        for root in ["/", "/v1", "/v1/"] {
            assert_eq!(nobody.get(root).await.ok(), json!("v1"));
        }
        assert_eq!(nobody.get("/health").await.ok(), json!("ok"));
        assert_eq!(nobody.get("/v1/version").await.ok()["api"], json!({}));
        assert_eq!(nobody.get("/swagger.json").await.ok()["info"]["version"], "0.1.20");
        assert_eq!(nobody.get("/v1/openapi.json").await.ok()["openapi"], "3.1.0");
    });
}

#[test]
fn what_is_not_there_is_a_problem_and_not_a_question_of_who_asks() {
    on_every_service(|bench| async move {
        let nobody = Client::of(&bench);
        let answer = nobody.get("/v2/version").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.json()["title"], "Not Found");
        let answer = nobody.delete("/health").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS");
        let answer = nobody.send(Method::OPTIONS, "/v1/health", None, Vec::new()).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::OK, 0));
        let answer = nobody.send(Method::HEAD, "/health", None, Vec::new()).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::OK, 0));
    });
}

/// A schema of the description, and all that it refers to.
fn schemas<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let named = schema["$ref"].as_str().and_then(|name| document.pointer(&name[1..]));
    let parts = ["oneOf", "anyOf", "allOf"].iter().filter_map(|name| schema[name].as_array()).flatten();
    let parts = parts.chain(schema.get("items")).chain(named);
    [schema].into_iter().chain(parts.flat_map(|part| schemas(document, part))).collect()
}

/// `spec/api.md` A1.5
#[test]
fn a_word_that_is_none_of_a_parameters_is_refused_with_those_that_are() {
    on_every_service(|bench| async move {
        let nobody = Client::of(&bench);
        let document = nobody.get("/openapi.json").await.ok();
        let mut tried = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let parameters: Vec<&Value> = operation["parameters"].as_array().into_iter().flatten().collect();
                let parameters = parameters.into_iter().filter(|parameter| parameter["in"] == "query");
                let parameters: Vec<&Value> = parameters.collect();
                let has_words = |parameter: &&&Value| {
                    schemas(&document, &parameter["schema"]).iter().any(|schema| schema.get("enum").is_some())
                };
                for parameter in parameters.iter().filter(has_words) {
                    let others = parameters.iter().filter(|other| other["required"] == true && other != &parameter);
                    let mut query: Vec<String> =
                        others.map(|other| format!("{}=x", other["name"].as_str().unwrap())).collect();
                    let name = parameter["name"].as_str().unwrap();
                    query.push(format!("{name}=nonsense"));
                    let asked = format!("{path}?{}", query.join("&"));
                    let method = method.to_uppercase().parse().unwrap();
                    let answer = nobody.send(method, &asked, None, Vec::new()).await;
                    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{asked}");
                    let (_, message) = answer.refusal();
                    assert!(message.starts_with("'nonsense' is not one of ['"), "{asked}: {message}");
                    tried.push(name.to_owned());
                }
            }
        }
        for name in ["image_status", "analysis_status", "severity", "notification_type", "profile", "state"] {
            assert!(tried.iter().any(|tried| tried == name), "{name}: {tried:?}");
        }
        let event = nobody.post("/system/webhooks/general/test?notification_type=event_log", &json!({})).await;
        assert_eq!(event.refusal().0, 400, "of an event there is no example");
    });
}

#[test]
fn nobody_is_told_to_say_who_they_are() {
    on_every_service(|bench| async move {
        let nobody = Client::of(&bench);
        for client in
            [nobody.clone(), nobody.user("admin", "wrong1"), nobody.user("ghost", "foobar"), nobody.bearer("x")]
        {
            let answer = client.get("/system/error_codes").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.text(), "Unauthorized");
            assert_eq!(answer.headers["www-authenticate"], "basic realm=\"Authentication required\"");
        }
        assert!(Client::admin(&bench).get("/system/error_codes").await.ok().is_array());
        assert_eq!(nobody.get("/metrics").await.status, StatusCode::UNAUTHORIZED);
        let open = Client::counted(&bench, Metrics::none().open());
        let (status, message) = open.get("/metrics").await.refusal();
        assert_eq!((status, message.as_str()), (404, "This process counts nothing: metrics are switched off."));
    });
}

#[test]
fn of_a_stranger_no_long_document_is_read() {
    on_every_service(|bench| async move {
        let document = |length: usize| {
            let filler = "[],".repeat(length / 3);
            format!("{{\"tag\": 5, \"annotations\": {{\"x\": [{filler}[]]}}}}").into_bytes()
        };
        let (nobody, admin) = (Client::of(&bench), Client::admin(&bench));
        let send = async |client: &Client, length: usize, kind: &str| {
            client.send(Method::POST, "/images", Some(kind), document(length)).await
        };
        let json = "application/json";
        let (status, message) = send(&nobody, 1000, json).await.refusal();
        assert_eq!((status, message.as_str()), (400, "5 is not of type 'string' - 'tag'"), "what is wrong comes first");
        let answer = send(&nobody, 100_000, json).await;
        assert_eq!((answer.status, answer.text().as_str()), (StatusCode::UNAUTHORIZED, "Unauthorized"));
        assert_eq!(send(&nobody, 100_000, "text/plain").await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let (status, message) = send(&admin, 9 << 20, json).await.refusal();
        assert_eq!((status, message.as_str()), (400, "5 is not of type 'string' - 'tag'"));
        let (status, message) = send(&admin, 11 << 20, json).await.refusal();
        assert_eq!((status, message.as_str()), (400, "The body is longer than 10485760 bytes."));
    });
}

#[test]
fn guessing_passwords_is_slowed_down() {
    on_every_service(|bench| async move {
        let guesser = Client::of(&bench).user("admin", "guessed");
        for _ in 0..10 {
            assert_eq!(guesser.get("/system/error_codes").await.status, StatusCode::UNAUTHORIZED);
        }
        let answer = guesser.get("/system/error_codes").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers["retry-after"], "1");
        bench.pass(2);
        assert!(Client::admin(&bench).get("/system/error_codes").await.ok().is_array());
    });
}
