//! A receiver of JSON: the original's envelope, CloudEvents, our own form, or one of the user's.

use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use windlass_v1::webhooks::{Notification, Recipient};

use super::setting_url;
use crate::{
    ComposeError, Message, Notice, Outgoing, Secret, SigningKey,
    auth::Auth,
    channel::{Kind, Problems},
    links::encoded,
    outgoing::Request,
    signature::{MOST_KEYS, signatures},
    texts::{Text, Texts},
    view::{Told, View},
    wording::{Markup, fingerprint},
};

/// Bytes of a body that a template of the user makes.
const BODY: usize = 256 << 10;
/// Notices in one body.
const NOTICES: usize = 1000;

/// A receiver of JSON over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// `<userId>` in it stands for the account, `<notification_type>` for the type.
    pub url: String,
    #[serde(default)]
    #[schema(required = false)]
    pub format: Format,
    #[serde(default)]
    #[schema(required = false)]
    pub auth: Auth,
    /// Keys that sign by the Standard Webhooks scheme; several while one is exchanged for another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub signing: Vec<SigningKey>,
}

/// What the body looks like. A template named `body` takes the place of each of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Format {
    /// CloudEvents 1.0 in JSON: one event in structured mode, several as a batch.
    #[default]
    #[serde(rename = "cloudevents")]
    CloudEvents,
    /// The envelope of Anchore Engine, one notification a request.
    #[serde(rename = "anchore-v1")]
    AnchoreV1,
    /// Plain JSON: the notices, and what they have in common.
    #[serde(rename = "windlass")]
    Windlass,
}

impl Webhook {
    /// A receiver at that URL, in the default format, without login or signature.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), format: Format::default(), auth: Auth::default(), signing: Vec::new() }
    }

    pub(crate) fn rotate(&mut self, new: SigningKey, now: Timestamp, until: Timestamp) {
        self.signing.retain(|key| key.until.is_none_or(|end| now < end));
        for key in &mut self.signing {
            key.until = Some(key.until.map_or(until, |end| end.min(until)));
        }
        self.signing.insert(0, new);
        self.signing.truncate(MOST_KEYS);
    }

    fn request(
        &self,
        message: &Message<'_>,
        id: &str,
        kind: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Outgoing, ComposeError> {
        let account = message.notices.first().map_or("", |notice| &notice.account);
        let kind = if message.test { "test" } else { kind };
        let url = setting_url("url", &windlass_v1::webhooks::url(&self.url, account, kind))?;
        let signature = signatures(&self.signing, id, message.now, &body);
        let mut request = self.auth.apply(Request::post(url, HeaderValue::from_static(content_type), body))?;
        request = request.header(HeaderName::from_static("webhook-id"), id, "id")?;
        let now = message.now.as_second().to_string();
        request = request.header(HeaderName::from_static("webhook-timestamp"), &now, "now")?;
        if let Some(signature) = signature {
            request = request.header(HeaderName::from_static("webhook-signature"), &signature, "signing")?;
        }
        Ok(request.into())
    }

    fn compose_together(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let id = match message.notices {
            [only] => only.id.as_str(),
            _ => message.id,
        };
        let kind = Self::one_kind(message);
        let one = |content_type, body| Ok(vec![self.request(message, id, kind, content_type, body)?]);
        if texts.has("body") {
            return one("application/json", own_body(message, texts)?);
        }
        match (self.format, message.notices) {
            (Format::AnchoreV1, notices) => notices
                .iter()
                .map(|notice| {
                    let body = json_bytes(&envelope(message, notice));
                    let message = Message { notices: std::slice::from_ref(notice), ..*message };
                    self.request(&message, &notice.id, notice.kind.as_str(), "application/json", body)
                })
                .collect(),
            (Format::CloudEvents, [only]) => one("application/cloudevents+json", json_bytes(&event(message, only))),
            (Format::CloudEvents, notices) => {
                let events: Vec<Value> = notices.iter().take(NOTICES).map(|notice| event(message, notice)).collect();
                one("application/cloudevents-batch+json", json_bytes(&events))
            }
            (Format::Windlass, _) => one("application/json", json_bytes(&plain(message, texts)?)),
        }
    }

    /// The type of all notices if they have but one.
    fn one_kind(message: &Message<'_>) -> &'static str {
        match message.notices {
            [first, rest @ ..] if rest.iter().all(|notice| notice.kind == first.kind) => first.kind.as_str(),
            _ => "digest",
        }
    }
}

impl Kind for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        let mut secrets = self.auth.secrets();
        let keys = self.signing.iter_mut().enumerate();
        secrets.extend(keys.map(|(at, key)| (format!("signing[{at}].secret"), &mut key.secret)));
        secrets
    }

    /// Scheme, host and port: a path that is put right must not cost the secret.
    fn destination(&self) -> Option<String> {
        let url = url::Url::parse(&self.url).ok();
        Some(url.map_or_else(|| self.url.clone(), |url| url.origin().ascii_serialization()))
    }

    fn problems(&self, problems: &mut Problems) {
        problems.check_url("url", &windlass_v1::webhooks::url(&self.url, "account", "tag_update"));
        // A host that an account's name goes into could be anybody's.
        let host = |account: &str| {
            let url = url::Url::parse(&windlass_v1::webhooks::url(&self.url, account, account)).ok()?;
            Some(url.origin().ascii_serialization())
        };
        problems.check(
            host("a") == host("b"),
            "url",
            "<userId> and <notification_type> may stand in the path and the query, not in the host",
        );
        self.auth.problems(problems);
        problems.check(self.signing.len() <= MOST_KEYS, "signing", &format!("there are more than {MOST_KEYS} keys"));
        for (at, key) in self.signing.iter().enumerate() {
            problems.check(
                key.is_usable() || key.secret.is_masked(),
                &format!("signing[{at}].secret"),
                "it is no key: write whsec_ and 24 to 64 bytes in base64, or have one made by rotating",
            );
        }
    }

    fn texts(&self) -> &'static [Text] {
        const { &[Text::TITLE, Text::only_own("body", Markup::Json)] }
    }

    fn gathers(&self) -> bool {
        self.format != Format::AnchoreV1
    }

    /// What goes to the address of one account must not tell of another's.
    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let accounts: BTreeSet<&str> = message.notices.iter().map(|notice| notice.account.as_str()).collect();
        if accounts.len() < 2 || !self.url.contains("<userId>") {
            return self.compose_together(message, texts);
        }
        let of = |account: &str| {
            let own = |notice: &&Notice| notice.account == account;
            let notices: Vec<Notice> = message.notices.iter().filter(own).cloned().collect();
            let id = format!("{}.{}", message.id, fingerprint(account));
            self.compose_together(&Message { id: &id, notices: &notices, ..*message }, texts)
        };
        Ok(accounts.into_iter().map(of).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

fn json_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("what is sent has texts for keys")
}

/// `spec/operations.md` §2.7.
fn envelope(message: &Message<'_>, notice: &Notice) -> Notification {
    let recipient = Recipient { account: &notice.account, email: notice.email.as_deref() };
    let payload = notice.payload.clone();
    Notification::new(recipient, &notice.id, payload, notice.occurred_at.into(), message.give_up.into())
}

fn event(message: &Message<'_>, notice: &Notice) -> Value {
    let told = Told::new(notice, message.base_url);
    json!({
        "specversion": "1.0",
        "id": notice.id,
        "source": format!("{}/accounts/{}", message.base_url.trim_end_matches('/'), encoded(&notice.account)),
        "type": format!("io.windlass.{}{}", notice.kind, if message.test { ".test" } else { "" }),
        "subject": told.subject,
        "time": told.occurred_at,
        "datacontenttype": "application/json",
        "data": told,
    })
}

fn plain(message: &Message<'_>, texts: &Texts) -> Result<Value, ComposeError> {
    let view = View::new(message);
    let notices = view.told(NOTICES);
    Ok(json!({
        "id": message.id,
        "endpoint": message.endpoint,
        "test": message.test,
        "title": texts.title(&view)?,
        "urgency": view.urgency,
        "more": message.notices.len() - notices.len(),
        "notices": notices,
        "summary": view.digest.first(NOTICES),
    }))
}

/// What the user's template makes, which must be JSON.
fn own_body(message: &Message<'_>, texts: &Texts) -> Result<Vec<u8>, ComposeError> {
    let view = View::new(message);
    let title = texts.title(&view)?;
    let body = texts.fitting("body", &view, &title, BODY, str::len)?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body) {
        return Err(ComposeError::Template {
            name: "body".into(),
            line: None,
            reason: format!("what it gives is no JSON ({error}): {}", crate::wording::clip(&body, 200)),
        });
    }
    Ok(body.into_bytes())
}
