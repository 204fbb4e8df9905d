//! Tells people what happened: notices put into the words of each channel, and sent.
//!
//! A [`Notice`] is one thing to tell. What is sent at once is a [`Message`]: one notice, or those that an endpoint's window
//! has gathered. [`compose`] puts a message into the form of an endpoint's [`Channel`], which is a function of its
//! arguments; [`Sender`] then sends it, and says what the receiver made of it.
//!
//! Every channel shows a message the same way: [`collapse`] groups its notices, templates put the groups into words, and
//! what does not fit is counted. A channel's file holds what is its own: settings, limits, the shape of its requests.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod auth;
mod channel;
pub mod channels;
mod collapse;
mod links;
mod message;
mod notice;
mod outgoing;
mod samples;
mod secret;
mod sender;
mod sent;
mod signature;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod texts;
mod view;
mod wording;

pub use auth::Auth;
pub use channel::{Channel, Endpoint, Problem};
pub use collapse::{Digest, OtherGroup, Urgency, VerdictGroup, VulnerabilityGroup, collapse};
pub use ipnet::IpNet;
pub use message::{ComposeError, Message, compose};
pub use notice::{Facts, Notice, VerdictChange, VulnerabilityChange, VulnerabilityFact};
pub use outgoing::Outgoing;
pub use samples::Sample;
pub use secret::{MASK, Secret};
pub use sender::{Sender, SenderError, SenderOptions};
pub use sent::Sent;
pub use signature::SigningKey;
