//! Whatever images, packages and users are called: what is sent stays within what the channel takes, and says nothing but
//! what it should.

use proptest::{collection::vec, prelude::*, sample::select};

use super::endpoints;
use crate::{Endpoint, Notice, Outgoing, compose, outgoing::Form, testing};

/// Names that somebody would try.
const EVIL: &[&str] = &[
    "<!channel>",
    "<!everyone|all>",
    "<@U012AB3CD>",
    "@everyone",
    "@channel",
    "@here",
    "<@&123>",
    "[~admin]",
    "[x](http://e.example)",
    "<https://e.example|fix>",
    "https://e.example/",
    "*b* _i_ ~s~ `c`",
    "```",
    "{{7*7}}",
    "{% raw %}",
    "</td><script>alert(1)</script>",
    "<!-- windlass:case:0 -->",
    "\r\nBcc: all@example.com",
    "\u{202e}gpj.exe",
    "\u{0}\u{1b}[31m",
    "a\n\n# b",
    "|x|",
    "!http://e.example/x.png!",
    "{color:red}",
    "\\",
    "\u{1f600}",
    "www.e.example",
    "#1",
    "&amp;",
    "''\"\"",
    "- x",
];

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => select(EVIL).prop_map(str::to_owned),
        2 => "[a-z0-9./:-]{1,30}",
        1 => "\\PC{0,60}",
        1 => (select(EVIL), 1..200_usize).prop_map(|(text, times)| text.repeat(times)),
    ];
    vec(part, 1..4).prop_map(|parts| parts.join(" "))
}

/// Told by their texts alone where one fails.
#[derive(Clone)]
struct Notices(Vec<Notice>);

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|notice| (&notice.subject, &notice.message, &notice.account))).finish()
    }
}

fn notices() -> impl Strategy<Value = Notices> {
    let one = (0..5_usize, text(), text(), text(), 0..30_usize).prop_map(|(kind, subject, message, name, many)| {
        let mut notice =
            [testing::vuln_update(), testing::stop(), testing::go(), testing::tag_update(), testing::analysis_failed()]
                [kind]
                .clone();
        if let Some(verdict) = &mut notice.facts.verdict {
            verdict.rules = vec![name.clone(); many];
            verdict.policy.clone_from(&message);
        }
        if !notice.facts.vulnerabilities.is_empty() {
            notice.facts.vulnerabilities = (0..=many)
                .map(|number| {
                    let mut one = testing::vulnerability(&format!("{message} {number}"));
                    one.aliases = Vec::new();
                    one.package.clone_from(&name);
                    one.version.clone_from(&message);
                    one.fixed_in = vec![name.clone(); many];
                    one.severity.clone_from(&name);
                    one.url = Some(name.clone());
                    one
                })
                .collect();
        }
        Notice { account: name, subject, message, ..notice }
    });
    vec(one, 1..12).prop_map(Notices)
}

fn characters(value: &serde_json::Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

fn mentions(text: &str) -> bool {
    text.char_indices().any(|(at, c)| c == '@' && text[at + 1..].starts_with(|c: char| c.is_alphanumeric()))
}

/// That Markdown shows text, code and links to the web: no mention of anybody, no picture, no HTML.
fn check_markdown(text: &str) -> Result<(), TestCaseError> {
    use pulldown_cmark::{Event, Parser, Tag, TextMergeStream};
    for event in TextMergeStream::new(Parser::new(text)) {
        match event {
            Event::Text(shown) => prop_assert!(!mentions(&shown) && !shown.contains("://"), "{shown} of {text}"),
            Event::Start(Tag::Link { dest_url, .. }) => {
                prop_assert!(dest_url.starts_with("http"), "{dest_url} of {text}");
            }
            Event::Start(Tag::Image { .. } | Tag::HtmlBlock) | Event::Html(_) | Event::InlineHtml(_) => {
                return Err(TestCaseError::fail(format!("{event:?} of {text}")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check(endpoint: &Endpoint, outgoing: &Outgoing) -> Result<(), TestCaseError> {
    let request = match &outgoing.0 {
        Form::Mail(mail) => {
            let letter = String::from_utf8(mail.content.clone()).unwrap();
            let (head, _) = letter.split_once("\r\n\r\n").unwrap();
            prop_assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
            prop_assert_eq!(head.lines().filter(|line| line.starts_with("Subject:")).count(), 1);
            prop_assert!(letter.is_ascii() && letter.lines().all(|line| line.len() <= 998));
            let html = letter.split("text/html").nth(1).unwrap();
            prop_assert!(!html.replace("=\r\n", "").contains("<script"));
            prop_assert!(mail.content.len() < 1 << 20);
            return Ok(());
        }
        Form::Issue(plan) => {
            let (title, body) = (plan.title.chars().count(), plan.body.chars().count());
            let limit = if endpoint.channel.name() == "jira_issue" { 32_000 } else { 65_000 };
            prop_assert!(title <= 250 && body <= limit, "{title} {body}");
            prop_assert!(!plan.title.contains(['\n', '\r']));
            prop_assert!(!plan.body.contains("<!--"), "{}", plan.body);
            if endpoint.channel.name() == "github_issue" {
                check_markdown(&plan.body)?;
            }
            return Ok(());
        }
        Form::Request(request) => request,
    };
    let body = testing::body(outgoing);
    match endpoint.channel.name() {
        "slack" => {
            let blocks = body["blocks"].as_array().unwrap();
            prop_assert!(blocks.len() <= 50);
            for block in blocks {
                let text = &block["text"]["text"];
                let most = if block["type"] == "header" { 150 } else { 3000 };
                prop_assert!(characters(text) <= most, "{block}");
                prop_assert!(block["type"] == "context" || characters(text) > 0);
                let text = text.as_str().unwrap_or_default();
                // A header is plain text. In all else `<` begins a link of ours or nothing.
                let links = text.match_indices('<').all(|(at, _)| text[at + 1..].starts_with("http"));
                prop_assert!(block["type"] == "header" || links, "{text}");
            }
            prop_assert!(!body["text"].as_str().unwrap().contains('<'));
        }
        "teams" => prop_assert!(request.body.len() <= 28 * 1024, "{}", request.body.len()),
        "mattermost" => {
            prop_assert!(characters(&body["text"]) <= 16_383);
            check_markdown(body["text"].as_str().unwrap())?;
        }
        "discord" => {
            let (content, embed) =
                (body["content"].as_str().unwrap(), body["embeds"][0]["description"].as_str().unwrap());
            let (content_size, embed_size) = (content.encode_utf16().count(), embed.encode_utf16().count());
            prop_assert!(content_size <= 2000 && embed_size <= 4096, "{content_size} {embed_size}");
            prop_assert_eq!(&body["allowed_mentions"]["parse"], &serde_json::json!([]));
            check_markdown(content)?;
            check_markdown(embed)?;
        }
        "pagerduty" => {
            prop_assert!(request.body.len() <= 512 << 10);
            prop_assert!(characters(&body["payload"]["summary"]) <= 1024);
        }
        _ => prop_assert!(request.body.len() < 16 << 20),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happened_fits_and_is_nothing_but_text(notices in notices()) {
        for endpoint in endpoints() {
            let sent = compose(&endpoint, &testing::message(&notices.0));
            let sent = sent.map_err(|error| TestCaseError::fail(format!("{}: {error}", endpoint.channel.name())))?;
            for outgoing in &sent {
                check(&endpoint, outgoing)?;
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_counted_and_the_worst_is_told() {
    let mut notice = testing::vuln_update();
    notice.facts.vulnerabilities = (0..500)
        .map(|number| {
            let mut one = testing::vulnerability(&format!("CVE-2026-{number:04}"));
            one.aliases = Vec::new();
            one.kev = number == 499;
            one
        })
        .collect();
    let notices = [notice];
    for endpoint in endpoints().into_iter().filter(|endpoint| endpoint.channel.name() != "webhook") {
        for outgoing in compose(&endpoint, &testing::message(&notices)).unwrap() {
            let shown = testing::shown(&outgoing).replace("=\n", "");
            assert!(shown.contains("CVE-2026-0499"), "{}: {shown}", endpoint.channel.name());
            let more = shown.split(" more").next().and_then(|before| before.rsplit(' ').next());
            let more: usize = more.unwrap().parse().unwrap();
            assert!((300..500).contains(&more), "{}: {more}", endpoint.channel.name());
        }
    }
}
