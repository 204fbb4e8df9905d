//! Settings of how object storage is used, and of what is kept how long and how much of it.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use windlass_objects::Options;
use windlass_operations::keeping::{KeepingSettings, Quota, Retention};

use super::anchore_storage::{AnchoreCompression, AnchoreDriver, AnchoreStore};
use super::configuration::{LONGEST, at_least, at_most};

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
        self.demand_sound()?;
        let seconds = |seconds: Option<u64>, default| seconds.map_or(default, Duration::from_secs);
        options.timeout = seconds(self.timeout_seconds, options.timeout);
        options.transfer_timeout = seconds(self.transfer_timeout_seconds, options.transfer_timeout);
        options.attempts = self.attempts.unwrap_or(options.attempts);
        options.parallel_parts = self.parallel_parts.unwrap_or(options.parallel_parts);
        options.part = self.part_mb.map_or(options.part, |size| size << 20);
        options.compression = self.compression_level.unwrap_or(options.compression);
        Ok(options)
    }

    /// # Errors
    /// The first value that cannot be used.
    pub(super) fn demand_sound(&self) -> anyhow::Result<()> {
        at_least(1, "storage.timeout_seconds", self.timeout_seconds)?;
        at_least(1, "storage.transfer_timeout_seconds", self.transfer_timeout_seconds)?;
        at_most(LONGEST, "storage.timeout_seconds", self.timeout_seconds)?;
        at_most(LONGEST, "storage.transfer_timeout_seconds", self.transfer_timeout_seconds)?;
        at_most(LONGEST / 60, "storage.grace_minutes", self.grace_minutes)?;
        at_least(1, "storage.attempts", self.attempts.map(|attempts| attempts as u64))?;
        at_least(1, "storage.parallel_parts", self.parallel_parts.map(|parts| parts as u64))?;
        if let Some(size) = self.part_mb {
            anyhow::ensure!((5..=5120).contains(&size), "storage.part_mb is {size}; it must be from 5 to 5120");
        }
        if let Some(level) = self.compression_level {
            anyhow::ensure!((1..=19).contains(&level), "storage.compression_level is {level}; it must be from 1 to 19");
        }
        // Less could be less than what is between putting an object and writing what refers to it.
        at_least(10, "storage.grace_minutes", self.grace_minutes)
    }

    pub(super) fn grace(&self) -> Duration {
        self.grace_minutes.map_or(KeepingSettings::default().object_grace, Duration::from_mins)
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
    transition_days: Option<u32>,
    /// Of images that were deleted; 0: not at all.
    keep_deleted_days: Option<u32>,
}

impl RetentionOptions {
    pub(super) fn retention(&self) -> Retention {
        let default = Retention::default();
        Retention {
            evaluations_kept: self.evaluations.unwrap_or(default.evaluations_kept),
            evaluation_days: self.evaluation_days.or(default.evaluation_days),
            finding_days: self.finding_days.or(default.finding_days),
            audit_days: self.audit_days.or(default.audit_days),
            transition_days: self.transition_days.or(default.transition_days),
            keep_deleted_days: self.keep_deleted_days.unwrap_or(default.keep_deleted_days),
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

/// How the archive's rules work; in files of Anchore Engine, what `object_store` was called before.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ArchiveOptions {
    /// Whether they move nothing, and what they would is only logged.
    dry_run: Option<bool>,
    compression: Option<AnchoreCompression>,
    storage_driver: Option<AnchoreDriver>,
}

impl ArchiveOptions {
    pub(super) fn is_dry_run(&self) -> bool {
        let as_anchore = || std::env::var(DRY_RUN).is_ok_and(|value| value.eq_ignore_ascii_case("true"));
        self.dry_run.unwrap_or_else(as_anchore)
    }

    /// Where documents are kept, where it says that.
    pub(super) fn store(&self) -> Option<AnchoreStore> {
        let storage_driver = self.storage_driver.clone()?;
        Some(AnchoreStore { compression: self.compression.clone().unwrap_or_default(), storage_driver })
    }
}
