//! Python's spelling of regular expressions in Rust's.

/// Rewrites what the two write differently; whatever is wrong in Python's syntax stays wrong.
pub(crate) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    let mut class_is_empty = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                // The very end of the text, which Rust writes in lower case.
                Some('Z') if !in_class => out.push_str(r"\z"),
                // Escaped for no reason: Rust would take them for word boundaries.
                Some(plain @ ('<' | '>')) => out.push(plain),
                Some(escaped) => out.extend(['\\', escaped]),
                None => out.push('\\'),
            },
            '[' if in_class => out.push_str(r"\["),
            '[' => {
                in_class = true;
                class_is_empty = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                continue;
            }
            // A bracket that comes first in a class is one of its members.
            ']' if in_class && class_is_empty => out.push_str(r"\]"),
            ']' => {
                in_class = false;
                out.push(']');
            }
            // Rust has set operations where Python has two equal characters.
            '&' | '~' | '-' if in_class && characters.peek() == Some(&character) => out.extend(['\\', character]),
            // Before a last newline is an end, too.
            '$' if !in_class => out.push_str(r"(?:\n?\z)"),
            '{' if !in_class && !is_repetition(characters.clone()) => out.push_str(r"\{"),
            _ => out.push(character),
        }
        class_is_empty = false;
    }
    out
}

/// Whether what follows an opening brace makes it a repetition: `{2}`, `{2,}`, `{,5}`, `{2,5}`.
fn is_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inner: String = rest.take_while(|&c| c != '}').take(32).collect();
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    match inner.split_once(',') {
        None => !inner.is_empty() && is_number(&inner),
        Some((least, most)) => is_number(least) && is_number(most),
    }
}
