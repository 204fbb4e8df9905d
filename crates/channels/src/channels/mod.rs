//! The kinds of receivers: one file each, and what several of them share.

pub(crate) mod case;
pub mod discord;
pub mod email;
pub mod github_issue;
pub(crate) mod issue;
pub mod jira_issue;
pub mod mattermost;
pub mod pagerduty;
pub mod slack;
pub mod teams;
pub mod webhook;

use url::Url;

use crate::{ComposeError, Secret, Urgency, channel::web_address};

/// A picture for chats, where colour tells more quickly than words.
fn sign(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Critical => "🚨",
        Urgency::Error => "🔴",
        Urgency::Warning => "🟡",
        Urgency::Info => "🔵",
        Urgency::Good => "🟢",
    }
}

fn secret_url(url: &Secret) -> Result<Url, ComposeError> {
    setting_url("url", url.expose())
}

fn setting_url(field: &str, url: &str) -> Result<Url, ComposeError> {
    web_address(url).map_err(|reason| ComposeError::Setting { field: field.into(), reason })
}

/// Text in pieces of no more than so many characters, parted between paragraphs where there are any, else between lines.
/// Only a line that is longer than a piece is cut off.
fn pieces(text: &str, most: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut add = |part: &str, between: &str| {
        let length = |text: &str| text.chars().count();
        match pieces.last_mut() {
            Some(last) if length(last) + length(between) + length(part) <= most => {
                last.push_str(between);
                last.push_str(part);
            }
            _ => pieces.push(crate::wording::clip(part, most)),
        }
    };
    for paragraph in paragraphs(text) {
        if paragraph.chars().count() <= most {
            add(paragraph, "\n\n");
        } else {
            paragraph.lines().enumerate().for_each(|(at, line)| add(line, if at == 0 { "\n\n" } else { "\n" }));
        }
    }
    pieces
}

fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')).filter(|paragraph| !paragraph.trim().is_empty())
}
