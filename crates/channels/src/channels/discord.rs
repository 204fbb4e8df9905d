//! Discord, by a webhook (docs.discord.com/developers/resources/webhook).

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{secret_url, sign};
use crate::{
    ComposeError, Message, Outgoing, Secret, Urgency,
    channel::{Kind, Problems},
    outgoing::Request,
    texts::{Text, Texts},
    view::View,
    wording::{Markup, clip},
};

/// Characters of the message itself, and of the description of an embed; Discord counts in UTF-16.
const CONTENT: usize = 2000;
const DESCRIPTION: usize = 4096;

/// A channel of a Discord server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Discord {
    /// `https://discord.com/api/webhooks/…`.
    pub url: Secret,
}

impl Kind for Discord {
    fn name(&self) -> &'static str {
        "discord"
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
        const { &[Text::TITLE, Text::body(Markup::Markdown)] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let view = View::new(message);
        let title = texts.title(&view)?;
        let body = texts.fitting("body", &view, &title, DESCRIPTION, |text| text.encode_utf16().count())?;
        let colour = match view.urgency {
            Urgency::Critical => 0x00B0_0020,
            Urgency::Error => 0x00D1_242F,
            Urgency::Warning => 0x00BF_8700,
            Urgency::Info => 0x0057_606A,
            Urgency::Good => 0x001A_7F37,
        };
        // Half of what is allowed: characters outside of the first plane count twice, and escaping adds to them.
        let content =
            format!("{} **{}**", sign(view.urgency), clip(&Markup::Markdown.escape(&title), CONTENT / 2 - 10));
        let payload = json!({
            "content": content,
            "username": "Windlass",
            "embeds": [{"description": body, "color": colour}],
            "allowed_mentions": {"parse": []},
        });
        Ok(vec![Request::json(secret_url(&self.url)?, &payload).into()])
    }
}
