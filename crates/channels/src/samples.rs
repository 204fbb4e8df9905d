//! Notices of things that did not happen: for `test`, and to try templates on.

use jiff::Timestamp;
use serde_json::json;
use windlass_v1::{
    Annotations,
    subscriptions::SubscriptionType,
    webhooks::{NotificationPayload, NotificationType, Subscribed, TagUpdate, TagUpdateChange},
};

use crate::{
    Endpoint, Facts, Message, Notice, Problem, VerdictChange, VulnerabilityChange, VulnerabilityFact, compose,
};

/// For whom a sample is.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub account: &'a str,
    pub email: Option<&'a str>,
    /// Of the notice.
    pub id: &'a str,
    pub now: Timestamp,
}

impl Sample<'_> {
    /// The notice that `test` sends: of that kind, about an image that does not exist (`spec/operations.md` §2.10).
    /// Events have no sample: one of a tag takes their place.
    pub fn notice(&self, kind: NotificationType) -> Notice {
        let digest = |byte: &str| format!("sha256:{}", byte.repeat(32));
        let subject = "docker.io/windlass/test:latest";
        let annotations = Annotations([("test".to_owned(), json!(true))].into());
        let mut facts = Facts {
            digest: Some(digest("b2")),
            registry: Some("docker.io".into()),
            repository: Some("windlass/test".into()),
            tag: Some("latest".into()),
            ..Facts::default()
        };
        let subscribed = |kind| Subscribed {
            notification_id: self.id.to_owned(),
            user_id: self.account.to_owned(),
            subscription_key: subject.to_owned(),
            subscription_type: kind,
        };
        let payload = |kind, change: serde_json::Value| {
            let mut members = json!(subscribed(kind));
            if let (Some(members), serde_json::Value::Object(change)) = (members.as_object_mut(), change) {
                members.extend(change);
                members.insert("annotations".into(), json!(annotations));
            }
            serde_json::from_value(members).expect("a sample is what the API says it is")
        };
        let (message, payload) = match kind {
            NotificationType::VulnUpdate => {
                facts.vulnerabilities = vec![VulnerabilityFact {
                    id: "CVE-2014-0160".into(),
                    aliases: Vec::new(),
                    change: VulnerabilityChange::Added,
                    severity: "High".into(),
                    kev: true,
                    epss: Some(0.94),
                    package: "openssl".into(),
                    version: "1.0.1f".into(),
                    fixed_in: vec!["1.0.1g".into()],
                    url: Some("https://nvd.nist.gov/vuln/detail/CVE-2014-0160".into()),
                }];
                let change = json!({"imageDigest": digest("b2"), "diff_vulnerability_result": {
                    "added": [{
                        "CVE_ID": "CVE-2014-0160", "Severity": "High", "Vulnerable_Package": "openssl-1.0.1f",
                        "Fix_Available": "1.0.1g", "URL": "https://nvd.nist.gov/vuln/detail/CVE-2014-0160",
                        "Package_Name": "openssl", "Package_Version": "1.0.1f", "Package_Type": "dpkg",
                        "Feed": "vulnerabilities", "Feed_Group": "debian:7",
                    }],
                    "removed": [], "updated": [],
                }});
                (format!("{subject} has a new vulnerability"), payload(SubscriptionType::VulnUpdate, change))
            }
            NotificationType::PolicyEval => {
                facts.verdict = Some(VerdictChange {
                    from: "go".into(),
                    to: "stop".into(),
                    flips: true,
                    reason: "vulnerability_data".into(),
                    policy: "test".into(),
                    rules: vec!["HIGH Vulnerability found in openssl: CVE-2014-0160 fixed in 1.0.1g".into()],
                });
                let evaluation = |action: &str, status: &str| {
                    json!({
                        "user_id": self.account, "image_id": "b2".repeat(32), "image_digest": digest("b2"), "tag": subject,
                        "bundle": {}, "matched_mapping_rule": false, "matched_whitelisted_images_rule": false,
                        "matched_blacklisted_images_rule": false, "final_action": action, "status": status,
                        "final_action_reason": "policy_evaluation", "created_at": self.now.as_second(),
                        "last_modified": self.now.as_second(), "evaluation_problems": [], "result": {
                            "policy_data": [], "whitelist_data": [], "policy_name": "", "whitelist_names": [],
                        },
                    })
                };
                let change = json!({"last_eval": evaluation("go", "pass"), "curr_eval": evaluation("stop", "fail")});
                (format!("{subject} may not ship any more"), payload(SubscriptionType::PolicyEval, change))
            }
            NotificationType::AnalysisUpdate => {
                let progress = |status: &str| json!({"imageDigest": digest("b2"), "analysis_status": status, "annotations": annotations});
                let change = json!({"last_eval": progress("analyzing"), "curr_eval": progress("analyzed")});
                (format!("{subject} is analysed"), payload(SubscriptionType::AnalysisUpdate, change))
            }
            NotificationType::TagUpdate | NotificationType::EventLog => {
                let change = TagUpdateChange {
                    curr_eval: vec![digest("b2")],
                    last_eval: vec![digest("a1")],
                    annotations: Some(annotations),
                };
                let subscribed = subscribed(SubscriptionType::TagUpdate);
                let payload = NotificationPayload::TagUpdate(TagUpdate { subscribed, change });
                (format!("{subject} has another image"), payload)
            }
        };
        Notice {
            id: self.id.to_owned(),
            account: self.account.to_owned(),
            email: self.email.map(str::to_owned),
            kind: payload.kind(),
            subject: subject.to_owned(),
            occurred_at: self.now,
            message,
            facts,
            payload,
        }
    }
}

/// Whether the templates of an endpoint can tell every kind of notice, alone and together.
pub(crate) fn try_out(endpoint: &Endpoint) -> Option<Problem> {
    let sample = Sample { account: "account", email: None, id: "sample", now: Timestamp::UNIX_EPOCH };
    let notices: Vec<Notice> = NotificationType::ALL.iter().map(|kind| sample.notice(*kind)).collect();
    let alone = notices.iter().map(std::slice::from_ref);
    let problem = alone.chain([notices.as_slice()]).find_map(|notices| {
        let message = Message {
            id: "sample",
            notices,
            endpoint: "endpoint",
            test: false,
            now: sample.now,
            base_url: "https://windlass.example",
            give_up: sample.now,
        };
        compose(endpoint, &message).err()
    })?;
    Some(match problem {
        crate::ComposeError::Setting { field, reason } => Problem { field, reason },
        crate::ComposeError::Template { ref name, .. } | crate::ComposeError::TooLong { ref name, .. } => {
            Problem { field: format!("templates.{name}"), reason: problem.to_string() }
        }
    })
}
