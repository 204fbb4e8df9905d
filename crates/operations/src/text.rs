//! Texts that clients give.

use crate::{Error, Result};

/// As much of a text of somebody else's as a message may show of it.
pub(crate) fn excerpt(text: &str) -> String {
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().take(100).map(plain).collect()
}

/// Refuses what cannot be kept: more than `limit` bytes, or the character NUL, which PostgreSQL does not take.
pub(crate) fn check(name: &str, text: &str, limit: usize) -> Result<()> {
    if text.len() > limit {
        return Err(Error::invalid(format!("'{name}' is longer than {limit} bytes")));
    }
    if text.contains('\0') {
        return Err(Error::invalid(format!("'{name}' holds the character NUL, which cannot be kept")));
    }
    Ok(())
}
