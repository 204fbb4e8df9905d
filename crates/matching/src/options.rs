//! What a user may choose about matching.

use windlass_advisories::FixState;
use windlass_versions::MissingEpoch;

use crate::{Distribution, IgnoreRule, SortBy, VexDocument, VexStatus};

/// The choices; the default is what `windlass scan` does without arguments.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Match as if the artifact were of this distribution (`--distro`).
    pub distribution: Option<Distribution>,
    /// When the vendor's extended-support fixes count.
    pub channels: Channels,
    /// How source RPMs, whose names carry no epoch, stand to constraints that have one.
    pub missing_epoch: MissingEpoch,
    /// Which ecosystems are also searched by CPE.
    pub cpes: CpeUse,
    /// The day it is, `YYYY-MM-DD`: decides which distributions have reached their end of life. Unknown: none.
    pub today: Option<String>,
    /// Compare the main module of a Go binary even where its version is a pseudo-version without a base.
    pub allow_main_module_pseudo_versions: bool,
    /// Report kernel vulnerabilities on header packages built from the kernel's source.
    pub match_kernel_headers: bool,
    /// Findings to leave out.
    pub ignore: Vec<IgnoreRule>,
    /// Fix states to leave out (`--only-fixed`, `--ignore-states`).
    pub ignore_states: Vec<FixState>,
    /// What the makers of the software say of its vulnerabilities.
    pub vex: Vec<VexDocument>,
    /// Statuses that bring an ignored finding back: affected, under investigation (`--vex-add`).
    pub vex_add: Vec<VexStatus>,
    /// Report each record of a flaw on its own, and reproduce the baseline's quirks: results then equal Grype's.
    pub like_grype: bool,
    /// Name findings by their CVE where they have one.
    pub by_cve: bool,
    pub sort: SortBy,
    /// Threads that match packages; 0 lets the number of packages and processors decide. Results do not depend on it.
    pub threads: usize,
}

impl Options {
    /// Leaves out everything that no version fixes.
    #[must_use]
    pub fn only_fixed(mut self) -> Self {
        self.ignore_states.extend([FixState::NotFixed, FixState::WontFix, FixState::Unknown]);
        self
    }

    /// Leaves out everything that some version fixes.
    #[must_use]
    pub fn only_not_fixed(mut self) -> Self {
        self.ignore_states.push(FixState::Fixed);
        self
    }

    /// Whether records of one flaw become one finding.
    pub(crate) fn fold_aliases(&self) -> bool {
        !self.like_grype
    }
}

/// When fixes of a support channel that costs extra count as fixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChannelMode {
    Never,
    /// Where the artifact is seen to be subscribed to it.
    #[default]
    Auto,
    Always,
}

/// The support channels that distributions sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channels {
    /// Red Hat's extended update support, for 8.0 and later.
    pub eus: ChannelMode,
    /// Ubuntu's expanded security maintenance.
    pub esm: ChannelMode,
}

/// Which matchers also search by CPE, which finds more and errs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpeUse {
    pub java: bool,
    pub dotnet: bool,
    pub golang: bool,
    /// Go's standard library by `golang:go`, besides the Go vulnerability database.
    pub golang_stdlib: bool,
    pub javascript: bool,
    pub python: bool,
    pub ruby: bool,
    pub rust: bool,
    pub hex: bool,
    /// Everything without a matcher of its own, binaries above all.
    pub stock: bool,
    /// deb and rpm packages of a distribution release past its end of life.
    pub end_of_life: bool,
}

impl Default for CpeUse {
    fn default() -> Self {
        Self {
            java: false,
            dotnet: false,
            golang: false,
            golang_stdlib: false,
            javascript: false,
            python: false,
            ruby: false,
            rust: false,
            hex: false,
            stock: true,
            end_of_life: false,
        }
    }
}
