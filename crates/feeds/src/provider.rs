//! Who says what a record says.

use std::fmt;

/// The id of a provider, as in the database's `providers` table and at the front of a match's namespace
/// (`github:language:python`, `debian:distro:debian:12`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId(&'static str);

impl ProviderId {
    pub(crate) const fn new(id: &'static str) -> Self {
        Self(id)
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

// Names that Grype's database uses for the same data, so that namespaces and ignore rules carry over.
pub(crate) const ALMA: ProviderId = ProviderId::new("alma");
pub(crate) const ALPINE: ProviderId = ProviderId::new("alpine");
pub(crate) const BITNAMI: ProviderId = ProviderId::new("bitnami");
pub(crate) const CHAINGUARD: ProviderId = ProviderId::new("chainguard");
pub(crate) const DEBIAN: ProviderId = ProviderId::new("debian");
pub(crate) const ECHO: ProviderId = ProviderId::new("echo");
pub(crate) const EOL: ProviderId = ProviderId::new("eol");
pub(crate) const EPSS: ProviderId = ProviderId::new("epss");
pub(crate) const GITHUB: ProviderId = ProviderId::new("github");
pub(crate) const GOVULNDB: ProviderId = ProviderId::new("govulndb");
pub(crate) const KEV: ProviderId = ProviderId::new("kev");
pub(crate) const MINIMOS: ProviderId = ProviderId::new("minimos");
pub(crate) const NVD: ProviderId = ProviderId::new("nvd");
pub(crate) const UBUNTU: ProviderId = ProviderId::new("ubuntu");
pub(crate) const WOLFI: ProviderId = ProviderId::new("wolfi");

// Our own names, for data that Grype's database does not carry.
/// Advisories of Docker Hardened Images.
pub(crate) const DHI: ProviderId = ProviderId::new("dhi");
/// The Erlang Ecosystem Foundation's CNA.
pub(crate) const ERLEF: ProviderId = ProviderId::new("erlef");
/// The OpenSSF's list of packages that are malware.
pub(crate) const MALICIOUS_PACKAGES: ProviderId = ProviderId::new("malicious-packages");
/// OSV documents of publishers without a name of their own here.
pub(crate) const OSV: ProviderId = ProviderId::new("osv");
/// The Python Packaging Authority's advisory database.
pub(crate) const PYPA: ProviderId = ProviderId::new("pypa");
/// Rocky Linux errata.
pub(crate) const ROCKY: ProviderId = ProviderId::new("rocky");
/// The Rust Security Response working group's database.
pub(crate) const RUSTSEC: ProviderId = ProviderId::new("rustsec");
