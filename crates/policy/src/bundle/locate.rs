//! Where in the text of a bundle something stands.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize as _;
use serde_json::value::RawValue;

/// A position in a text, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// Where the value that a JSON pointer names begins; for a member that is missing, where the value begins that lacks
/// it. `None` where the text is no JSON.
///
/// One level after the other is read, the rest is skipped: no nesting is too deep, and the cost grows with the length of
/// the text times that of the pointer.
pub fn locate(text: &str, pointer: &str) -> Option<Place> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match child(value, &step) {
            Some(child) => value = child,
            None => break,
        }
    }
    // The value is a part of the text, and begins with its first character.
    let offset = value.get().as_ptr() as usize - text.as_ptr() as usize;
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some(Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 })
}

/// A name, without a copy where it holds no escapes.
#[derive(serde::Deserialize, PartialEq, Eq, Hash)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

fn child<'t>(value: &'t RawValue, step: &str) -> Option<&'t RawValue> {
    let mut reader = serde_json::Deserializer::from_str(value.get());
    match value.get().as_bytes().first()? {
        b'{' => {
            let mut members = HashMap::<Name<'t>, &RawValue>::deserialize(&mut reader).ok()?;
            members.remove(&Name(step.into()))
        }
        b'[' => Vec::<&RawValue>::deserialize(&mut reader).ok()?.get(step.parse::<usize>().ok()?).copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, pointer: &str) -> Option<(usize, usize)> {
        locate(text, pointer).map(|place| (place.line, place.column))
    }

    #[test]
    fn values_are_found_by_pointer() {
        let text = "{\n  \"ä\": 1, \"rules\": [\n    {}, {\"a/b\": \"x\",\n \"g\\u0061te\": \"y\"}\n  ]\n}";
        for (pointer, expected) in [
            ("", (1, 1)),
            ("/ä", (2, 8)),
            ("/rules", (2, 20)),
            ("/rules/0", (3, 5)),
            ("/rules/1/a~1b", (3, 17)),
            ("/rules/1/gate", (4, 15)),
            ("/rules/1/missing", (3, 9)),
            ("/rules/7", (2, 20)),
            ("/rules/x/y", (2, 20)),
        ] {
            assert_eq!(place(text, pointer), Some(expected), "{pointer}");
        }
    }

    #[test]
    fn of_members_with_one_name_the_last_counts_as_in_the_document() {
        assert_eq!(place("{\"a\": 1,\n\"a\": 2}", "/a"), Some((2, 6)));
    }

    #[test]
    fn deep_nesting_and_broken_texts_are_no_danger() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(place(&deep, "/0/0"), Some((1, 3)));
        assert_eq!(place("{", "/a"), None);
    }
}
