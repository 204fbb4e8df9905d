//! What each channel is sent for what happens: one snapshot a channel.

use std::fmt::Write as _;

use crate::{
    Auth, Channel, Endpoint, Message, Notice, SigningKey,
    channels::{
        discord::Discord,
        email::Email,
        github_issue::GithubIssue,
        jira_issue::JiraIssue,
        mattermost::Mattermost,
        pagerduty::PagerDuty,
        slack::Slack,
        teams::Teams,
        webhook::{Format, Webhook},
    },
    compose, testing,
};

fn told(channel: Channel) -> String {
    let endpoint = Endpoint::new(channel);
    assert_eq!(endpoint.problems(), []);
    let scenes: [(&str, Vec<Notice>); 6] = [
        ("a vulnerability that is exploited", vec![testing::vuln_update()]),
        ("a verdict becomes STOP", vec![testing::stop()]),
        ("a verdict is GO again", vec![testing::go()]),
        ("a tag has another image", vec![testing::tag_update()]),
        ("an analysis failed", vec![testing::analysis_failed()]),
        ("thirty images have one vulnerability", testing::digest()),
    ];
    let mut text = String::new();
    for (scene, notices) in scenes {
        writeln!(text, "======== {scene}").unwrap();
        for outgoing in compose(&endpoint, &testing::message(&notices)).unwrap() {
            writeln!(text, "{}", testing::shown(&outgoing)).unwrap();
        }
    }
    text
}

fn from_json<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn webhook(format: Format) -> Webhook {
    Webhook { format, ..Webhook::new("https://hooks.example/<notification_type>/<userId>") }
}

#[test]
fn webhook_with_the_original_envelope() {
    let auth = Auth::Basic { username: "u".into(), password: "p".into() };
    insta::assert_snapshot!(told(Channel::Webhook(Webhook { auth, ..webhook(Format::AnchoreV1) })));
}

#[test]
fn webhook_with_cloudevents() {
    let signing = vec![SigningKey::new([7; 32])];
    insta::assert_snapshot!(told(Channel::Webhook(Webhook { signing, ..webhook(Format::CloudEvents) })));
}

#[test]
fn webhook_with_plain_json() {
    insta::assert_snapshot!(told(Channel::Webhook(webhook(Format::Windlass))));
}

#[test]
fn slack() {
    insta::assert_snapshot!(told(Channel::Slack(Slack { url: "https://hooks.slack.com/services/T/B/x".into() })));
}

#[test]
fn teams() {
    insta::assert_snapshot!(told(Channel::Teams(Teams { url: "https://prod.logic.azure.com/workflows/x".into() })));
}

#[test]
fn mattermost() {
    let url = "https://chat.example/hooks/x".into();
    insta::assert_snapshot!(told(Channel::Mattermost(Mattermost { url, channel: Some("security".into()) })));
}

#[test]
fn discord() {
    insta::assert_snapshot!(told(Channel::Discord(Discord { url: "https://discord.com/api/webhooks/1/x".into() })));
}

#[test]
fn email() {
    let email: Email = from_json(serde_json::json!({
        "server": "mail.example.com", "username": "windlass", "password": "secret",
        "from": "Windlass <windlass@example.com>", "to": ["security@example.com", "Team A <team-a@example.com>"],
    }));
    insta::assert_snapshot!(told(Channel::Email(email)));
}

#[test]
fn github_issue() {
    let github: GithubIssue = from_json(serde_json::json!({"repository": "team/images", "token": "t"}));
    insta::assert_snapshot!(told(Channel::GithubIssue(github)));
}

#[test]
fn jira_issue() {
    let jira: JiraIssue = from_json(serde_json::json!({
        "url": "https://team.atlassian.net", "project": "SEC", "username": "a@example.com", "token": "t",
    }));
    insta::assert_snapshot!(told(Channel::JiraIssue(jira)));
}

#[test]
fn pagerduty() {
    let pagerduty: PagerDuty = from_json(serde_json::json!({"routing_key": "r"}));
    insta::assert_snapshot!(told(Channel::PagerDuty(pagerduty)));
}

#[test]
fn a_test_says_so_and_leaves_no_incident_open() {
    let endpoint = Endpoint::new(Channel::PagerDuty(from_json(serde_json::json!({"routing_key": "r"}))));
    let notices = [testing::stop()];
    let sent = compose(&endpoint, &Message { test: true, ..testing::message(&notices) }).unwrap();
    let actions: Vec<_> = sent.iter().map(|one| testing::body(one)["event_action"].clone()).collect();
    assert_eq!(actions, ["trigger", "resolve"]);
    let first = testing::body(&sent[0]);
    assert_eq!(first["payload"]["severity"], "info");
    assert!(first["payload"]["summary"].as_str().unwrap().starts_with("[Test] "), "{first}");
    assert_ne!(
        first["dedup_key"],
        testing::body(&compose(&endpoint, &testing::message(&notices)).unwrap()[0])["dedup_key"]
    );
}

#[test]
fn what_one_account_s_address_gets_is_about_that_account_alone() {
    let other = serde_json::to_string(&testing::stop()).unwrap().replace("team-a", "team-b").replace("n-stop", "n-b");
    let notices = [testing::stop(), serde_json::from_str(&other).unwrap(), testing::go()];
    for (format, own_body) in [(Format::CloudEvents, false), (Format::AnchoreV1, false), (Format::Windlass, true)] {
        let mut endpoint = Endpoint::new(Channel::Webhook(webhook(format)));
        if own_body {
            endpoint.templates.insert("body".into(), "{{ notices }}".into());
        }
        let sent = compose(&endpoint, &testing::message(&notices)).unwrap();
        let told: Vec<(bool, String)> =
            sent.iter().map(testing::shown).map(|shown| (shown.contains("/team-a\n"), shown)).collect();
        for (to_a, shown) in &told {
            assert_eq!((shown.contains("team-b"), shown.contains("\"team-a\"")), (!to_a, *to_a), "{shown}");
        }
        assert_eq!(told.iter().filter(|(to_a, _)| !to_a).count(), 1);
        let ids: std::collections::BTreeSet<&str> = told
            .iter()
            .map(|(_, shown)| shown.split("webhook-id: ").nth(1).unwrap().split('\n').next().unwrap())
            .collect();
        assert_eq!(ids.len(), told.len());
    }
}
