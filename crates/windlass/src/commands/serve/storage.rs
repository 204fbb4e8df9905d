//! Settings of what is kept, where, how long and how much of it; those of Anchore Engine as well (`spec/operations.md` §5.3).

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};
use windlass_objects::{Location, Options};
use windlass_operations::keeping::{KeepingSettings, Quota, Retention};

use crate::diagnostics::Hinted;

/// Anchore's switch that lets rules of the archive move nothing.
const DRY_RUN: &str = "ANCHORE_ANALYSIS_ARCHIVE_DRYRUN_ENABLED";

/// How object storage is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StorageOptions {
    /// Longest wait for an answer without content, and for the next piece of content.
    timeout_seconds: Option<u64>,
    transfer_timeout_seconds: Option<u64>,
    /// How often a request is made in all that fails for a passing reason.
    attempts: Option<usize>,
    /// Content of more bytes is sent in parts of this size, so many of them at once.
    part_mb: Option<usize>,
    parallel_parts: Option<usize>,
    /// Of zstd: 1 to 19.
    compression_level: Option<i32>,
    /// How long nothing must have referred to an object before it is removed.
    grace_minutes: Option<u64>,
}

impl StorageOptions {
    /// `data_dir` is where large content is compressed before it is sent.
    pub(super) fn options(&self, data_dir: &Path) -> anyhow::Result<Options> {
        let mut options =
            Options { spool: Some(data_dir.to_owned()).filter(|folder| folder.is_dir()), ..Options::default() };
        let seconds =
            |seconds: Option<u64>, default| seconds.map_or(default, |seconds| Duration::from_secs(seconds.max(1)));
        options.timeout = seconds(self.timeout_seconds, options.timeout);
        options.transfer_timeout = seconds(self.transfer_timeout_seconds, options.transfer_timeout);
        options.attempts = self.attempts.unwrap_or(options.attempts).max(1);
        options.parallel_parts = self.parallel_parts.unwrap_or(options.parallel_parts).max(1);
        if let Some(size) = self.part_mb {
            anyhow::ensure!((5..=5120).contains(&size), "storage.part_mb is {size}; it must be from 5 to 5120");
            options.part = size << 20;
        }
        if let Some(level) = self.compression_level {
            anyhow::ensure!((1..=19).contains(&level), "storage.compression_level is {level}; it must be from 1 to 19");
            options.compression = level;
        }
        Ok(options)
    }

    pub(super) fn grace(&self) -> Duration {
        // Less could be less than what is between putting an object and writing what refers to it.
        self.grace_minutes
            .map_or(KeepingSettings::default().object_grace, |minutes| Duration::from_mins(minutes.max(10)))
    }
}

/// Days after which things are forgotten; 0: never.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetentionOptions {
    /// The last verdicts on an image under a tag that stay whatever their age.
    evaluations: Option<u64>,
    evaluation_days: Option<u32>,
    /// Of findings that new data closed.
    finding_days: Option<u32>,
    audit_days: Option<u32>,
    /// Of what rules of the archive did.
    /// Of images that were deleted; 0: not at all.
    keep_deleted_days: Option<u32>,
    transition_days: Option<u32>,
}

impl RetentionOptions {
    pub(super) fn retention(&self) -> Retention {
        let default = Retention::default();
        Retention {
            evaluations_kept: self.evaluations.unwrap_or(default.evaluations_kept),
            evaluation_days: self.evaluation_days.or(default.evaluation_days),
            finding_days: self.finding_days.or(default.finding_days),
            audit_days: self.audit_days.or(default.audit_days),
            keep_deleted_days: self.keep_deleted_days.unwrap_or(default.keep_deleted_days),
            transition_days: self.transition_days.or(default.transition_days),
        }
    }
}

/// What an account may have that has no quota of its own; 0: as much as it likes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct QuotaOptions {
    images: Option<u64>,
    bytes: Option<u64>,
}

impl QuotaOptions {
    pub(super) fn quota(&self) -> Quota {
        Quota { images: self.images.filter(|limit| *limit > 0), bytes: self.bytes.filter(|limit| *limit > 0) }
    }
}

/// How the archive's rules work.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ArchiveOptions {
    /// Whether they move nothing, and what they would is only logged.
    dry_run: Option<bool>,
}

impl ArchiveOptions {
    pub(super) fn is_dry_run(&self) -> bool {
        let as_anchore = || std::env::var(DRY_RUN).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
        self.dry_run.unwrap_or_else(as_anchore)
    }
}

/// `object_store` and `analysis_archive` of Anchore Engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnchoreStore {
    /// Read, so that such a file can be used as it is: what is kept here is always compressed.
    #[serde(default)]
    #[allow(dead_code, reason = "only its form is checked")]
    compression: AnchoreCompression,
    storage_driver: AnchoreDriver,
}

/// May be left out (`spec/operations.md` D-16).
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(dead_code, reason = "only its form is checked")]
struct AnchoreCompression {
    enabled: bool,
    min_size_kbytes: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchoreDriver {
    name: String,
    #[serde(default)]
    config: Map<String, Value>,
}

impl AnchoreStore {
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
}

/// With what the environment has for each `${NAME}`.
fn expanded(text: &str, place: &str, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<String> {
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

    fn store(block: Value) -> anyhow::Result<Location> {
        serde_json::from_value::<AnchoreStore>(block)?.location("analysis_archive")
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
    fn variables_are_put_in_where_they_are_named() {
        let variable = |name: &str| (name == "KEY").then(|| "k3y".to_owned());
        assert_eq!(expanded("a${KEY}b${KEY}", "place", variable).unwrap(), "ak3ybk3y");
        assert_eq!(expanded("plain ${", "place", variable).unwrap(), "plain ${");
    }
}
