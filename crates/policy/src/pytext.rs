//! Texts taken apart where Python takes them apart: what the original compared were lines and words of its making.

/// As `str.isspace`: Unicode's white space and the four separators of ASCII.
fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\x1c'..='\x1f')
}

/// As `str.strip`.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// As `str.split` without a separator.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// As `str.splitlines`: form feeds and the like end a line, too, and the last line needs no end.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let is_end =
        |c: char| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, ended) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
        rest = ended.strip_prefix("\r\n").unwrap_or_else(|| {
            let mut after = ended.chars();
            after.next();
            after.as_str()
        });
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_python_ends_them() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\n\n", &["a", ""]),
            ("a\r\nb\rc", &["a", "b", "c"]),
            ("a\x0cb\x1dc\u{85}d\u{2028}e\x1ff", &["a", "b", "c", "d", "e\x1ff"]),
        ] {
            assert_eq!(lines(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn words_and_edges_know_the_separators_of_ascii() {
        assert_eq!(words(" a\x1fb \u{3000}c\n").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(trim("\x1c\t a b\u{a0}\x1e"), "a b");
    }
}
