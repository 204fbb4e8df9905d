//! What the JSON formats share: streaming lists, tolerant fields, and the place of an error.

use std::{
    collections::HashSet,
    io::{self, Write},
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, IgnoredAny},
};

/// Writes a value indented by one space, with a newline at the end.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A list that is made while it is written, so that no format holds a second copy of the document.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Takes `null` for an absent value, as documents written by Go programs need it.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Whether a member is there, whatever it holds.
pub(super) fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// The path to what cannot be read as `T`: `artifacts[3].version`.
pub(super) fn locate<T: DeserializeOwned>(document: &[u8]) -> String {
    place::<T>(document)
}

/// As [`locate`], for what borrows from the document.
pub(super) fn place<'d, T: Deserialize<'d>>(document: &'d [u8]) -> String {
    let mut deserializer = serde_json::Deserializer::from_slice(document);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => "the end".to_owned(),
        Err(error) => error.path().to_string(),
    }
}

/// Layer digests, each kept once: a document repeats them for every file.
#[derive(Default)]
pub(super) struct Layers(HashSet<Arc<str>>);

impl Layers {
    /// The shared copy; `None` for an empty text.
    pub(super) fn share(&mut self, digest: &str) -> Option<Arc<str>> {
        if digest.is_empty() {
            return None;
        }
        if let Some(known) = self.0.get(digest) {
            return Some(Arc::clone(known));
        }
        let digest: Arc<str> = digest.into();
        self.0.insert(Arc::clone(&digest));
        Some(digest)
    }
}
