//! What a collector of OpenTelemetry is told.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A collector; its address, and what it is sent: the request's first line and its body.
fn collector() -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.expect("a connection"));
            let mut lines = reader.by_ref().lines().map(|line| line.expect("a text").to_ascii_lowercase());
            let Some(first) = lines.next() else { continue };
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
            let mut body = vec![0; length.parse().expect("a number")];
            reader.read_exact(&mut body).expect("a body");
            let answer =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            reader.get_mut().write_all(answer.as_bytes()).expect("the answer is taken");
            let body = serde_json::from_slice(&body).expect("it is JSON");
            if sender.send((first, body)).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}

#[test]
fn a_request_is_a_span_of_the_trace_that_its_sender_names() {
    let (address, received) = collector();
    let folder = tempfile::tempdir().expect("a folder");
    let mut service = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["serve", "--role", "api", "--data-dir", "data", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("WINDLASS_ADMIN_PASSWORD", "foobar")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(service.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says that it is ready");
    let url = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    let client = reqwest::blocking::Client::builder().no_proxy().build().expect("a client");
    let asked = client
        .get(format!("{url}/v1/images/sha256:none"))
        .basic_auth("admin", Some("foobar"))
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("x-request-id", "asked-once")
        .send()
        .expect("it answers");
    assert_eq!(asked.status(), 404);
    // The end sends what was not sent yet.
    assert!(Command::new("kill").arg(service.id().to_string()).status().expect("kill runs").success());
    assert!(service.wait().expect("it ends").success());

    let mut spans = Vec::new();
    while let Ok((first, body)) = received.recv_timeout(Duration::from_secs(1)) {
        assert_eq!(first, "post /v1/traces http/1.1");
        let resource = &body["resourceSpans"][0];
        assert!(resource["resource"]["attributes"].to_string().contains("windlass"), "{body}");
        let scopes = resource["scopeSpans"].as_array().cloned().unwrap_or_default();
        spans.extend(scopes.iter().flat_map(|scope| scope["spans"].as_array().cloned().unwrap_or_default()));
    }
    let span = spans.iter().find(|span| span["traceId"] == TRACE).expect("the request belongs to the trace");
    assert_eq!((span["name"].as_str(), span["parentSpanId"].as_str()), (Some("request"), Some(PARENT)));
    let attribute = |name: &str| {
        let attributes = span["attributes"].as_array().cloned().unwrap_or_default();
        attributes.into_iter().find(|attribute| attribute["key"] == name).map(|attribute| attribute["value"].clone())
    };
    assert_eq!(attribute("id").expect("it has its id")["stringValue"], "asked-once");
    assert_eq!(attribute("operation").expect("it is named")["stringValue"], "get_image");
    assert!(attribute("status").expect("it ended").to_string().contains("404"));
}
