//! Microsoft Teams: an Adaptive Card to a workflow's trigger "When a Teams webhook request is received" or to an incoming
//! webhook (learn.microsoft.com/microsoftteams, "Create and send messages").

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{paragraphs, secret_url, sign};
use crate::{
    ComposeError, Message, Outgoing, Secret, Urgency,
    channel::{Kind, Problems},
    outgoing::Request,
    texts::{Text, Texts},
    view::View,
    wording::{Markup, clip},
};

/// Bytes of a message; Teams refuses more than 28 KB.
const MESSAGE: usize = 27_000;

/// A channel or chat in Microsoft Teams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Teams {
    /// Of a workflow (`https://….logic.azure.com/…`) or an incoming webhook.
    pub url: Secret,
}

impl Kind for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        vec![("url".into(), &mut self.url)]
    }

    fn destination(&self) -> Option<String> {
        None
    }

    fn problems(&self, problems: &mut Problems) {
        problems.check_url("url", self.url.expose());
    }

    fn texts(&self) -> &'static [Text] {
        const { &[Text::TITLE, Text::body(Markup::Card)] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let view = View::new(message);
        let title = texts.title(&view)?;
        let card = |body: &str| card(&view, &title, body);
        let body = texts.fitting("body", &view, &title, MESSAGE, |text| card(text).to_string().len())?;
        Ok(vec![Request::json(secret_url(&self.url)?, &card(&body)).into()])
    }
}

fn card(view: &View<'_>, title: &str, body: &str) -> Value {
    let heading = format!("{} {}", sign(view.urgency), Markup::Card.escape(&clip(title, 300)));
    let colour = match view.urgency {
        Urgency::Critical | Urgency::Error => "attention",
        Urgency::Warning => "warning",
        Urgency::Info => "default",
        Urgency::Good => "good",
    };
    let mut blocks = vec![json!({
        "type": "TextBlock", "text": heading, "size": "large", "weight": "bolder", "color": colour, "wrap": true,
    })];
    for paragraph in paragraphs(body) {
        // A single line break is none in a card.
        let text = paragraph.lines().collect::<Vec<_>>().join("\n\n");
        blocks.push(json!({"type": "TextBlock", "text": text, "wrap": true, "spacing": "medium"}));
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": blocks,
            },
        }],
    })
}
