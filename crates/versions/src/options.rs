//! The choices a user may make about comparisons.

/// How an RPM version without an epoch stands to a constraint that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingEpoch {
    /// As RPM itself: a missing epoch is `0`.
    Zero,
    /// Take the constraint's epoch. Source package names (`openssl-1.1.1k-9.el8.src.rpm`) never carry an epoch
    /// while advisories do, so `Zero` would report every such package as older than every fix.
    #[default]
    Auto,
}

/// Settings of a comparison; the default is what `windlass scan` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Only RPM asks; Debian's missing epoch is always `0`.
    pub missing_epoch: MissingEpoch,
    /// Read `^` in an RPM version as a mere separator, as older scanners do. Only for comparing results with theirs.
    pub ignore_rpm_caret: bool,
}
