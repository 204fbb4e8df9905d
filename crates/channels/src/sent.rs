//! What became of what was sent.

use std::time::Duration;

/// What a receiver made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It has it.
    Accepted {
        /// Of HTTP; of SMTP the code of the reply.
        status: Option<u16>,
        /// The beginning of what it answered.
        excerpt: String,
    },
    /// Some of those that a letter is for have it, others have not.
    Partly {
        status: Option<u16>,
        /// Who has it by this: by bit, the places among those that it is for.
        taken: u64,
        /// Whether the same again has no prospect with any of the others.
        permanent: bool,
        /// How many have it, and who has not for what reason.
        reason: String,
        excerpt: String,
    },
    /// It answered that it does not want it, or not now.
    Refused {
        status: Option<u16>,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// Whether the same again has no prospect: the receiver is gone, or does not understand.
        permanent: bool,
        reason: String,
        excerpt: String,
    },
    /// There was no answer: it may have it, or not.
    Failed { reason: String },
}

impl Sent {
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted { .. })
    }
}
