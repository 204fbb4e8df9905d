//! What is sent at once, and how it comes into the form of a channel.

use jiff::Timestamp;

use crate::{Endpoint, Notice, Outgoing, texts::Texts};

/// One notice, or those that were gathered, on the way to one endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Of the delivery: stays the same however often it is tried.
    pub id: &'a str,
    /// In the order in which they happened.
    pub notices: &'a [Notice],
    /// The endpoint's name.
    pub endpoint: &'a str,
    /// Somebody wants to see whether the endpoint works; nothing happened.
    pub test: bool,
    pub now: Timestamp,
    /// Where the service is reached, for links; no links where it is empty.
    pub base_url: &'a str,
    /// When the delivery is given up.
    pub give_up: Timestamp,
}

/// Why a message cannot be put into the form of a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("template {name:?}{}: {reason}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Template { name: String, line: Option<usize>, reason: String },
    #[error("template {name:?} gives {size} bytes at least, and {limit} is what the channel takes: shorten it")]
    TooLong { name: String, size: usize, limit: usize },
    #[error("{field}: {reason}")]
    Setting { field: String, reason: String },
}

/// Puts a message into the form of an endpoint's channel: several requests where the channel takes one notice each, none
/// where the channel has nothing to say about it (an incident tracker about an image that is fine).
///
/// # Errors
/// When a template of the user cannot be rendered, or a setting is unusable.
pub fn compose(endpoint: &Endpoint, message: &Message<'_>) -> Result<Vec<Outgoing>, ComposeError> {
    let kind = endpoint.channel.kind();
    let texts = Texts::new(kind.texts(), &endpoint.templates)?;
    kind.compose(message, &texts)
}
