//! The service's HTTP interface: the v1 API, its description, health and metrics.
//!
//! [`router`] makes an axum application of a [`Service`](windlass_operations::Service); [`serve`] gives it a socket. All
//! operations stand in one table ([`resources::all`]); a request goes through it like this ([`dispatch`]):
//!
//! 1. Its path, decoded and without the prefix `/v1`, finds an [`Operation`](operation::Operation): else 404 or 405.
//! 2. Parameters and body are checked against the operation's description: else 400 or 415.
//! 3. Credentials say who asks: else 401.
//! 4. The operation's domain and action say whether they may: else 403. What comes of it is a [scope](scope::Scope), the
//!    only thing through which the operation's function reaches the service.
//! 5. The function does it.
//!
//! A new operation is an entry in its resource's file; a new resource is a file and a line in [`resources::all`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod compression;
mod description;
mod dispatch;
mod failure;
mod listen;
mod metrics;
mod operation;
mod resources;
mod scope;
mod stored;
mod web;

pub use dispatch::{monitoring, router};
pub(crate) use failure::Failure;
pub use listen::{Clients, Listening, ServeError, Tls, serve};
pub use metrics::Metrics;
