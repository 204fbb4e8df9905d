//! Things that happened, for tests.

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass_v1::webhooks::{NotificationPayload, NotificationType};

use crate::{
    Facts, Message, Notice, Outgoing, Sample, VerdictChange, VulnerabilityChange, VulnerabilityFact, outgoing::Form,
};

pub(crate) const SUBJECT: &str = "docker.io/library/app:1.4";

pub(crate) fn now() -> Timestamp {
    "2026-03-01T10:00:05Z".parse().unwrap()
}

pub(crate) fn message(notices: &[Notice]) -> Message<'_> {
    Message {
        id: "delivery-1",
        notices,
        endpoint: "security",
        test: false,
        now: now(),
        base_url: "https://windlass.example",
        give_up: "2026-03-04T10:00:00Z".parse().unwrap(),
    }
}

fn notice(kind: NotificationType, id: &str, subject: &str, message: &str) -> Notice {
    let occurred_at = "2026-03-01T10:00:00Z".parse().unwrap();
    let sample = Sample { account: "team-a", email: Some("team-a@example.com"), id, now: occurred_at };
    let (repository, tag) = subject.trim_start_matches("docker.io/").rsplit_once(':').unwrap_or((subject, "latest"));
    let facts = Facts {
        digest: Some(format!("sha256:{}", "c3".repeat(32))),
        registry: Some("docker.io".into()),
        repository: Some(repository.into()),
        tag: Some(tag.into()),
        ..Facts::default()
    };
    Notice { subject: subject.to_owned(), message: message.to_owned(), facts, ..sample.notice(kind) }
}

pub(crate) fn vulnerability(id: &str) -> VulnerabilityFact {
    VulnerabilityFact {
        id: id.into(),
        aliases: vec!["GHSA-xxxx-yyyy-zzzz".into()],
        change: VulnerabilityChange::Added,
        severity: "High".into(),
        kev: true,
        epss: Some(0.9345),
        package: "libssl3".into(),
        version: "3.0.1-1".into(),
        fixed_in: vec!["3.0.1-2".into()],
        url: Some(format!("https://security-tracker.debian.org/tracker/{id}")),
    }
}

pub(crate) fn vuln_update() -> Notice {
    vuln_update_of("n-vuln", SUBJECT)
}

fn vuln_update_of(id: &str, subject: &str) -> Notice {
    let mut one = notice(NotificationType::VulnUpdate, id, subject, &format!("{subject} has a new vulnerability"));
    one.facts.vulnerabilities = vec![vulnerability("CVE-2026-1000")];
    one
}

pub(crate) fn stop() -> Notice {
    verdict("n-stop", "go", "stop", "vulnerability_data", "may not ship any more")
}

pub(crate) fn go() -> Notice {
    verdict("n-go", "stop", "go", "image", "may ship again")
}

fn verdict(id: &str, from: &str, to: &str, reason: &str, says: &str) -> Notice {
    let mut one = notice(NotificationType::PolicyEval, id, SUBJECT, &format!("{SUBJECT} {says}"));
    let rules: &[&str] = &["HIGH Vulnerability found in os package type (dpkg) - libssl3 (CVE-2026-1000)"];
    one.facts.verdict = Some(VerdictChange {
        from: from.into(),
        to: to.into(),
        flips: true,
        reason: reason.into(),
        policy: "production".into(),
        rules: rules.iter().filter(|_| to == "stop").map(|rule| (*rule).into()).collect(),
    });
    one
}

pub(crate) fn tag_update() -> Notice {
    notice(NotificationType::TagUpdate, "n-tag", SUBJECT, &format!("{SUBJECT} has another image"))
}

pub(crate) fn analysis_failed() -> Notice {
    let told = "Image analysis failed";
    let mut one = notice(NotificationType::EventLog, "n-event", SUBJECT, told);
    one.kind = NotificationType::EventLog;
    one.facts.event_type = Some("user.image.analysis.failed".into());
    one.facts.level = Some("error".into());
    let payload = json!({
        "notificationId": "n-event", "userId": "team-a", "generated_uuid": "e1", "created_at": "2026-03-01T10:00:00Z",
        "event": {
            "type": "user.image.analysis.failed", "level": "error", "message": told,
            "timestamp": "2026-03-01T10:00:00Z", "details": {"cause": "no space"},
            "resource": {"user_id": "team-a", "id": SUBJECT, "type": "image_tag"},
            "source": {"servicename": "analyzer", "hostid": "node-1", "base_url": null, "request_id": null},
        },
    });
    one.payload = NotificationPayload::EventLog(serde_json::from_value(payload).unwrap());
    one
}

/// Thirty images with one vulnerability, which half of them know under another name.
pub(crate) fn digest() -> Vec<Notice> {
    let one = |number: usize| {
        let mut one = vuln_update_of(&format!("n-{number}"), &format!("docker.io/team/service-{number:02}:prod"));
        if number % 2 == 1 {
            let fact = &mut one.facts.vulnerabilities[0];
            std::mem::swap(&mut fact.id, &mut fact.aliases[0]);
        }
        one
    };
    (0..30).map(one).collect()
}

/// Everything that is sent, for people to read.
pub(crate) fn shown(outgoing: &Outgoing) -> String {
    match &outgoing.0 {
        Form::Request(request) => {
            let headers: Vec<String> =
                request.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            format!("{} {}\n{}\n\n{body:#}", request.method, request.url, headers.join("\n"))
        }
        Form::Mail(mail) => {
            let letter = String::from_utf8(mail.content.clone()).unwrap().replace("\r\n", "\n");
            format!("{}:{} {:?} {:?}\n\n{letter}", mail.server, mail.port, mail.tls, mail.envelope)
        }
        Form::Issue(plan) => format!(
            "{:?} case {} notice {} since {}\n{}\n\n{}",
            plan.turn, plan.case, plan.notice, plan.since, plan.title, plan.body
        ),
    }
}

/// The body of a request.
pub(crate) fn body(outgoing: &Outgoing) -> Value {
    let Form::Request(request) = &outgoing.0 else { panic!("{outgoing:?} is no request") };
    serde_json::from_slice(&request.body).unwrap()
}
