//! What a matcher asks of a vulnerability database.

use std::sync::Arc;

use crate::{
    CpeAttributes, Cwe, Epss, KnownExploited, OperatingSystem, OperatingSystemId, OperatingSystemOverride, PackageBlob,
    Provider, VulnerabilityHandle, VulnerabilityId,
};

/// Whether a record says that versions are affected or that they are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    Affected,
    Unaffected,
}

/// A record about a named package.
#[derive(Clone, Debug)]
pub struct PackageAdvisory {
    pub vulnerability: VulnerabilityId,
    pub operating_system: Option<OperatingSystemId>,
    pub blob: Arc<PackageBlob>,
}

/// A record about a product named by CPE.
#[derive(Clone, Debug)]
pub struct CpeAdvisory {
    pub vulnerability: VulnerabilityId,
    pub cpe: CpeAttributes,
    pub blob: Arc<PackageBlob>,
}

/// A database that could not answer: what was asked, and why it failed.
#[derive(Debug)]
pub struct LookupError {
    pub asked: String,
    pub reason: Box<dyn std::error::Error + Send + Sync>,
}

impl std::fmt::Display for LookupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the vulnerability database could not answer {}: {}", self.asked, self.reason)
    }
}

impl std::error::Error for LookupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.reason.as_ref())
    }
}

type Answer<T> = Result<T, LookupError>;

/// Look-ups by the keys that matchers have. Names compare without regard to ASCII case; answers are ordered by row id,
/// so that results do not depend on the engine's plan.
pub trait Advisories: Sync {
    /// All rows whose name or release id is `name`; the caller picks by version (`spec/matching.md` §2.2).
    fn operating_systems(&self, name: &str) -> Answer<Vec<(OperatingSystemId, OperatingSystem)>>;

    /// The rules that read one distribution's data for another.
    fn operating_system_overrides(&self) -> Answer<Vec<OperatingSystemOverride>>;

    /// Records about `name` in any of the given releases.
    fn by_distribution(
        &self,
        name: &str,
        releases: &[OperatingSystemId],
        standing: Standing,
    ) -> Answer<Vec<PackageAdvisory>>;

    /// Records about `name` of an ecosystem (a package type such as `npm`, already canonical), tied to no release.
    fn by_ecosystem(&self, name: &str, ecosystem: &str, standing: Standing) -> Answer<Vec<PackageAdvisory>>;

    /// Records about products whose specified attributes equal those that `cpe` specifies.
    fn by_cpe(&self, cpe: &CpeAttributes) -> Answer<Vec<CpeAdvisory>>;

    /// The record itself; asked only for survivors of version comparison.
    fn vulnerability(&self, id: VulnerabilityId) -> Answer<Arc<VulnerabilityHandle>>;

    /// All records of that name, of one provider if given, ordered by row id.
    fn vulnerabilities_named(&self, name: &str, provider: Option<&str>) -> Answer<Vec<Arc<VulnerabilityHandle>>>;

    /// Entries of the known-exploited catalogue; none where the database has no such table.
    fn known_exploited(&self, cve: &str) -> Answer<Vec<KnownExploited>>;

    /// The exploit prediction for a CVE; none where the database has no such table.
    fn epss(&self, cve: &str) -> Answer<Option<Epss>>;

    /// Weakness classes of a CVE.
    fn cwes(&self, cve: &str) -> Answer<Vec<Cwe>>;

    /// The sources, ordered by id.
    fn providers(&self) -> Answer<Vec<Provider>>;

    /// When the database was built (RFC 3339, UTC).
    fn built(&self) -> Answer<String>;

    /// The canonical ecosystem for a package type or language name (`package_specifier_overrides`); `None` keeps it.
    fn canonical_ecosystem(&self, name: &str) -> Answer<Option<String>>;
}
