//! Where things are kept, as Anchore Engine's configuration says it (`spec/operations.md` §5.3).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_objects::Location;

use crate::diagnostics::Hinted;

/// `object_store` and `analysis_archive`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnchoreStore {
    #[serde(default)]
    pub(super) compression: AnchoreCompression,
    pub(super) storage_driver: AnchoreDriver,
}

/// May be left out (`spec/operations.md` D-16).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AnchoreCompression {
    enabled: Option<bool>,
    min_size_kbytes: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnchoreDriver {
    name: String,
    #[serde(default)]
    config: Map<String, Value>,
}

impl AnchoreStore {
    /// What the oldest files have, before there was `object_store`: `archive_driver`, `use_db` and `archive_data_dir`.
    pub(super) fn of_oldest(
        driver: Option<&str>,
        use_db: Option<bool>,
        data_dir: Option<&str>,
    ) -> anyhow::Result<Option<Self>> {
        let name = match (driver, data_dir) {
            _ if use_db == Some(true) => "db",
            (Some(name), _) => name,
            (None, None) => return Ok(None),
            (None, Some(_)) => {
                return Err(Hinted::error(
                    "archive_data_dir names a folder that nothing is said to be kept in",
                    "add archive_driver: localfs, or leave archive_data_dir out",
                ));
            }
        };
        let folder =
            data_dir.filter(|_| name == "localfs").map(|folder| ("archive_data_dir".to_owned(), folder.into()));
        let storage_driver = AnchoreDriver { name: name.to_owned(), config: folder.into_iter().collect() };
        Ok(Some(Self { compression: AnchoreCompression::default(), storage_driver }))
    }

    /// The place that it means; `section` is what it is called.
    pub(super) fn location(&self, section: &str) -> anyhow::Result<Location> {
        let AnchoreDriver { name, config } = &self.storage_driver;
        let variable = |name: &str| std::env::var(name).ok();
        let mut fields = BTreeMap::new();
        for (field, value) in config {
            let place = format!("{section}.storage_driver.config.{field}");
            let text = match value {
                Value::Null => continue,
                Value::String(text) => expanded(text, &place, variable)?,
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => anyhow::bail!("{place} must be a text, a number, true or false"),
            };
            fields.insert(field.clone(), text);
        }
        Ok(Location::of_anchore(name, &fields)?.or_environment(variable)?)
    }

    /// What it asks for that is not done, and why.
    pub(super) fn unheeded(&self, section: &str) -> Option<String> {
        let AnchoreCompression { enabled, min_size_kbytes } = &self.compression;
        let asked = match (enabled, min_size_kbytes) {
            (Some(false), _) => "enabled: false",
            (_, Some(_)) => "min_size_kbytes",
            _ => return None,
        };
        Some(format!(
            "{section}.compression.{asked} changes nothing: everything is compressed with zstd whatever its size, because its \
             frame has the checksum that a damaged or truncated object is told by; storage.compression_level: 1 takes least \
             time"
        ))
    }
}

/// With what the environment has for each `${NAME}`.
pub(super) fn expanded(text: &str, place: &str, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        let value = variable(name).ok_or_else(|| {
            Hinted::error(
                format!("{place} names ${{{name}}}, which is not set"),
                format!("set {name} in the environment"),
            )
        })?;
        expanded += before;
        expanded += &value;
        rest = after;
    }
    Ok(expanded + rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(block: Value) -> serde_json::Result<AnchoreStore> {
        serde_json::from_value(block)
    }

    fn store(block: Value) -> anyhow::Result<Location> {
        read(block)?.location("analysis_archive")
    }

    #[test]
    fn blocks_of_an_old_configuration_name_places_with_or_without_compression() {
        let s3 = json!({"storage_driver": {"name": "s3", "config": {"bucket": "b", "iamauto": true, "region": "eu"}}});
        assert_eq!(store(s3).unwrap().place(), "s3://b", "D-16: compression may be left out");
        let local = json!({"compression": {"enabled": true, "min_size_kbytes": 100},
            "storage_driver": {"name": "localfs", "config": {"archive_data_dir": "/archive"}}});
        assert_eq!(store(local).unwrap().place(), "fs:/archive");
        let none = json!({"storage_driver": {"name": "db"}});
        assert_eq!(store(none).unwrap().place(), "db:");
        for (block, reason) in [
            (json!({"compression": {}}), "missing field `storage_driver`"),
            (json!({"compression": {"level": 3}, "storage_driver": {"name": "db"}}), "unknown field `level`"),
            (json!({"storage_driver": {"name": "noop"}}), "no such driver"),
            (json!({"storage_driver": {"name": "s3", "config": {"bucket": ["b"]}}}), "config.bucket must be a text"),
            (
                json!({"storage_driver": {"name": "s3", "config": {"bucket": "${NO_SUCH_VARIABLE}"}}}),
                "NO_SUCH_VARIABLE",
            ),
        ] {
            let error = store(block.clone()).unwrap_err().to_string();
            assert!(error.contains(reason), "{block}: {error}");
        }
    }

    #[test]
    fn the_oldest_keys_name_a_place() {
        let place = |driver, use_db, folder| {
            let store = AnchoreStore::of_oldest(driver, use_db, folder)?;
            store.map(|store| store.location("archive_driver")).transpose()
        };
        for (driver, use_db, folder, named) in [
            (None, None, None, None),
            (None, Some(false), None, None),
            (None, Some(true), None, Some("db:")),
            (Some("db"), None, Some("/archive"), Some("db:")),
            (Some("localfs"), Some(false), Some("/archive"), Some("fs:/archive")),
            // It counted more than what else was said.
            (Some("localfs"), Some(true), Some("/archive"), Some("db:")),
        ] {
            let found = place(driver, use_db, folder).unwrap().map(|location| location.place());
            assert_eq!(found.as_deref(), named, "{driver:?} {use_db:?} {folder:?}");
        }
        for (driver, folder, reason) in [
            (None, Some("/archive"), "nothing is said to be kept in"),
            (Some("localfs"), None, "has no archive_data_dir"),
            (Some("s3"), None, "has no bucket"),
            (Some("noop"), None, "no such driver"),
        ] {
            let error = place(driver, None, folder).unwrap_err().to_string();
            assert!(error.contains(reason), "{driver:?} {folder:?}: {error}");
        }
    }

    #[test]
    fn what_is_asked_of_compression_in_vain_is_told_with_the_reason() {
        for (compression, told) in [
            (json!({}), None),
            (json!({"enabled": true}), None),
            (json!({"enabled": false}), Some("object_store.compression.enabled: false changes nothing")),
            (json!({"enabled": false, "min_size_kbytes": 100}), Some("compression.enabled: false changes nothing")),
            (json!({"enabled": true, "min_size_kbytes": 100}), Some("compression.min_size_kbytes changes nothing")),
        ] {
            let store = read(json!({"compression": compression, "storage_driver": {"name": "db"}})).unwrap();
            let found = store.unheeded("object_store");
            assert_eq!(found.is_some(), told.is_some(), "{compression}");
            if let (Some(found), Some(told)) = (found, told) {
                assert!(found.contains(told) && found.contains("storage.compression_level"), "{compression}: {found}");
            }
        }
    }

    #[test]
    fn variables_are_put_in_where_they_are_named() {
        let variable = |name: &str| (name == "KEY").then(|| "k3y".to_owned());
        assert_eq!(expanded("a${KEY}b${KEY}", "place", variable).unwrap(), "ak3ybk3y");
        assert_eq!(expanded("plain ${", "place", variable).unwrap(), "plain ${");
    }
}
