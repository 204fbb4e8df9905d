//! Large JSON documents, read one record at a time.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::FeedError;
use crate::input::{Document, MAX_RECORD};
use crate::sink::Sink;

/// A member of the top-level object, or an element of one of its lists, still unread.
pub(crate) struct Part<'a> {
    /// The member's key; empty in a document that is a list itself.
    pub(crate) key: &'a str,
    /// An element of the list under that key, rather than the member itself.
    pub(crate) element: bool,
    pub(crate) json: &'a str,
}

/// Hands out the members of the document's object one after the other, and the elements of those in `lists` singly, so
/// that no more than one is in memory. A document that breaks off or is not JSON is an error.
pub(crate) fn parts(
    document: Document<'_>,
    lists: &[&str],
    sink: &mut Sink<'_>,
    visit: &mut dyn FnMut(Part<'_>, &mut Sink<'_>) -> Result<(), FeedError>,
) -> Result<(), FeedError> {
    let left = Rc::new(Cell::new(MAX_RECORD));
    let metered = Metered { inner: document.reader, left: Rc::clone(&left) };
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, metered));
    let mut failure = None;
    let source_name = sink.source_name;
    let mut walk = Walk { lists, left: &left, visit: &mut |part| visit(part, sink), failure: &mut failure };
    let result = (&mut walk).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (failure, result) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(FeedError::damaged(source_name, document.name, &error)),
        (None, Ok(())) => Ok(()),
    }
}

/// A member that publishers write as `null` where they have nothing.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(input: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

/// A text, or nothing if the member is of another type: for members that no rule depends on.
pub(crate) fn text_or_none<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Text(String),
        Other(de::IgnoredAny),
    }
    Ok(match Loose::deserialize(input)? {
        Loose::Text(text) => Some(text),
        Loose::Other(_) => None,
    })
}

struct Walk<'a> {
    lists: &'a [&'a str],
    left: &'a Cell<u64>,
    visit: &'a mut dyn FnMut(Part<'_>) -> Result<(), FeedError>,
    failure: &'a mut Option<FeedError>,
}

impl Walk<'_> {
    fn part<E: de::Error>(&mut self, key: &str, element: bool, value: &RawValue) -> Result<(), E> {
        self.left.set(MAX_RECORD);
        (self.visit)(Part { key, element, json: value.get() }).map_err(|error| {
            *self.failure = Some(error);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if self.lists.contains(&key.as_str()) {
                map.next_value_seed(Elements { walk: self, key: &key })?;
            } else {
                let value = map.next_value::<Box<RawValue>>()?;
                self.part(&key, false, &value)?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Elements { walk: self, key: "" }.visit_seq(list)
    }
}

struct Elements<'w, 'a> {
    walk: &'w mut Walk<'a>,
    key: &'w str,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<Box<RawValue>>()? {
            self.walk.part(self.key, true, &value)?;
        }
        Ok(())
    }
}

/// Fails where a single record goes on for too long, because all of a record is buffered. Reading ahead makes the bound a
/// buffer's length shorter at most.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        match self.left.get().checked_sub(length as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other(format!("a record is longer than {MAX_RECORD} bytes"))),
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(text: &[u8]) -> Result<Vec<String>, FeedError> {
        let mut seen = Vec::new();
        let mut emit = |_, _| Ok(());
        let mut sink = Sink::new("test", &mut emit);
        let document = Document { name: "some.json", member: false, reader: &mut &text[..] };
        parts(document, &["list"], &mut sink, &mut |part, _| {
            seen.push(format!("{}{} {}", part.key, if part.element { "[]" } else { "" }, part.json));
            Ok(())
        })?;
        Ok(seen)
    }

    #[test]
    fn members_and_elements_come_one_by_one_and_unread() {
        let seen = walk(br#"{"date": "today", "list": [{"a": 1}, 2], "rest": {"list": [3]}}"#).unwrap();
        assert_eq!(seen, [r#"date "today""#, r#"list[] {"a": 1}"#, "list[] 2", r#"rest {"list": [3]}"#]);
        assert_eq!(walk(b"[1, [2]]").unwrap(), ["[] 1", "[] [2]"]);
    }

    #[test]
    fn a_document_that_breaks_off_is_damaged() {
        for text in [&b"{\"list\": [1, 2"[..], b"{\"list\": [1], ", b"", b"<html>", b"{\"list\": 7}", b"{} {}"] {
            let error = walk(text).unwrap_err().to_string();
            assert!(error.starts_with("some.json of the test source breaks off or is damaged"), "{error}");
        }
    }

    #[test]
    fn a_record_without_end_is_not_buffered_without_end() {
        let mut endless = br#"{"list": [""#.chain(io::repeat(b'x'));
        let mut reader = BufReader::new(&mut endless);
        let mut emit = |_, _| Ok(());
        let mut sink = Sink::new("test", &mut emit);
        let document = Document { name: "endless.json", member: false, reader: &mut reader };
        let error = parts(document, &["list"], &mut sink, &mut |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("a record is longer than"), "{error}");
    }
}
