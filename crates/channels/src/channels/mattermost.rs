//! Mattermost, by an incoming webhook (developers.mattermost.com/integrate/webhooks/incoming).

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{secret_url, sign};
use crate::{
    ComposeError, Message, Outgoing, Secret,
    channel::{Kind, Problems},
    outgoing::Request,
    texts::{Text, Texts},
    view::View,
    wording::Markup,
};

/// Characters of a post are 16383; the title is in it, too.
const BODY: usize = 15_000;

/// A channel of a Mattermost server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mattermost {
    /// Of an incoming webhook: `https://chat.example/hooks/…`.
    pub url: Secret,
    /// Instead of the webhook's own channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel: Option<String>,
}

impl Kind for Mattermost {
    fn name(&self) -> &'static str {
        "mattermost"
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
        let body = texts.fitting("body", &view, &title, BODY, |text| text.chars().count())?;
        let mut payload = json!({
            "text": format!("#### {} {}\n\n{body}", sign(view.urgency), Markup::Markdown.escape(&title)),
            "username": "Windlass",
            // Whatever gets through does not wake everybody up.
            "props": {"disable_group_highlight": true},
        });
        if let Some(channel) = &self.channel {
            payload["channel"] = json!(channel);
        }
        Ok(vec![Request::json(secret_url(&self.url)?, &payload).into()])
    }
}
