//! A vulnerability database in memory and builders of small inputs, for tests of this crate and of those above it.
//!
//! ```
//! use windlass_matching::{Options, match_sbom, testing::{MemoryAdvisories, advisory, deb, sbom}};
//!
//! let database = MemoryAdvisories::new()
//!     .with(advisory("CVE-2023-5363", "debian").severity("high").in_release("debian:12", "openssl", "< 3.0.11-1~deb12u2").fixed("3.0.11-1~deb12u2"));
//! let image = sbom("debian:12", [deb("openssl", "3.0.11-1~deb12u1")]);
//! let outcome = match_sbom(&image, &database, &Options::default())?;
//! assert_eq!(outcome.findings[0].fix.suggested.as_deref(), Some("3.0.11-1~deb12u2"));
//! # Ok::<(), windlass_matching::MatchError>(())
//! ```

mod advisory;
mod memory;
mod packages;
mod random;

pub use advisory::{AdvisoryBuilder, advisory, release};
pub use memory::MemoryAdvisories;
pub use packages::{apk, deb, deb_from, java, package, rpm, rpm_from, sbom, with_cpe};
pub use random::{DISTRIBUTIONS, artifact_of, package_of, record_of};
