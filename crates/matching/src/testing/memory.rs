//! The database.

use std::{collections::BTreeMap, sync::Arc};

use windlass_advisories::{
    Advisories, CpeAdvisory, CpeAttributes, Cwe, Epss, KnownExploited, LookupError, OperatingSystem, OperatingSystemId,
    OperatingSystemOverride, PackageAdvisory, Provider, Standing, VulnerabilityHandle, VulnerabilityId,
};

use super::AdvisoryBuilder;

type Answer<T> = Result<T, LookupError>;

/// Records in memory, answered as the SQLite database answers.
#[derive(Default)]
pub struct MemoryAdvisories {
    releases: Vec<OperatingSystem>,
    overrides: Vec<OperatingSystemOverride>,
    vulnerabilities: Vec<Arc<VulnerabilityHandle>>,
    /// Places in `vulnerabilities` by lower-case name.
    by_name: BTreeMap<String, Vec<usize>>,
    packages: BTreeMap<(String, Standing), Vec<(String, PackageAdvisory)>>,
    cpes: BTreeMap<String, Vec<CpeAdvisory>>,
    known_exploited: Vec<KnownExploited>,
    epss: BTreeMap<String, Epss>,
    cwes: Vec<Cwe>,
    providers: BTreeMap<String, Provider>,
    /// Names whose look-up fails.
    broken: Vec<String>,
    /// Names whose look-up panics.
    panicking: Vec<String>,
}

impl MemoryAdvisories {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a record, its provider and the releases it speaks of.
    #[must_use]
    pub fn with(mut self, record: AdvisoryBuilder) -> Self {
        self.insert(record);
        self
    }

    pub fn insert(&mut self, record: AdvisoryBuilder) {
        let AdvisoryBuilder { provider, advisory } = record;
        let id = VulnerabilityId(row_id(self.vulnerabilities.len()));
        for statement in advisory.packages {
            let operating_system = statement.operating_system.map(|release| self.release_id(release));
            let row = PackageAdvisory { vulnerability: id, operating_system, blob: Arc::new(statement.blob) };
            let key = (statement.name.to_ascii_lowercase(), statement.standing);
            self.packages.entry(key).or_default().push((statement.ecosystem, row));
        }
        for statement in advisory.cpes {
            let product = statement.cpe.product.to_ascii_lowercase();
            let row = CpeAdvisory { vulnerability: id, cpe: statement.cpe, blob: Arc::new(statement.blob) };
            self.cpes.entry(product).or_default().push(row);
        }
        self.cwes.extend(advisory.cwes);
        self.by_name.entry(advisory.name.to_ascii_lowercase()).or_default().push(self.vulnerabilities.len());
        self.vulnerabilities.push(Arc::new(VulnerabilityHandle {
            id,
            name: advisory.name,
            status: advisory.status,
            published: advisory.published,
            modified: advisory.modified,
            withdrawn: advisory.withdrawn,
            provider: provider.clone(),
            blob: advisory.blob,
        }));
        self.providers.entry(provider.clone()).or_insert_with(|| Provider {
            id: provider,
            version: "1".into(),
            date_captured: Some("2026-01-01T00:00:00Z".into()),
            ..Provider::default()
        });
    }

    /// Adds a source that has no records.
    #[must_use]
    pub fn with_provider(mut self, id: &str, captured: &str) -> Self {
        let provider = Provider { id: id.into(), date_captured: Some(captured.into()), ..Provider::default() };
        self.providers.insert(id.into(), provider);
        self
    }

    /// Adds a release without records, such as `debian:12`, with the day it reaches its end of life if known.
    #[must_use]
    pub fn with_release(mut self, release: &str, eol_date: &str) -> Self {
        let id = self.release_id(super::release(release));
        self.releases[id.0 as usize - 1].eol_date = eol_date.into();
        self
    }

    #[must_use]
    pub fn with_override(mut self, rule: OperatingSystemOverride) -> Self {
        self.overrides.push(rule);
        self
    }

    /// Says that a CVE is exploited.
    #[must_use]
    pub fn with_known_exploited(mut self, cve: &str, by_ransomware: bool) -> Self {
        self.known_exploited.push(KnownExploited {
            cve: cve.into(),
            date_added: "2024-01-02".into(),
            known_ransomware_campaign_use: if by_ransomware { "Known" } else { "Unknown" }.into(),
            ..KnownExploited::default()
        });
        self
    }

    #[must_use]
    pub fn with_epss(mut self, cve: &str, epss: f64, percentile: f64) -> Self {
        let score = Epss { cve: cve.into(), epss, percentile, date: "2026-01-01".into() };
        self.epss.insert(cve.to_ascii_uppercase(), score);
        self
    }

    /// Makes every look-up of a package of that name fail, as a damaged file would.
    #[must_use]
    pub fn with_broken(mut self, name: &str) -> Self {
        self.broken.push(name.into());
        self
    }

    /// Makes every look-up of a package of that name panic, as a defect would.
    #[must_use]
    pub fn with_panicking(mut self, name: &str) -> Self {
        self.panicking.push(name.into());
        self
    }

    fn release_id(&mut self, release: OperatingSystem) -> OperatingSystemId {
        let known =
            self.releases.iter().position(|own| OperatingSystem { eol_date: String::new(), ..own.clone() } == release);
        let place = known.unwrap_or_else(|| {
            self.releases.push(release);
            self.releases.len() - 1
        });
        OperatingSystemId(row_id(place))
    }

    fn rows(&self, name: &str, standing: Standing) -> Answer<&[(String, PackageAdvisory)]> {
        if self.broken.iter().any(|broken| broken.eq_ignore_ascii_case(name)) {
            let reason = "database disk image is malformed".into();
            return Err(LookupError { asked: format!("for records of {name}"), reason });
        }
        assert!(!self.panicking.iter().any(|own| own == name), "a defect in matching {name}");
        Ok(self.packages.get(&(name.to_ascii_lowercase(), standing)).map(Vec::as_slice).unwrap_or_default())
    }
}

impl Advisories for MemoryAdvisories {
    fn operating_systems(&self, name: &str) -> Answer<Vec<(OperatingSystemId, OperatingSystem)>> {
        let named =
            |row: &OperatingSystem| row.name.eq_ignore_ascii_case(name) || row.release_id.eq_ignore_ascii_case(name);
        let rows = self.releases.iter().enumerate().filter(|(_, row)| named(row));
        Ok(rows.map(|(place, row)| (OperatingSystemId(row_id(place)), row.clone())).collect())
    }

    fn operating_system_overrides(&self) -> Answer<Vec<OperatingSystemOverride>> {
        Ok(self.overrides.clone())
    }

    fn by_distribution(
        &self,
        name: &str,
        releases: &[OperatingSystemId],
        standing: Standing,
    ) -> Answer<Vec<PackageAdvisory>> {
        let wanted = |row: &PackageAdvisory| row.operating_system.is_some_and(|id| releases.contains(&id));
        Ok(self.rows(name, standing)?.iter().map(|(_, row)| row).filter(|row| wanted(row)).cloned().collect())
    }

    fn by_ecosystem(&self, name: &str, ecosystem: &str, standing: Standing) -> Answer<Vec<PackageAdvisory>> {
        let wanted =
            |own: &str, row: &PackageAdvisory| row.operating_system.is_none() && own.eq_ignore_ascii_case(ecosystem);
        let rows = self.rows(name, standing)?.iter();
        Ok(rows.filter(|(own, row)| wanted(own, row)).map(|(_, row)| row.clone()).collect())
    }

    fn by_cpe(&self, cpe: &CpeAttributes) -> Answer<Vec<CpeAdvisory>> {
        let rows = self.cpes.get(&cpe.product.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
        let fits = |asked: &str, stored: &str| asked.is_empty() || asked.eq_ignore_ascii_case(stored);
        let wanted = |own: &CpeAttributes| {
            fits(&cpe.part, &own.part)
                && fits(&cpe.vendor, &own.vendor)
                && fits(&cpe.edition, &own.edition)
                && fits(&cpe.language, &own.language)
                && fits(&cpe.software_edition, &own.software_edition)
                && fits(&cpe.target_hardware, &own.target_hardware)
                && fits(&cpe.target_software, &own.target_software)
                && fits(&cpe.other, &own.other)
        };
        Ok(rows.iter().filter(|row| wanted(&row.cpe)).cloned().collect())
    }

    fn vulnerability(&self, id: VulnerabilityId) -> Answer<Arc<VulnerabilityHandle>> {
        let found = usize::try_from(id.0 - 1).ok().and_then(|place| self.vulnerabilities.get(place));
        found
            .cloned()
            .ok_or_else(|| LookupError { asked: format!("for record {}", id.0), reason: "no such row".into() })
    }

    fn vulnerabilities_named(&self, name: &str, provider: Option<&str>) -> Answer<Vec<Arc<VulnerabilityHandle>>> {
        let places = self.by_name.get(&name.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
        let named = places.iter().map(|&place| &self.vulnerabilities[place]);
        Ok(named.filter(|handle| provider.is_none_or(|own| own == handle.provider)).cloned().collect())
    }

    fn known_exploited(&self, cve: &str) -> Answer<Vec<KnownExploited>> {
        Ok(self.known_exploited.iter().filter(|entry| entry.cve.eq_ignore_ascii_case(cve)).cloned().collect())
    }

    fn epss(&self, cve: &str) -> Answer<Option<Epss>> {
        Ok(self.epss.get(&cve.to_ascii_uppercase()).cloned())
    }

    fn cwes(&self, cve: &str) -> Answer<Vec<Cwe>> {
        Ok(self.cwes.iter().filter(|entry| entry.cve.eq_ignore_ascii_case(cve)).cloned().collect())
    }

    fn providers(&self) -> Answer<Vec<Provider>> {
        Ok(self.providers.values().cloned().collect())
    }

    fn built(&self) -> Answer<String> {
        Ok("2026-01-02T00:00:00Z".into())
    }

    fn canonical_ecosystem(&self, _name: &str) -> Answer<Option<String>> {
        Ok(None)
    }
}

/// Rows are numbered from one.
fn row_id(place: usize) -> i64 {
    i64::try_from(place).expect("a test has few rows") + 1
}
