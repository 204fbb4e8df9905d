//! The ecosystem's own record of a package, as an object and its kind.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, value::RawValue};

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
    if value.is_null() {
        return Ok(empty(kind));
    }
    let known = empty(kind);
    if !matches!(known, Metadata::Other { .. }) {
        drop_nulls(&mut value);
    }
    fill(known, value)
}

/// Reads the text of such an object, member by member if there can be no `null` among them.
pub(super) fn parse(kind: &str, text: &RawValue) -> Result<Metadata, serde_json::Error> {
    if text.get().contains("null") { read(kind, serde_json::from_str(text.get())?) } else { fill(empty(kind), text) }
}

/// As [`parse`], but without the list of files that a package manager installed.
pub(super) fn parse_without_files(kind: &str, text: &RawValue) -> Result<Metadata, serde_json::Error> {
    let known = empty(kind);
    if !matches!(known, Metadata::Dpkg(_) | Metadata::Rpm(_) | Metadata::Apk(_)) || text.get() == "null" {
        return parse(kind, text);
    }
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text.get())?;
    members.remove("files");
    let member = |(name, text): (Cow<'_, str>, &RawValue)| {
        serde_json::from_str(text.get()).map(|value: Value| (name.into_owned(), value))
    };
    read(kind, members.into_iter().map(member).collect::<Result<_, _>>()?)
}

fn fill<'de, D: Deserializer<'de>>(kind: Metadata, object: D) -> Result<Metadata, D::Error> {
    fn boxed<'de, T: Deserialize<'de>, D: Deserializer<'de>>(object: D) -> Result<Box<T>, D::Error> {
        T::deserialize(object).map(Box::new)
    }
    Ok(match kind {
        Metadata::None => Metadata::None,
        Metadata::Dpkg(_) => Metadata::Dpkg(boxed(object)?),
        Metadata::Rpm(_) => Metadata::Rpm(boxed(object)?),
        Metadata::Apk(_) => Metadata::Apk(boxed(object)?),
        Metadata::JavaArchive(_) => Metadata::JavaArchive(boxed(object)?),
        Metadata::Python(_) => Metadata::Python(boxed(object)?),
        Metadata::Npm(_) => Metadata::Npm(boxed(object)?),
        Metadata::Gem(_) => Metadata::Gem(boxed(object)?),
        Metadata::GoBinary(_) => Metadata::GoBinary(boxed(object)?),
        Metadata::RustAudit(_) => Metadata::RustAudit(boxed(object)?),
        Metadata::DotnetDeps(_) => Metadata::DotnetDeps(boxed(object)?),
        Metadata::Binary(_) => Metadata::Binary(boxed(object)?),
        Metadata::Other { kind, .. } => Metadata::Other { kind, value: Value::deserialize(object)? },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::DpkgEntry;

    #[test]
    fn the_files_of_a_package_manager_can_be_left_out() {
        let text = r#"{"package": "a", "files": [{"path": "/a"}], "version": null, "source": "b"}"#;
        let record = |kind| parse_without_files(kind, serde_json::from_str(text).expect("JSON")).expect("a record");
        let expected = DpkgEntry { package: "a".into(), source: "b".into(), ..DpkgEntry::default() };
        assert_eq!(record("dpkg-db-entry"), Metadata::Dpkg(Box::new(expected)));
        assert!(matches!(record("swift"), Metadata::Other { value, .. } if value["files"][0]["path"] == "/a"));
        let none = parse_without_files("rpm-db-entry", serde_json::from_str("null").expect("JSON"));
        assert_eq!(none.expect("no record"), empty("rpm-db-entry"));
    }

    #[test]
    fn a_null_counts_as_absent_wherever_it_stands() {
        let record = |text: &str| parse("python-package", serde_json::from_str(text).expect("JSON")).expect("a record");
        let whole = record(r#"{"name": "a", "version": "1"}"#);
        assert!(matches!(&whole, Metadata::Python(python) if python.name == "a"), "{whole:?}");
        assert_eq!(record(r#"{"name": "a", "author": null, "version": "1", "topLevelPackages": [null]}"#), whole);
        assert_eq!(record("null"), empty("python-package"));
        let other = parse("swift", serde_json::from_str(r#"{"b": [null], "a": 1}"#).expect("JSON")).expect("a record");
        assert!(matches!(&other, Metadata::Other { value, .. } if value["b"][0].is_null()), "a stranger's is kept");
    }
}
