//! The ecosystem's own record of a package, as an object and its kind.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::Metadata;

/// Writes the object without its kind; [`Metadata::None`] is `null`.
pub(super) struct Record<'a>(pub(super) &'a Metadata);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Metadata::None => serializer.serialize_none(),
            Metadata::Dpkg(entry) => entry.serialize(serializer),
            Metadata::Rpm(entry) => entry.serialize(serializer),
            Metadata::Apk(entry) => entry.serialize(serializer),
            Metadata::JavaArchive(entry) => entry.serialize(serializer),
            Metadata::Python(entry) => entry.serialize(serializer),
            Metadata::Npm(entry) => entry.serialize(serializer),
            Metadata::Gem(entry) => entry.serialize(serializer),
            Metadata::GoBinary(entry) => entry.serialize(serializer),
            Metadata::RustAudit(entry) => entry.serialize(serializer),
            Metadata::DotnetDeps(entry) => entry.serialize(serializer),
            Metadata::Binary(entry) => entry.serialize(serializer),
            Metadata::Other { value, .. } => value.serialize(serializer),
        }
    }
}

/// The kind of record that this word of `metadataType` names, with nothing in it.
pub(super) fn empty(kind: &str) -> Metadata {
    match kind {
        "" => Metadata::None,
        "dpkg-db-entry" | "dpkg-archive-entry" => Metadata::Dpkg(Box::default()),
        "rpm-db-entry" | "rpm-archive" => Metadata::Rpm(Box::default()),
        "apk-db-entry" => Metadata::Apk(Box::default()),
        "java-archive" => Metadata::JavaArchive(Box::default()),
        "python-package" => Metadata::Python(Box::default()),
        "javascript-npm-package" => Metadata::Npm(Box::default()),
        "ruby-gemspec" => Metadata::Gem(Box::default()),
        "go-module-buildinfo-entry" => Metadata::GoBinary(Box::default()),
        "rust-cargo-audit-entry" => Metadata::RustAudit(Box::default()),
        "dotnet-deps-entry" => Metadata::DotnetDeps(Box::default()),
        "binary-signature" => Metadata::Binary(Box::default()),
        kind => Metadata::Other { kind: kind.to_owned(), value: Value::Null },
    }
}

/// Reads an object of this kind; members that are `null` count as absent.
pub(super) fn read(kind: &str, mut value: Value) -> Result<Metadata, serde_json::Error> {
    fn boxed<T: serde::de::DeserializeOwned>(value: Value) -> Result<Box<T>, serde_json::Error> {
        serde_json::from_value(value).map(Box::new)
    }
    if value.is_null() && !kind.is_empty() {
        return Ok(empty(kind));
    }
    let known = empty(kind);
    if !matches!(known, Metadata::Other { .. }) {
        drop_nulls(&mut value);
    }
    Ok(match known {
        Metadata::None => Metadata::None,
        Metadata::Dpkg(_) => Metadata::Dpkg(boxed(value)?),
        Metadata::Rpm(_) => Metadata::Rpm(boxed(value)?),
        Metadata::Apk(_) => Metadata::Apk(boxed(value)?),
        Metadata::JavaArchive(_) => Metadata::JavaArchive(boxed(value)?),
        Metadata::Python(_) => Metadata::Python(boxed(value)?),
        Metadata::Npm(_) => Metadata::Npm(boxed(value)?),
        Metadata::Gem(_) => Metadata::Gem(boxed(value)?),
        Metadata::GoBinary(_) => Metadata::GoBinary(boxed(value)?),
        Metadata::RustAudit(_) => Metadata::RustAudit(boxed(value)?),
        Metadata::DotnetDeps(_) => Metadata::DotnetDeps(boxed(value)?),
        Metadata::Binary(_) => Metadata::Binary(boxed(value)?),
        Metadata::Other { kind, .. } => Metadata::Other { kind, value },
    })
}

/// The depth is bounded by the JSON reader, which refuses more than 128 levels.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}
