//! The database as matchers ask it: each question once per scan.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use windlass_advisories::{
    Advisories, CpeAdvisory, CpeAttributes, LookupError, OperatingSystemId, PackageAdvisory, SHARED_ECOSYSTEMS,
    Standing, VulnerabilityHandle, VulnerabilityId,
};

type Answer<T> = Result<Arc<[T]>, LookupError>;
pub(crate) type Memo<K, V> = Mutex<HashMap<K, V>>;

/// Binary packages share sources and records share vulnerabilities, so most questions are asked more than once.
pub(crate) struct Lookups<'a> {
    pub(crate) advisories: &'a dyn Advisories,
    by_distribution: Memo<(String, Vec<OperatingSystemId>, Standing), Arc<[PackageAdvisory]>>,
    by_ecosystem: Memo<(String, String, Standing), Arc<[PackageAdvisory]>>,
    by_cpe: Memo<CpeAttributes, Arc<[CpeAdvisory]>>,
    vulnerabilities: Memo<VulnerabilityId, Arc<VulnerabilityHandle>>,
    ecosystems: Memo<String, String>,
}

impl<'a> Lookups<'a> {
    pub(crate) fn new(advisories: &'a dyn Advisories) -> Self {
        Self {
            advisories,
            by_distribution: Mutex::default(),
            by_ecosystem: Mutex::default(),
            by_cpe: Mutex::default(),
            vulnerabilities: Mutex::default(),
            ecosystems: Mutex::default(),
        }
    }

    pub(crate) fn by_distribution(
        &self,
        name: &str,
        releases: &[OperatingSystemId],
        standing: Standing,
    ) -> Answer<PackageAdvisory> {
        if releases.is_empty() {
            return Ok(Arc::from([]));
        }
        remembered(&self.by_distribution, (name.to_ascii_lowercase(), releases.to_vec(), standing), || {
            self.advisories.by_distribution(name, releases, standing).map(Into::into)
        })
    }

    pub(crate) fn by_ecosystem(&self, name: &str, ecosystem: &str, standing: Standing) -> Answer<PackageAdvisory> {
        remembered(&self.by_ecosystem, (name.to_ascii_lowercase(), ecosystem.to_owned(), standing), || {
            self.advisories.by_ecosystem(name, ecosystem, standing).map(Into::into)
        })
    }

    pub(crate) fn by_cpe(&self, cpe: &CpeAttributes) -> Answer<CpeAdvisory> {
        remembered(&self.by_cpe, cpe.clone(), || self.advisories.by_cpe(cpe).map(Into::into))
    }

    pub(crate) fn vulnerability(&self, id: VulnerabilityId) -> Result<Arc<VulnerabilityHandle>, LookupError> {
        remembered(&self.vulnerabilities, id, || self.advisories.vulnerability(id))
    }

    /// The ecosystem that records of a package type are kept under.
    pub(crate) fn ecosystem(&self, package_type: &str) -> Result<String, LookupError> {
        remembered(&self.ecosystems, package_type.to_owned(), || {
            let canonical = self.advisories.canonical_ecosystem(package_type)?;
            let shared = || SHARED_ECOSYSTEMS.iter().find(|(own, _)| *own == package_type).map(|(_, other)| *other);
            Ok(canonical.unwrap_or_else(|| shared().unwrap_or(package_type).to_owned()))
        })
    }
}

/// Two threads may both ask a question that neither finds answered; the answers are equal, and holding the lock while
/// the database works would cost more than asking twice.
pub(crate) fn remembered<K: Eq + Hash, V: Clone, E>(
    memo: &Memo<K, V>,
    key: K,
    ask: impl FnOnce() -> Result<V, E>,
) -> Result<V, E> {
    let known = memo.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(answer) = known {
        return Ok(answer);
    }
    let answer = ask()?;
    memo.lock().unwrap_or_else(PoisonError::into_inner).insert(key, answer.clone());
    Ok(answer)
}
