//! What the log of a process tells, and what it must not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::process::{PASSWORD, Process};

/// A process whose database has lost the table of registries.
fn broken(settings: &[(&str, &str)]) -> Process {
    let process = Process::start(settings);
    let database = rusqlite::Connection::open(process.path("data/windlass.db")).expect("a database");
    database.execute_batch("DROP TABLE registries").expect("there is one");
    process
}

/// Asks for registries; the id of the request that fails.
fn fail(process: &Process) -> String {
    let answer = process.get("/v1/registries").send().expect("it answers");
    let id = answer.headers()["x-request-id"].to_str().expect("a text").to_owned();
    assert_eq!(answer.status(), 500);
    let text = answer.text().expect("a body");
    assert!(text.contains("X-Request-Id") && !text.contains("registries"), "the reason is not for callers: {text}");
    id
}

fn is_moment(text: &str) -> bool {
    text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

#[test]
fn a_request_that_fails_is_found_in_the_log_by_its_id() {
    let process = broken(&[]);
    assert_eq!(process.get("/health").send().expect("it answers").status(), 200);
    let id = fail(&process);
    let (status, log) = process.stop();
    assert!(!log.contains("/health"), "nobody wants to read that all is well: {log}");
    assert!(status.success());
    for line in log.lines() {
        assert!(is_moment(line.split(' ').next().unwrap_or_default()), "{line}");
    }
    let of_request: Vec<&str> = log.lines().filter(|line| line.contains(&id)).collect();
    let [failed, answered] = of_request[..] else { panic!("{log}") };
    for told in ["ERROR", "no such table: registries", "account=\"admin\"", "path=\"/v1/registries\""] {
        assert!(failed.contains(told), "{told}: {failed}");
    }
    assert!(answered.contains(" INFO ") && answered.contains("status=500"), "{answered}");
}

#[test]
fn the_log_is_json_where_programs_read_it() {
    let process = broken(&[("WINDLASS_LOG_FORMAT", "json")]);
    let id = fail(&process);
    let (_, log) = process.stop();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        assert!(is_moment(line["timestamp"].as_str().unwrap_or_default()), "{line}");
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
    let of_request: Vec<&Value> = lines.iter().filter(|line| line["spans"][0]["id"] == id.as_str()).collect();
    let [failed, answered] = of_request[..] else { panic!("{log}") };
    assert_eq!((&failed["level"], &failed["message"]), (&json!("ERROR"), &json!("the request failed")));
    assert!(failed["error"].as_str().is_some_and(|text| text.contains("no such table")), "{failed}");
    let request = &failed["spans"][0];
    assert_eq!((&request["name"], &request["account"]), (&json!("request"), &json!("admin")));
    assert_eq!((&answered["message"], &answered["status"]), (&json!("answered"), &json!(500)));
    assert!(
        lines.iter().any(|line| line["message"].as_str().is_some_and(|text| text.starts_with("stopping"))),
        "{log}"
    );
}

#[test]
fn an_error_names_its_request_though_nothing_else_is_logged() {
    let process = broken(&[("WINDLASS_LOG", "error")]);
    let id = fail(&process);
    let log = process.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains(&id), "{log}");
}

#[test]
fn why_a_process_does_not_start_is_told_in_the_form_of_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let serve = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.arg("serve").args(arguments).current_dir(folder.path()).env_clear().env("HOME", folder.path());
        let output = command.output().expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let nowhere = ["--listen", "192.0.2.1:1", "--data-dir", "data"];
    let (exit, said) = serve(&nowhere);
    assert!(exit == Some(2) && said.contains("error: nothing can listen on 192.0.2.1:1"), "{said}");
    let (exit, said) = serve(&[&nowhere[..], &["--log-format", "json"]].concat());
    let last: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("it is JSON");
    assert_eq!((exit, &last["level"]), (Some(2), &json!("ERROR")), "{said}");
    assert!(last["error"].as_str().is_some_and(|text| text.contains("192.0.2.1:1")), "{said}");
    // What is wrong with the settings themselves is told before it is known what the log looks like.
    std::fs::write(folder.path().join("windlass.yaml"), "log_format: xml\n").expect("a file");
    let (exit, said) = serve(&["--config", "windlass.yaml", "--check-config"]);
    assert!(exit == Some(2) && said.contains("windlass.yaml: log_format") && said.contains("json"), "{said}");
}

#[test]
fn secrets_are_not_logged_however_much_is() {
    const OF_REGISTRY: &str = "a-password-of-the-registry";
    const OF_USER: &str = "a-password-that-is-guessed";
    let encoded = |user: &str, password: &str| STANDARD.encode(format!("{user}:{password}"));
    let process = Process::start(&[("WINDLASS_LOG", "trace"), ("WINDLASS_OAUTH__ENABLED", "true")]);
    let post = |path: &str, media_type: &str, body: String| {
        let answer = process.post(path, media_type, body).send().expect("it answers");
        (answer.status().as_u16(), answer.text().expect("a body"))
    };
    let secret_in = |(status, body): (u16, String), name: &str| {
        let document: Value = serde_json::from_str(&body).expect("it is JSON");
        assert_eq!(status, 200, "{body}");
        document[name].as_str().expect("it is told this once").to_owned()
    };
    let registry = json!({"registry": "127.0.0.1:1", "registry_name": "r", "registry_type": "docker_v2",
        "registry_user": "robot", "registry_pass": OF_REGISTRY, "registry_verify": false});
    let (status, body) = post("/v1/registries?validate=false", "application/json", registry.to_string());
    assert_eq!(status, 200, "{body}");
    let (status, _) = post("/v1/images", "application/json", json!({"tag": "127.0.0.1:1/team/app:1"}).to_string());
    assert_eq!(status, 400, "nobody is there");
    let key = secret_in(post("/v1/user/api-keys", "application/json", json!({"name": "k"}).to_string()), "key");
    let form = format!("grant_type=password&username=admin&password={PASSWORD}&client_id=anonymous");
    let token = secret_in(post("/v1/oauth/token", "application/x-www-form-urlencoded", form), "access_token");
    let guess = process.client().get(format!("{}/v1/images", process.url)).basic_auth("admin", Some(OF_USER));
    assert_eq!(guess.send().expect("it answers").status(), 401);
    for bearer in [&key, &token] {
        let asked = process.client().get(format!("{}/v1/images", process.url)).bearer_auth(bearer);
        assert_eq!(asked.send().expect("it answers").status(), 200);
    }
    let (_, log) = process.stop();
    assert!(log.contains("TRACE") && log.contains("a log-in was refused"), "{log}");
    for secret in [
        PASSWORD.to_owned(),
        OF_USER.to_owned(),
        OF_REGISTRY.to_owned(),
        key,
        token,
        encoded("admin", PASSWORD),
        encoded("admin", OF_USER),
        encoded("robot", OF_REGISTRY),
    ] {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} is logged");
    }
}
