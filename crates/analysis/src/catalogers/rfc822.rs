//! Stanzas of `Key: value` lines with indented continuations: dpkg, opkg, Python metadata.

use std::borrow::Cow;

/// One stanza; keys compare without regard to case.
#[derive(Default)]
pub(crate) struct Stanza<'a> {
    fields: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Stanza<'a> {
    /// The first field of that name, trimmed; continuation lines are joined by newlines.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_ref())
    }

    /// Every field of that name, in order.
    pub(crate) fn all<'s>(&'s self, key: &'s str) -> impl Iterator<Item = &'s str> {
        self.fields.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_ref())
    }

    /// The field as an owned text, empty where it is missing.
    pub(crate) fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn line(&mut self, line: &'a str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.fields.last_mut() {
                let value = value.to_mut();
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            self.fields.push((key.trim(), Cow::Borrowed(value.trim())));
        }
    }
}

/// The stanzas of a text, which blank lines separate.
pub(crate) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut lines = text.lines();
    std::iter::from_fn(move || {
        let mut stanza = Stanza::default();
        loop {
            match lines.next() {
                Some(line) if line.trim().is_empty() => {
                    if !stanza.is_empty() {
                        return Some(stanza);
                    }
                }
                Some(line) => stanza.line(line),
                None => return if stanza.is_empty() { None } else { Some(stanza) },
            }
        }
    })
}

/// The header of a message: the first stanza of a text.
pub(crate) fn header(text: &str) -> Stanza<'_> {
    stanzas(text).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_end_at_blank_lines_and_values_may_continue() {
        let text = "\nPackage: a\nDescription: short\n long\n .\n\n\nPackage: b\nno field here\n";
        let read: Vec<_> = stanzas(text).map(|s| (s.text("package"), s.text("Description"))).collect();
        assert_eq!(read, [("a".into(), "short\nlong\n.".into()), ("b".into(), String::new())]);
    }
}
