//! Records turned into what a reader needs: severity, scores, exploitation, links.

use std::sync::{Arc, Mutex};

use windlass_advisories::{Advisories, LookupError, VulnerabilityHandle, VulnerabilityId};

use crate::{
    Decoration, PackageInput, Severity, Vulnerability, cvss,
    lookups::{Memo, remembered},
    namespace,
};

/// The provider whose records describe a CVE for everybody.
pub(crate) const NVD: &str = "nvd";
pub(crate) const GITHUB: &str = "github";

/// Builds each record once per namespace it appears under.
pub(crate) struct Enricher<'a> {
    advisories: &'a dyn Advisories,
    built: Memo<(VulnerabilityId, String), Arc<Vulnerability>>,
    named: Memo<(String, &'static str), Option<Arc<VulnerabilityHandle>>>,
}

impl<'a> Enricher<'a> {
    pub(crate) fn new(advisories: &'a dyn Advisories) -> Self {
        Self { advisories, built: Mutex::default(), named: Mutex::default() }
    }

    pub(crate) fn vulnerability(
        &self,
        handle: &VulnerabilityHandle,
        namespace: &str,
    ) -> Result<Arc<Vulnerability>, LookupError> {
        remembered(&self.built, (handle.id, namespace.to_owned()), || {
            describe(handle, namespace, self.advisories).map(Arc::new)
        })
    }

    /// The NVD's and GitHub's records under any of these names, without the record `own` itself; in the order of names.
    pub(crate) fn related(
        &self,
        own: &VulnerabilityHandle,
        names: &[&str],
        package: &PackageInput,
    ) -> Result<Vec<Arc<Vulnerability>>, LookupError> {
        let mut related = Vec::new();
        for name in names {
            let Some(provider) = describing(name) else { continue };
            let Some(handle) = self.named(name, provider)? else { continue };
            if handle.id != own.id {
                let namespace = namespace::of_related(provider, package);
                related.push(self.vulnerability(&handle, &namespace)?);
            }
        }
        Ok(related)
    }

    /// The NVD's record of a CVE.
    pub(crate) fn nvd(&self, cve: &str) -> Result<Option<Arc<Vulnerability>>, LookupError> {
        let Some(handle) = self.named(cve, NVD)? else { return Ok(None) };
        self.vulnerability(&handle, &namespace::of_cpe(NVD)).map(Some)
    }

    fn named(&self, name: &str, provider: &'static str) -> Result<Option<Arc<VulnerabilityHandle>>, LookupError> {
        remembered(&self.named, (name.to_ascii_uppercase(), provider), || {
            Ok(self.advisories.vulnerabilities_named(name, Some(provider))?.into_iter().next())
        })
    }
}

/// A record as it is told under a namespace, with what the database knows of its CVEs.
pub fn describe(
    handle: &VulnerabilityHandle,
    namespace: &str,
    advisories: &dyn Advisories,
) -> Result<Vulnerability, LookupError> {
    let blob = &handle.blob;
    let mut names = vec![handle.name.as_str(), blob.id.as_str()];
    names.extend(blob.aliases.iter().map(String::as_str));
    let mut cves: Vec<String> =
        names.iter().map(|name| name.to_ascii_uppercase()).filter(|name| name.starts_with("CVE-")).collect();
    let mut seen = std::collections::HashSet::new();
    cves.retain(|cve| seen.insert(cve.clone()));

    let mut vulnerability = Vulnerability {
        id: handle.name.clone(),
        namespace: namespace.to_owned(),
        provider: handle.provider.clone(),
        status: handle.status,
        data_source: blob.references.first().map(|link| link.url.clone()).unwrap_or_default(),
        urls: blob.references.iter().skip(1).map(|link| link.url.clone()).collect(),
        description: blob.description.clone(),
        severity: Severity::of_record(&blob.severities),
        cvss: cvss::of_record(&blob.severities),
        published: handle.published.clone(),
        modified: handle.modified.clone(),
        aliases: blob.aliases.iter().filter(|alias| !alias.eq_ignore_ascii_case(&handle.name)).cloned().collect(),
        cves,
        ..Vulnerability::default()
    };
    vulnerability.aliases.sort();
    vulnerability.aliases.dedup();
    vulnerability.decorated(|cve| Decoration::look_up(cve, advisories))
}

/// The provider whose record of that name describes the flaw for everybody.
pub(crate) fn describing(name: &str) -> Option<&'static str> {
    let starts = |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    match () {
        () if starts("CVE-") => Some(NVD),
        () if starts("GHSA-") => Some(GITHUB),
        () => None,
    }
}
