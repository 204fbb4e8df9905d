//! A client of the v1 API, which the service of Windlass speaks and Anchore Engine spoke.
//!
//! [`Settings`] of command line, environment and credentials file become a [`Connection`]; a [`Service`] sends a
//! [`Request`] over it and answers with a [`Payload`]: the document as it came, for printing, and as a view of what a
//! caller reads ([`views`]). Views take whatever comes: a field that is missing or of another type is empty, so that the
//! same command works against older services (`spec/api.md` B3). [`wait()`] asks until something is so, [`import()`] hands
//! over an analysis that was made elsewhere.

mod connection;
mod error;
mod images;
mod import;
mod lenient;
mod payload;
mod request;
mod service;
mod subscriptions;
#[cfg(feature = "testing")]
pub mod testing;
pub mod views;
mod wait;

pub use connection::{Connection, CredentialsFile, DEFAULT_HUB_URL, DEFAULT_URL, Secret, Settings};
pub use error::{Error, Refusal};
pub use images::{Discovered, ImageName, discover};
pub use import::{Analysis, Parent, import};
pub use lenient::Text;
pub use payload::{Payload, Unreadable};
pub use request::Request;
pub use service::Service;
pub use subscriptions::{set_active, subscription_id};
pub use wait::{Clock, Patience, Standing, SystemClock, wait};
