//! Where notices go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A receiver, and how it is spoken to. Holds secrets: whoever keeps it encrypts it, and nobody logs it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Endpoint {
    pub channel: Channel,
    /// Texts of the user's own instead of the channel's, by name: minijinja.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
    /// Whether the certificate of the receiver is checked.
    #[serde(default = "yes")]
    pub verify: bool,
    /// Seconds.
    #[serde(default = "timeout")]
    pub timeout: u32,
}

fn yes() -> bool {
    true
}

fn timeout() -> u32 {
    10
}

/// The kinds of receivers, with what each needs to know. One file a kind.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Channel {}
