//! E-mail, by a relay that speaks SMTP: HTML, and text for who prefers it.

use lettre::{
    Address,
    address::Envelope,
    message::{
        Mailbox, Message as Letter, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ComposeError, Message, Outgoing, Secret,
    channel::{Kind, Problems},
    outgoing::Form,
    texts::{Text, Texts},
    view::View,
    wording::{Markup, clip, fingerprint},
};

const RECIPIENTS: usize = 50;
/// Bytes of a part; mail programs cut off longer ones.
const PART: usize = 100 << 10;
const SUBJECT: usize = 200;

/// Somebody's mailbox, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Email {
    /// The relay: a name or an address.
    pub server: String,
    /// 587 with STARTTLS, 465 with TLS, 25 without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub port: Option<u16>,
    #[serde(default)]
    #[schema(required = false)]
    pub tls: MailTls,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub password: Option<Secret>,
    /// `Windlass <windlass@example.com>`.
    pub from: String,
    #[schema(min_items = 1, max_items = 50)]
    pub to: Vec<String>,
}

/// How the way to the relay is kept secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// Not at all.
    None,
    /// Asked for before anything is sent; a relay that has none gets nothing.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
}

impl MailTls {
    fn port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::Starttls => 587,
            Self::Tls => 465,
        }
    }
}

/// A letter, and who takes it.
pub(crate) struct Mail {
    pub(crate) server: String,
    pub(crate) port: u16,
    pub(crate) tls: MailTls,
    pub(crate) login: Option<(String, Secret)>,
    pub(crate) envelope: Envelope,
    /// Those of the envelope's recipients who have it already: by bit, their places.
    pub(crate) taken: u64,
    pub(crate) content: Vec<u8>,
}

impl Kind for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        self.password.iter_mut().map(|password| ("password".to_owned(), password)).collect()
    }

    fn destination(&self) -> Option<String> {
        Some(format!("{}:{:?} {:?}", self.server, self.port, self.tls))
    }

    fn problems(&self, problems: &mut Problems) {
        let named = !self.server.is_empty()
            && self.server.len() <= 253
            && self.server.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
        problems.check(named, "server", "it is no name of a mail server: write mail.example.com");
        problems.check(self.port != Some(0), "port", "0 is no port");
        problems.check(
            self.username.is_some() == self.password.is_some(),
            "username",
            "user name and password go together: give both or none",
        );
        problems.check(
            self.username.is_none() || self.tls != MailTls::None,
            "tls",
            "the password would be sent so that anybody on the way can read it: choose starttls or tls",
        );
        if let Err(error) = self.from.parse::<Mailbox>() {
            problems.add("from", &format!("it is no address ({error}): write Windlass <windlass@example.com>"));
        }
        problems.check(
            (1..=RECIPIENTS).contains(&self.to.len()),
            "to",
            &format!("there are {} recipients: give 1 to {RECIPIENTS}", self.to.len()),
        );
        for to in &self.to {
            if let Err(error) = to.parse::<Mailbox>() {
                problems.add("to", &format!("{to:?} is no address ({error}): write name@example.com"));
            }
        }
    }

    fn texts(&self) -> &'static [Text] {
        const { &[Text::TITLE, Text::body(Markup::Plain), Text::HTML] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let view = View::new(message);
        let title = texts.title(&view)?;
        let text = texts.fitting("body", &view, &title, PART, str::len)?;
        let html = texts.fitting(Text::HTML.name, &view, &title, PART, str::len)?;
        let from = mailbox("from", &self.from)?;
        let to = self.to.iter().map(|to| mailbox("to", to)).collect::<Result<Vec<_>, _>>()?;
        let content = letter(&view, &title, (&from, &to), (text, html))?;
        let addresses: Vec<Address> = to.into_iter().map(|mailbox| mailbox.email).collect();
        let envelope = Envelope::new(Some(from.email), addresses)
            .map_err(|error| ComposeError::Setting { field: "to".into(), reason: error.to_string() })?;
        let mail = Mail {
            server: self.server.clone(),
            port: self.port.unwrap_or_else(|| self.tls.port()),
            tls: self.tls,
            login: self.username.clone().zip(self.password.clone()),
            envelope,
            taken: 0,
            content,
        };
        Ok(vec![Outgoing(Form::Mail(Box::new(mail)))])
    }
}

fn letter(
    view: &View<'_>,
    title: &str,
    (from, to): (&Mailbox, &[Mailbox]),
    (text, html): (String, String),
) -> Result<Vec<u8>, ComposeError> {
    let message = view.message;
    let domain = from.email.domain();
    let id = match message.notices {
        [only] if !message.test => fingerprint(&only.id),
        _ => fingerprint(message.id),
    };
    let mut letter = Letter::builder()
        .from(from.clone())
        .subject(clip(title, SUBJECT))
        .date(std::time::SystemTime::from(message.now))
        // The same however often it is sent: what arrives twice is seen to.
        .message_id(Some(format!("<{id}@{domain}>")));
    for to in to {
        letter = letter.to(to.clone());
    }
    if let [subject] = view.subjects() {
        // What one image has to tell stands together.
        letter = letter.references(format!("<{}.subject@{domain}>", fingerprint(subject)));
    }
    let parts = MultiPart::alternative()
        .boundary(format!("windlass-{id}"))
        .singlepart(SinglePart::plain(text))
        .singlepart(SinglePart::html(html));
    let mut letter = letter
        .multipart(parts)
        .map_err(|error| ComposeError::Setting { field: "to".into(), reason: error.to_string() })?;
    let list =
        format!("<notifications.{}.windlass>", fingerprint(&format!("{}\0{}", view.account(), message.endpoint)));
    for (name, value) in [
        (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
        (HeaderName::new_from_ascii_str("List-Id"), &list),
        (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
    ] {
        letter.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
    }
    Ok(letter.formatted())
}

fn mailbox(field: &str, text: &str) -> Result<Mailbox, ComposeError> {
    text.parse().map_err(|error| ComposeError::Setting {
        field: field.to_owned(),
        reason: format!("{text:?} is no address ({error})"),
    })
}
