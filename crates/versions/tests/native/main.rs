//! Our orders against the programs that define them.
//!
//! Each file asks one native comparator (dpkg, rpm, …) about many generated pairs, through a single child process, and
//! expects the same answers from us. A comparator that is not installed is reported on stderr and skipped; set
//! `WINDLASS_REQUIRE_NATIVE=1` to make that a failure. Debian has them all: `dpkg rpm ruby python3 python3-packaging
//! libalpm13 node-semver libmaven3-core-java libcommons-lang3-java default-jre-headless`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod deb;
mod gem;
mod maven;
mod oracle;
mod pacman;
mod pairs;
mod python;
mod rpm;
mod semver;
