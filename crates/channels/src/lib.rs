//! Tells people what happened: notices put into the words of each channel, and sent.
//!
//! A [`Notice`] is one thing to tell. What is sent at once is a [`Message`]: one notice, or those that an endpoint's window
//! has gathered. [`compose`] puts a message into the form of an endpoint's [`Channel`], which is a function of its
//! arguments; [`Sender`] then sends it, and says what the receiver made of it.

mod channel;
mod notice;

pub use channel::{Channel, Endpoint};
pub use notice::{Facts, Notice, VerdictChange, VulnerabilityChange, VulnerabilityFact};
