//! Telling those who want to know (`spec/operations.md` §2).
//!
//! A change writes its event and, if anybody is to be told, a notice in one transaction ([`outbox`]). What is in the outbox is
//! routed in its order ([`route`]): each endpoint's [`routing`] decides, as a function without effects, whether it is told,
//! when, and with what else; deliveries are written with the note that it was decided. Deliveries that are due are claimed
//! for a while, sent, and ended with what came of it ([`deliver`]); what failed is tried again by [`retries`], until it is
//! given up and kept to be asked for again ([`deliveries`]).
//!
//! A process that is killed at any point loses nothing: between any two of these steps stands a row that says what is next.
//! What was sent and not noted is sent again with the same id, by which receivers know a repetition.

mod deliver;
mod deliveries;
mod endpoints;
mod expire;
mod outbox;
mod retries;
mod route;
mod routing;
mod senders;
mod settings;
mod verdicts;
mod webhooks;
mod windows;

pub use endpoints::{EndpointRequest, NotificationEndpoint, RotatedSecret};
pub(crate) use outbox::{Audience, PendingNotice, put};
pub(crate) use senders::Senders;
pub use settings::NotificationSettings;
pub use webhooks::{EventNotifications, WebhookSection, WebhookSettings};
pub use windlass_channels::{Secret, SenderOptions};

#[cfg(test)]
mod receiver;
#[cfg(test)]
mod tests;
