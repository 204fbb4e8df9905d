//! Choices about what is kept.

use std::time::Duration;

/// What is kept how long, and how much of it.
#[derive(Clone, Debug)]
pub struct KeepingSettings {
    /// How long nothing must have referred to an object before it is removed. Whatever is put must be referred to before that:
    /// an hour is many times what that takes.
    pub object_grace: Duration,
    pub retention: Retention,
    /// Of accounts that have none of their own.
    pub quota: Quota,
    /// Whether rules of the archive move nothing, and what they would is only logged.
    pub rules_dry_run: bool,
}

/// Days after which things are forgotten; `None`: never. Events and notices have settings of their own.
#[derive(Clone, Debug)]
pub struct Retention {
    /// Of an image under a tag by a policy, the last so many verdicts stay whatever their age; at least 1.
    pub evaluations_kept: u64,
    /// Other verdicts, since they were last found to hold.
    pub evaluation_days: Option<u32>,
    /// Findings that new data closed, since then.
    pub finding_days: Option<u32>,
    pub audit_days: Option<u32>,
    /// What rules of the archive did.
    pub transition_days: Option<u32>,
    /// For how long images that were deleted, with their documents and verdicts, can still be asked for; 0: not at all. What
    /// the archive has is not kept beside it.
    pub keep_deleted_days: u32,
}

/// Most that an account may have; `None`: as much as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Images of the working set.
    pub images: Option<u64>,
    /// Bytes of documents, uncompressed, and of bundles in the archive.
    pub bytes: Option<u64>,
}

impl Default for KeepingSettings {
    fn default() -> Self {
        Self {
            object_grace: Duration::from_hours(1),
            retention: Retention::default(),
            quota: Quota::default(),
            rules_dry_run: false,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            evaluations_kept: 10,
            evaluation_days: Some(365),
            finding_days: Some(365),
            audit_days: Some(400),
            transition_days: Some(365),
            keep_deleted_days: 0,
        }
    }
}
