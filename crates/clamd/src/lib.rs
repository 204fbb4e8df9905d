//! Asks ClamAV's daemon whether content is malware.
//!
//! Content is streamed to it over a socket while an analysis reads it (`INSTREAM` of clamd(8)), so nothing is written to
//! disk and the daemon needs no access to images. Every wait has an end, every answer a size.

mod address;
mod client;
mod connection;
mod reply;

pub use address::{Address, InvalidAddress};
pub use client::{Clamd, ClamdError, Options};
