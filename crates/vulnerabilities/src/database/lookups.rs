//! The look-ups as the matcher knows them.

use std::sync::Arc;

use windlass_advisories::{
    Advisories, CpeAdvisory, CpeAttributes, Cwe, Epss, KnownExploited, LookupError, OperatingSystem, OperatingSystemId,
    OperatingSystemOverride, PackageAdvisory, Provider, Standing, VulnerabilityHandle, VulnerabilityId,
};

use super::{Database, Problem, remembered, tables};

type Answer<T> = Result<T, LookupError>;

/// Names the question in an error; built only when there is one.
fn asking<P: Into<Problem>>(asked: impl FnOnce() -> String) -> impl FnOnce(P) -> LookupError {
    move |problem| LookupError { asked: asked(), reason: Box::new(problem.into()) }
}

impl Advisories for Database {
    fn operating_systems(&self, name: &str) -> Answer<Vec<(OperatingSystemId, OperatingSystem)>> {
        let all = remembered(&self.operating_systems, || {
            self.connections.with(|connection| tables::operating_systems(connection, &self.layout).map(Arc::from))
        })
        .map_err(asking::<rusqlite::Error>(|| "which distribution releases it has".to_owned()))?;
        let named = all.iter().filter(|(_, release)| {
            release.name.eq_ignore_ascii_case(name) || release.release_id.eq_ignore_ascii_case(name)
        });
        Ok(named.cloned().collect())
    }

    fn operating_system_overrides(&self) -> Answer<Vec<OperatingSystemOverride>> {
        let rules = remembered(&self.overrides, || {
            self.connections.with(|connection| tables::overrides(connection, &self.layout).map(Arc::from))
        })
        .map_err(asking::<rusqlite::Error>(|| "which distributions share data".to_owned()))?;
        Ok(rules.to_vec())
    }

    fn by_distribution(
        &self,
        name: &str,
        releases: &[OperatingSystemId],
        standing: Standing,
    ) -> Answer<Vec<PackageAdvisory>> {
        self.packages_of_releases(name, releases, standing)
            .map_err(asking(|| format!("for package {name:?} of a distribution")))
    }

    fn by_ecosystem(&self, name: &str, ecosystem: &str, standing: Standing) -> Answer<Vec<PackageAdvisory>> {
        self.packages_of_ecosystem(name, ecosystem, standing)
            .map_err(asking(|| format!("for {ecosystem} package {name:?}")))
    }

    fn by_cpe(&self, cpe: &CpeAttributes) -> Answer<Vec<CpeAdvisory>> {
        self.products_matching(cpe)
            .map_err(asking(|| format!("for product {:?} of vendor {:?}", cpe.product, cpe.vendor)))
    }

    fn vulnerability(&self, id: VulnerabilityId) -> Answer<Arc<VulnerabilityHandle>> {
        self.vulnerability_of(id).map_err(asking(|| format!("for vulnerability record {}", id.0)))
    }

    fn vulnerabilities_named(&self, name: &str, provider: Option<&str>) -> Answer<Vec<Arc<VulnerabilityHandle>>> {
        self.vulnerabilities_of_name(name, provider).map_err(asking(|| format!("for vulnerabilities named {name:?}")))
    }

    fn known_exploited(&self, cve: &str) -> Answer<Vec<KnownExploited>> {
        self.known_exploited_of(cve).map_err(asking(|| format!("whether {cve:?} is exploited")))
    }

    fn epss(&self, cve: &str) -> Answer<Option<Epss>> {
        self.epss_of(cve).map_err(asking(|| format!("how likely {cve:?} is exploited")))
    }

    fn cwes(&self, cve: &str) -> Answer<Vec<Cwe>> {
        self.cwes_of(cve).map_err(asking(|| format!("for the weaknesses of {cve:?}")))
    }

    fn providers(&self) -> Answer<Vec<Provider>> {
        self.connections.with(tables::providers).map_err(asking(|| "for its providers".to_owned()))
    }

    fn built(&self) -> Answer<String> {
        Ok(self.built.to_string())
    }

    fn canonical_ecosystem(&self, name: &str) -> Answer<Option<String>> {
        let ecosystems = remembered(&self.ecosystems, || {
            self.connections.with(|connection| tables::ecosystems(connection, &self.layout))
        })
        .map_err(asking::<rusqlite::Error>(|| "for names of ecosystems".to_owned()))?;
        Ok(ecosystems.get(&name.to_ascii_lowercase()).cloned())
    }
}
