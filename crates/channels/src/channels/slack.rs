//! Slack, by an incoming webhook: blocks (docs.slack.dev/block-kit, docs.slack.dev/messaging).

use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{pieces, secret_url, sign};
use crate::{
    ComposeError, Message, Outgoing, Secret,
    channel::{Kind, Problems},
    outgoing::Request,
    texts::{Text, Texts},
    view::View,
    wording::{Markup, clip},
};

/// Characters of a header and of a section, by Slack's reference.
const HEADER: usize = 150;
const SECTION: usize = 3000;
/// Slack takes 50 blocks; nobody reads that far.
const SECTIONS: usize = 12;

/// A channel of a Slack workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Slack {
    /// Of an incoming webhook: `https://hooks.slack.com/services/…`.
    pub url: Secret,
}

impl Kind for Slack {
    fn name(&self) -> &'static str {
        "slack"
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
        const { &[Text::TITLE, Text::body(Markup::Slack)] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let view = View::new(message);
        let title = texts.title(&view)?;
        let body = texts.fitting("body", &view, &title, SECTIONS, |text| pieces(text, SECTION).len())?;
        let header = clip(&format!("{} {title}", sign(view.urgency)), HEADER);
        let section = |text| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
        let from = Markup::Slack.escape(&format!("Windlass · {}", clip(message.endpoint, 100)));
        let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": header, "emoji": true}})];
        blocks.extend(pieces(&body, SECTION).into_iter().map(section));
        blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": from, "verbatim": true}]}));
        let payload = json!({
            // What notifications on a screen show.
            "text": Markup::Slack.escape(&title),
            "blocks": blocks,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        Ok(vec![Request::json(secret_url(&self.url)?, &payload).into()])
    }
}
