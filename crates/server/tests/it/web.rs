//! The web pages: who gets them, what they may do in a browser, and that they ask for nothing that is not there.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use regex::Regex;
use serde_json::{Value, json};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_v1::content::ContentType;

use crate::client::{Answer, Client};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

fn browser(bench: &Bench) -> Client {
    Client::of(bench).header("accept", BROWSER)
}

fn matches(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// Every file that the page is made of, by its path: what the page names, and what its scripts import.
async fn files(client: &Client) -> Vec<(String, Answer)> {
    let page = client.get("/").await;
    let mut left: Vec<String> = matches(r#"(?:href|src)="(web/[^"]+)""#, &page.text()).into_iter().collect();
    assert!(left.contains(&"web/windlass.js".to_owned()), "the page has a script");
    let mut files = vec![("/".to_owned(), page)];
    while let Some(path) = left.pop() {
        let path = format!("/{path}");
        if files.iter().any(|(known, _)| *known == path) {
            continue;
        }
        let answer = client.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        left.extend(matches(r#"from "\./([^"]+)""#, &answer.text()).into_iter().map(|name| format!("web/{name}")));
        files.push((path, answer));
    }
    files
}

async fn scripts(client: &Client) -> Vec<(String, String)> {
    let files = files(client).await.into_iter();
    let scripts = files.filter(|(_, answer)| answer.headers["content-type"] == "text/javascript; charset=utf-8");
    scripts.map(|(path, answer)| (path, answer.text())).collect()
}

async fn script(client: &Client, name: &str) -> String {
    client.get(&format!("/web/{name}")).await.text()
}

#[test]
fn a_browser_gets_the_pages_and_everybody_else_the_version() {
    on_every_service(|bench| async move {
        let nobody = Client::of(&bench);
        let answer = browser(&bench).get("/").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["vary"], "accept");
        assert!(answer.text().starts_with("<!doctype html>"));
        assert!(answer.text().contains(&format!("name=\"version\" content=\"{}\"", env!("CARGO_PKG_VERSION"))));
        for client in [
            nobody.clone(),
            nobody.header("accept", "*/*"),
            nobody.header("accept", "application/json, text/html;q=0.9"),
        ] {
            let answer = client.get("/").await;
            assert_eq!(answer.headers["content-type"], "application/json");
            assert_eq!(answer.headers["vary"], "accept", "a cache must not give one to the other");
            assert_eq!(answer.ok(), json!("v1"));
        }
        for path in ["/v1", "/v1/"] {
            assert_eq!(browser(&bench).get(path).await.ok(), json!("v1"), "{path} is the API's, whoever asks");
        }
        let answer = browser(&bench).get("/health").await;
        assert_eq!((answer.headers.get("vary"), answer.ok()), (None, json!("ok")));
    });
}

#[test]
fn a_browser_runs_the_pages_own_files_and_nothing_else() {
    on_every_service(|bench| async move {
        for (path, answer) in files(&browser(&bench)).await {
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            for directive in [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "connect-src 'self'",
                "img-src 'self'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.split("; ").any(|one| one == directive), "{path}: {directive}");
            }
            assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
            let expected = match path.rsplit_once('.') {
                Some((_, "js")) => "text/javascript; charset=utf-8",
                Some((_, "css")) => "text/css; charset=utf-8",
                Some((_, "svg")) => "image/svg+xml",
                _ => "text/html; charset=utf-8",
            };
            assert_eq!(answer.headers["content-type"], expected, "{path}");
        }
        let page = browser(&bench).get("/").await.text();
        for inline in [r"<style", r"\sstyle=", r"\son[a-z]+=", r"<script[^>]*>[^<]", r"(?i)javascript:", r"https?://"] {
            assert!(!Regex::new(inline).unwrap().is_match(&page), "{inline}");
        }
    });
}

#[test]
fn what_a_browser_has_already_is_not_sent_again() {
    on_every_service(|bench| async move {
        let browser = browser(&bench);
        for (path, answer) in files(&browser).await {
            assert_eq!(answer.headers["cache-control"], "no-cache", "{path}");
            let length = answer.headers["content-length"].to_str().unwrap().to_owned();
            assert_eq!(length, answer.bytes.len().to_string(), "{path}");
            let tag = answer.headers["etag"].to_str().unwrap().to_owned();

            let again = browser.header("if-none-match", &format!("\"other\", {tag}")).get(&path).await;
            assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
            assert_eq!(again.headers["etag"], tag.as_str(), "{path}");
            assert_eq!(browser.header("if-none-match", "\"other\"").get(&path).await.bytes, answer.bytes, "{path}");

            let head = browser.send(Method::HEAD, &path, None, Vec::new()).await;
            assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0), "{path}");
            assert_eq!(head.headers["etag"], tag.as_str(), "{path}");
            assert_eq!(head.headers["content-length"], length.as_str(), "{path}");
        }
        let script = browser.accepting("gzip").get("/web/api.js").await;
        assert_eq!(script.headers["content-encoding"], "gzip");
        assert_eq!(script.bytes[..2], [0x1f, 0x8b]);
    });
}

#[test]
fn the_files_are_read_only_and_have_one_name_each() {
    on_every_service(|bench| async move {
        let browser = browser(&bench);
        for path in ["/", "/web/windlass.js"] {
            for method in [Method::POST, Method::DELETE] {
                let answer = browser.send(method, path, None, Vec::new()).await;
                assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
                assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS", "{path}");
            }
            let answer = browser.send(Method::OPTIONS, path, None, Vec::new()).await;
            assert_eq!((answer.status, answer.bytes.len()), (StatusCode::OK, 0), "{path}");
        }
        for path in [
            "/web",
            "/web/",
            "/web/none.js",
            "/v1/web/windlass.js",
            "/web/windlass.js/",
            "/web/../web/api.js",
            "/index.html",
        ] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        }
        for description in ["/swagger.json", "/openapi.json"] {
            let paths = browser.get(description).await.ok()["paths"].clone();
            assert!(paths.as_object().unwrap().keys().all(|path| !path.starts_with("/web")), "{description}");
        }
    });
}

#[test]
fn every_path_that_the_pages_ask_for_is_in_the_description() {
    on_every_service(|bench| async move {
        let nobody = Client::of(&bench);
        let description = nobody.get("/openapi.json").await.ok();
        let api = script(&nobody, "api.js").await;
        let table = api.split_once("export const PATHS = {").unwrap().1.split_once("};").unwrap().0;
        let entries: Vec<(String, String)> = Regex::new(r#"(\w+): "([^"]+)""#)
            .unwrap()
            .captures_iter(table)
            .map(|entry| (entry[1].to_owned(), entry[2].to_owned()))
            .collect();
        assert_eq!(entries.len(), table.lines().filter(|line| line.contains(':')).count(), "each entry is read");
        for (name, address) in &entries {
            let (path, query) = address.split_once("{?").unwrap_or((address, "}"));
            let method = if name == "token" { "post" } else { "get" };
            let operation = &description["paths"][path][method];
            assert!(operation.is_object(), "{method} {path}");
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let taken: Vec<&Value> = parameters.filter(|one| one["in"] == "query").map(|one| &one["name"]).collect();
            for parameter in query.trim_end_matches('}').split(',').filter(|name| !name.is_empty()) {
                assert!(taken.contains(&&json!(parameter)), "{path} takes {parameter}");
            }
        }
        // What is asked for, and nothing that is not in the table.
        let mut asked = BTreeSet::new();
        for (path, text) in scripts(&browser(&bench)).await {
            asked.extend(matches(r#"(?:ask|download|locate|button)\(\s*"(\w+)""#, &text));
            assert_eq!(text.contains("fetch("), path == "/web/api.js", "{path}: requests are made in one place");
            assert!(!text.contains("XMLHttpRequest") && !text.contains("/v1"), "{path}");
        }
        assert_eq!(asked, entries.into_iter().map(|(name, _)| name).collect());
    });
}

#[test]
fn what_the_service_tells_is_never_read_as_markup() {
    on_every_service(|bench| async move {
        let sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setHTML|srcdoc|DOMParser|createContextualFragment|import\(";
        let sinks = Regex::new(sinks).unwrap();
        let scripts = scripts(&browser(&bench)).await;
        assert!(scripts.len() > 5);
        for (path, text) in scripts {
            assert!(!sinks.is_match(&text), "{path}: {:?}", sinks.find(&text));
            // Links elsewhere are made where their scheme is looked at, all others from escaped parts.
            let is_maker = path == "/web/dom.js" || path == "/web/image.js";
            for target in matches(r"href: ([^,}]+)", &text) {
                let is_ours = ["address(", "url"].iter().any(|maker| target.starts_with(maker));
                assert!(is_ours && (is_maker || target.starts_with("address(")), "{path}: {target}");
            }
        }
    });
}

#[test]
fn kinds_of_packages_that_are_not_listed_are_there_nevertheless() {
    on_every_service(|bench| async move {
        let findings = script(&Client::of(&bench), "findings.js").await;
        let list = findings.split_once("export const MORE_KINDS = [").unwrap().1.split_once(']').unwrap().0;
        let kinds = matches(r#""([^"]+)""#, list);
        assert!(!kinds.is_empty());
        for kind in kinds {
            assert!(ContentType::parse(&kind).is_some(), "{kind}");
        }
    });
}
