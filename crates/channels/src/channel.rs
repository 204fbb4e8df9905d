//! Where notices go.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ComposeError, Message, Outgoing, Secret, SigningKey,
    channels::{
        discord::Discord, email::Email, github_issue::GithubIssue, jira_issue::JiraIssue, mattermost::Mattermost,
        pagerduty::PagerDuty, slack::Slack, teams::Teams, webhook::Webhook,
    },
    texts::{Text, Texts},
};

/// Seconds that a receiver may take.
const TIMEOUTS: std::ops::RangeInclusive<u32> = 1..=60;
/// Bytes of a template.
const TEMPLATE_BYTES: usize = 16 << 10;

/// A receiver, and how it is spoken to. Holds secrets: whoever keeps it encrypts it, and nobody logs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Endpoint {
    pub channel: Channel,
    /// Texts of the user's own instead of the channel's, by name: minijinja.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub templates: BTreeMap<String, String>,
    /// Whether the certificate of the receiver is checked.
    #[serde(default = "yes")]
    #[schema(required = false, default = true)]
    pub verify: bool,
    /// PEM certificates that are trusted beside the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub certificate_authority: Option<String>,
    /// Seconds that the receiver may take.
    #[serde(default = "timeout")]
    #[schema(required = false, default = 10, minimum = 1, maximum = 60)]
    pub timeout: u32,
}

fn yes() -> bool {
    true
}

fn timeout() -> u32 {
    10
}

/// The kinds of receivers, with what each needs to know. One file a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Channel {
    Webhook(Webhook),
    Slack(Slack),
    Teams(Teams),
    Mattermost(Mattermost),
    Discord(Discord),
    Email(Email),
    GithubIssue(GithubIssue),
    JiraIssue(JiraIssue),
    #[serde(rename = "pagerduty")]
    PagerDuty(PagerDuty),
}

/// What a kind of receiver can do.
pub(crate) trait Kind {
    /// As it is written in `kind`.
    fn name(&self) -> &'static str;

    /// Its secrets by the names of their fields.
    fn secrets(&mut self) -> Vec<(String, &mut Secret)>;

    /// Where it is sent. A secret that is kept must not be sent elsewhere; `None` where the secret itself says where.
    fn destination(&self) -> Option<String>;

    fn problems(&self, problems: &mut Problems);

    /// The templates that it renders.
    fn texts(&self) -> &'static [Text];

    /// Whether one request can hold several notices.
    fn gathers(&self) -> bool {
        true
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError>;
}

/// The settings of a channel, whatever its kind.
macro_rules! of_any_kind {
    ($channel:expr) => {
        match $channel {
            Channel::Webhook(kind) => kind,
            Channel::Slack(kind) => kind,
            Channel::Teams(kind) => kind,
            Channel::Mattermost(kind) => kind,
            Channel::Discord(kind) => kind,
            Channel::Email(kind) => kind,
            Channel::GithubIssue(kind) => kind,
            Channel::JiraIssue(kind) => kind,
            Channel::PagerDuty(kind) => kind,
        }
    };
}

impl Channel {
    pub(crate) fn kind(&self) -> &dyn Kind {
        of_any_kind!(self)
    }

    fn kind_mut(&mut self) -> &mut dyn Kind {
        of_any_kind!(self)
    }

    /// Its kind, as it is written: `slack`.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Whether one request can hold several notices. Where it cannot, a message of several becomes several requests, and
    /// those that were accepted are sent again when a later one fails.
    pub fn gathers(&self) -> bool {
        self.kind().gathers()
    }
}

impl Endpoint {
    /// An endpoint that is spoken to as the channel does by itself.
    pub fn new(channel: Channel) -> Self {
        Self { channel, templates: BTreeMap::new(), verify: yes(), certificate_authority: None, timeout: timeout() }
    }

    /// As it may be shown: in place of secrets stand masks.
    #[must_use]
    pub fn masked(&self) -> Self {
        let mut shown = self.clone();
        for (_, secret) in shown.channel.kind_mut().secrets() {
            *secret = secret.masked();
        }
        shown
    }

    /// Puts the secrets of what was there before in place of their masks. Masks stay where the receiver is another one,
    /// and [`problems`](Self::problems) then asks for the secrets: who may change an endpoint must not learn them by
    /// having them sent to a place of his own.
    #[must_use]
    pub fn with_secrets_of(mut self, before: &Self) -> Self {
        let mut before = before.clone();
        if self.channel.name() != before.channel.name()
            || self.channel.kind().destination() != before.channel.kind().destination()
        {
            return self;
        }
        let kept: BTreeMap<String, Secret> =
            before.channel.kind_mut().secrets().into_iter().map(|(name, secret)| (name, secret.clone())).collect();
        for (name, secret) in self.channel.kind_mut().secrets() {
            if let Some(kept) = kept.get(&name).filter(|kept| kept.masked() == *secret) {
                *secret = kept.clone();
            }
        }
        self
    }

    /// What has to be put right before it can be used; empty if nothing.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        let mut copy = self.clone();
        for (name, secret) in copy.channel.kind_mut().secrets() {
            // There are logins by name alone.
            let may_be_empty = name.ends_with("password");
            problems.check(may_be_empty || !secret.expose().is_empty(), &name, "it is empty: give the secret");
            problems.check(
                !secret.is_masked(),
                &name,
                "it is masked: give the secret again, because there is none that belongs to this receiver",
            );
        }
        self.channel.kind().problems(&mut problems);
        problems.check(
            TIMEOUTS.contains(&self.timeout),
            "timeout",
            &format!("{} is no number of seconds from {} to {}", self.timeout, TIMEOUTS.start(), TIMEOUTS.end()),
        );
        if let Some(pem) = &self.certificate_authority
            && let Err(reason) = crate::sender::certificates(pem.as_bytes())
        {
            problems.add("certificate_authority", &reason);
        }
        let texts = self.channel.kind().texts();
        for (name, source) in &self.templates {
            let field = format!("templates.{name}");
            if !texts.iter().any(|text| text.name == name) {
                let known: Vec<&str> = texts.iter().map(|text| text.name).collect();
                problems
                    .add(&field, &format!("{} has no such template; it has {}", self.channel.name(), known.join(", ")));
            }
            problems.check(
                source.len() <= TEMPLATE_BYTES,
                &field,
                &format!("it is longer than {TEMPLATE_BYTES} bytes"),
            );
        }
        if problems.0.is_empty() {
            problems.0.extend(crate::samples::try_out(self));
        }
        problems.0
    }

    /// Exchanges the key that signs: the new one signs from now on, and what signed before goes on until that time.
    /// `false` where the channel does not sign.
    pub fn rotate_signing_key(&mut self, new: SigningKey, now: jiff::Timestamp, until: jiff::Timestamp) -> bool {
        let Channel::Webhook(webhook) = &mut self.channel else { return false };
        webhook.rotate(new, now, until);
        true
    }
}

/// What is wrong with an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The member: `url`, `templates.body`.
    pub field: String,
    /// What is wrong and what to do.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Problems as they are found.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, field: &str, reason: &str) {
        self.0.push(Problem { field: field.to_owned(), reason: reason.to_owned() });
    }

    pub(crate) fn check(&mut self, holds: bool, field: &str, reason: &str) {
        if !holds {
            self.add(field, reason);
        }
    }

    /// That a text is a URL that can be sent to.
    pub(crate) fn check_url(&mut self, field: &str, text: &str) {
        if let Err(reason) = web_address(text) {
            self.add(field, &reason);
        }
    }
}

/// A URL of HTTP without a login. Its text is in no error: it may be a secret.
pub(crate) fn web_address(text: &str) -> Result<url::Url, String> {
    let url = url::Url::parse(text).map_err(|error| format!("it is no URL ({error}): write https://host/path"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{}: is no scheme that can be sent to: write https://host/path", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password: give them as auth".into());
    }
    if text.len() > 2048 {
        return Err("it is longer than 2048 bytes".into());
    }
    Ok(url)
}
