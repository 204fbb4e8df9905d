//! What the data says of a vulnerability, whatever has it (`spec/api.md` A4.14).

use std::collections::BTreeMap;

use windlass_advisories::{Advisories as _, FixState, PackageBlob, VulnerabilityHandle};
use windlass_matching::{describe, namespace_of_package, namespace_of_products, namespace_of_release};
use windlass_policy::package_kind;
use windlass_sbom::PackageType;
use windlass_v1::{
    queries::{
        AffectedPackage, Paging, QueriedScores, QueriedVulnerabilities, QueriedVulnerability, VulnerabilityReference,
    },
    vulnerabilities::feed_group,
};
use windlass_versions::Format;
use windlass_vulnerabilities::{Affected, Database, Subject};

use super::{RecordQuery, blocking, broken, no_data};
use crate::{Error, Result, Service};

impl Service {
    /// Records of vulnerabilities, one for each namespace, by namespace and id.
    ///
    /// # Errors
    /// 400 for a version without a package; 404 where there is no data.
    pub async fn vulnerability_records(&self, query: RecordQuery) -> Result<QueriedVulnerabilities> {
        if query.affected_package.is_none() && query.affected_package_version.is_some() {
            return Err(Error::invalid("affected_package_version is only understood together with affected_package"));
        }
        let data = self.vulnerability_data().await?.ok_or_else(no_data)?;
        let (page, limit) = (as_size(query.page), as_size(query.limit));
        let found = blocking(move || records(&data.database, &query)).await??;
        let (vulnerabilities, paging) = Paging::cut(found, page, limit);
        Ok(QueriedVulnerabilities { vulnerabilities, paging })
    }
}

fn as_size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn records(database: &Database, query: &RecordQuery) -> Result<Vec<QueriedVulnerability>> {
    let mut found = BTreeMap::new();
    for id in &query.ids {
        for handle in database.vulnerabilities_named(id, None).map_err(|error| broken(&error))? {
            let mut by_namespace: BTreeMap<String, Vec<AffectedPackage>> = BTreeMap::new();
            for affected in database.affected_by(handle.id).map_err(|error| broken(&error))? {
                let namespace = namespace(&handle.provider, &affected.subject);
                let packages = by_namespace.entry(namespace).or_default();
                if query.selects_package(&affected) {
                    packages.extend(told(&affected, query));
                }
            }
            for (namespace, affected_packages) in by_namespace {
                let group = feed_group(&namespace);
                let is_meant = query.namespaces.is_empty() || query.namespaces.contains(&group);
                if !is_meant || (query.affected_package.is_some() && affected_packages.is_empty()) {
                    continue;
                }
                let key = (group.clone(), handle.name.clone(), namespace.clone(), handle.id);
                found.insert(key, record(database, &handle, &namespace, group, affected_packages)?);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn namespace(provider: &str, subject: &Subject) -> String {
    match subject {
        Subject::Package { release: Some(release), .. } => namespace_of_release(provider, release),
        Subject::Package { ecosystem, name, release: None } => {
            namespace_of_package(provider, PackageType::parse(ecosystem), name)
        }
        Subject::Product(_) => namespace_of_products(provider),
    }
}

impl RecordQuery {
    fn selects_package(&self, affected: &Affected) -> bool {
        let name = match &affected.subject {
            Subject::Package { name, .. } => name,
            Subject::Product(cpe) => &cpe.product,
        };
        self.affected_package.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
    }
}

/// One element for each range of versions, those that the version asked for is in.
fn told(affected: &Affected, query: &RecordQuery) -> Vec<AffectedPackage> {
    let (name, kind) = match &affected.subject {
        Subject::Package { name, ecosystem, .. } => (name, PackageType::parse(ecosystem)),
        Subject::Product(cpe) => (&cpe.product, PackageType::Binary),
    };
    let blob: &PackageBlob = &affected.blob;
    let element = |format: &str, constraint: &str, will_not_fix: bool| AffectedPackage {
        name: name.clone(),
        kind: if format.is_empty() { package_kind(kind) } else { format }.to_owned(),
        version: if constraint.is_empty() { "*" } else { constraint }.to_owned(),
        will_not_fix,
    };
    if blob.ranges.is_empty() {
        return vec![element("", "", false)];
    }
    let is_meant = |constraint: &str, format: &str| {
        let Some(version) = &query.affected_package_version else { return true };
        let own = Format::of_package_type(kind.as_str());
        let options = windlass_versions::Options::default();
        // What cannot be compared may be affected.
        windlass_versions::satisfies(version, own, constraint, Format::parse(format), &options).unwrap_or(true)
    };
    let ranges = blob.ranges.iter().filter(|range| is_meant(&range.version.constraint, &range.version.format));
    ranges
        .map(|range| {
            let will_not_fix = range.fix.as_ref().is_some_and(|fix| fix.state == FixState::WontFix);
            element(&range.version.format, &range.version.constraint, will_not_fix)
        })
        .collect()
}

fn record(
    database: &Database,
    handle: &VulnerabilityHandle,
    namespace: &str,
    group: String,
    affected_packages: Vec<AffectedPackage>,
) -> Result<QueriedVulnerability> {
    let record = describe(handle, namespace, database).map_err(|error| broken(&error))?;
    let own = QueriedScores::of(&record.id, &record.cvss);
    let (mut nvd_data, mut vendor_data) = (Vec::new(), Vec::new());
    if group.contains("nvd") {
        nvd_data = own;
    } else {
        vendor_data = own;
        for cve in &record.cves {
            for nvd in database.vulnerabilities_named(cve, Some("nvd")).map_err(|error| broken(&error))? {
                let namespace = namespace_of_products("nvd");
                let nvd = describe(&nvd, &namespace, database).map_err(|error| broken(&error))?;
                nvd_data.extend(QueriedScores::of(&nvd.id, &nvd.cvss));
            }
        }
    }
    let links = std::iter::once(&record.data_source).filter(|link| !link.is_empty()).chain(&record.urls);
    let references: Vec<VulnerabilityReference> =
        links.map(|url| VulnerabilityReference { source: record.provider.clone(), url: url.clone() }).collect();
    Ok(QueriedVulnerability {
        id: record.id.clone(),
        namespace: group,
        severity: record.severity.into(),
        link: record.data_source.clone(),
        description: (!record.description.is_empty()).then(|| record.description.clone()),
        references: (!references.is_empty()).then_some(references),
        affected_packages,
        nvd_data,
        vendor_data,
    })
}
