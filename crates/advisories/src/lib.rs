//! Vulnerability records as the Grype database v6 shapes them, and the look-ups a matcher needs.
//!
//! The crate holds types and one trait, no I/O: `feeds` reads a source's files into [`Record`]s, `vulnerabilities` keeps
//! them in SQLite, `matching` asks for them through [`Advisories`], tests answer from memory. The shapes are those of `spec/matching.md` §9.2 and §9.3
//! because there is one format: what Anchore publishes is read unconverted, what we build Grype can read.

mod blob;
mod key;
mod lookup;
mod record;
mod rows;

pub use blob::{
    Available, Fix, FixDetail, FixState, GoImport, KnownExploited, PackageBlob, Qualifiers, Range, Reference, Severity,
    SeverityValue, VersionConstraint, VulnerabilityBlob,
};
pub use key::{LookupKey, SHARED_ECOSYSTEMS};
pub use lookup::{Advisories, CpeAdvisory, LookupError, PackageAdvisory, Standing};
pub use record::{Advisory, CpeStatement, PackageStatement, Record};
pub use rows::{
    CpeAttributes, Cwe, Epss, OperatingSystem, OperatingSystemId, OperatingSystemOverride, Provider, Status,
    VulnerabilityHandle, VulnerabilityId,
};
