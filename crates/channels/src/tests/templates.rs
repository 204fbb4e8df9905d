//! Texts of users.

use serde_json::json;

use super::endpoint;
use crate::{Endpoint, VulnerabilityChange, compose, testing};

fn with(kind: &serde_json::Value, name: &str, source: &str) -> Endpoint {
    let mut endpoint = endpoint(kind);
    endpoint.templates.insert(name.to_owned(), source.to_owned());
    endpoint
}

fn slack(name: &str, source: &str) -> Endpoint {
    with(&json!({"kind": "slack", "url": "https://hooks.slack.com/x"}), name, source)
}

fn problem(endpoint: &Endpoint) -> String {
    endpoint.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_template_of_the_user_takes_the_place_of_the_channel_s() {
    let endpoint =
        slack("body", "{% for one in verdicts %}{{ one.to|upper|bold }}: {{ one.subjects|few }}{% endfor %}");
    assert_eq!(endpoint.problems(), []);
    let sent = compose(&endpoint, &testing::message(&[testing::stop()])).unwrap();
    assert_eq!(testing::body(&sent[0])["blocks"][1]["text"]["text"], "*STOP*: `docker.io/library/app:1.4`");
}

#[test]
fn what_comes_from_outside_is_escaped_whatever_the_template_does() {
    let mut notice = testing::stop();
    notice.message = "<!channel> & more".into();
    for source in [
        "{{ notices[0].message }}",
        "{% autoescape false %}{{ notices[0].message }}{% endautoescape %}",
        "{% set x = notices[0].message %}{{ x }}",
        "{{ '' ~ notices[0].message }}",
        "{{ notices[0].message|upper|lower }}",
    ] {
        let sent = compose(&slack("body", source), &testing::message(std::slice::from_ref(&notice))).unwrap();
        let told = testing::body(&sent[0])["blocks"][1]["text"]["text"].as_str().unwrap().to_owned();
        assert_eq!(told, "&lt;!channel&gt; &amp; more", "{source}");
    }
    assert_eq!(
        problem(&slack("body", "{{ message|safe }}")),
        "templates.body: template \"body\", line 1: unknown filter: filter safe is unknown"
    );
}

#[test]
fn an_error_names_the_template_and_the_line() {
    for (source, told) in [
        ("a\n{% for %}", "templates.body: template \"body\", line 2: syntax error"),
        ("a\n\n{{ verdict.to }}", "templates.body: template \"body\", line 3: undefined value"),
        ("{{ nothing }}", "templates.body: template \"body\", line 1: undefined value"),
        ("{{ 1 / 0 }}", "templates.body: template \"body\", line 1: invalid operation"),
        ("{% include 'title' %}", "templates.body: template \"body\", line 1: syntax error"),
    ] {
        let problem = problem(&slack("body", source));
        assert!(problem.starts_with(told), "{source}: {problem}");
    }
    assert_eq!(problem(&slack("boddy", "x")), "templates.boddy: slack has no such template; it has title, body");
    assert!(problem(&slack("body", &"x".repeat(20_000))).contains("longer than 16384 bytes"));
}

#[test]
fn a_template_that_grows_or_never_ends_is_refused_in_little_time() {
    let doubling = "{% set x = 'xxxxxxxxxxxxxxxx' %}".to_owned() + &"{% set x = x ~ x %}".repeat(60) + "{{ x }}";
    let nested = "{% for a in range(10000) %}".repeat(3) + "x" + &"{% endfor %}".repeat(3);
    let began = std::time::Instant::now();
    for source in [doubling.as_str(), nested.as_str(), "{{ 'x' * 1000000000 }}", "{{ range(100000)|join('x' * 1000) }}"]
    {
        let problem = problem(&slack("body", source));
        assert!(problem.starts_with("templates.body: template \"body\""), "{source:.60}: {problem}");
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn a_body_of_the_user_s_own_is_sent_by_a_webhook_if_it_is_json() {
    let hook = |source| with(&json!({"kind": "webhook", "url": "https://h.example/"}), "body", source);
    let own = hook(r#"{"text": {{ title }}, "worst": {{ urgency }}, "all": {{ verdicts }}}"#);
    assert_eq!(own.problems(), []);
    let mut notice = testing::stop();
    notice.subject = "a\"b\\</script>".into();
    let sent = compose(&own, &testing::message(&[notice])).unwrap();
    let body = testing::body(&sent[0]);
    assert_eq!((&body["text"], &body["worst"]), (&json!("STOP: a\"b\\</script>"), &json!("error")));
    assert_eq!(body["all"][0]["subjects"], json!(["a\"b\\</script>"]));
    assert!(problem(&hook("{{ title }} is no JSON")).contains("what it gives is no JSON"));
}

#[test]
fn a_title_says_whether_vulnerabilities_came_or_went() {
    let title = |changes: &[VulnerabilityChange]| {
        let mut notice = testing::vuln_update();
        notice.subject = "r.example/app:1".into();
        let fact = |(at, change): (usize, &VulnerabilityChange)| {
            let one = testing::vulnerability(&format!("CVE-{at}"));
            crate::VulnerabilityFact { change: *change, aliases: Vec::new(), ..one }
        };
        notice.facts.vulnerabilities = changes.iter().enumerate().map(fact).collect();
        let sent = compose(&slack("body", "x"), &testing::message(&[notice])).unwrap();
        testing::body(&sent[0])["blocks"][0]["text"]["text"].as_str().unwrap().to_owned()
    };
    let (came, went) = (VulnerabilityChange::Added, VulnerabilityChange::Removed);
    for (changes, told) in [
        (&[came, came][..], "2 vulnerabilities in r.example/app:1"),
        (&[went, went], "2 vulnerabilities gone from r.example/app:1"),
        (&[came, went, went], "3 vulnerabilities (2 gone) in r.example/app:1"),
    ] {
        assert!(title(changes).ends_with(told), "{}", title(changes));
    }
}
