//! Texts of strangers on a terminal.

use std::borrow::Cow;

/// Names come from inside images: a control character in one must not reach a terminal.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
    } else {
        text.into()
    }
}
