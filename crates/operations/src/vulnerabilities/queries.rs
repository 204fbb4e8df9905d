//! Questions over all images of an account (`spec/api.md` A4.14).

use std::collections::{BTreeSet, HashMap};

use windlass_policy::PackageFact;
use windlass_sbom::{Package, PackageType};
use windlass_store::{
    findings, package_versions,
    queried_images::{QueriedImage as Row, Slice},
};
use windlass_v1::{
    queries::{
        ImageWithPackages, ImagesWithPackages, Paging, QueriedImage, QueriedPackage, QueriedTag, VulnerableImage,
        VulnerableImages, VulnerablePackage,
    },
    timestamp::IsoSeconds,
    vulnerabilities::SeverityName,
};

use super::no_data;
use crate::{Result, Tenant};

/// Which images are asked for by a vulnerability; what is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct VulnerabilityQuery {
    /// Any name that it goes by.
    pub vulnerability: String,
    /// As `feed_group` of vulnerabilities.
    pub namespace: Option<String>,
    pub affected_package: Option<String>,
    pub severity: Option<SeverityName>,
    /// Leaves out what vendors will not fix.
    pub vendor_only: bool,
    /// From 1.
    pub page: u64,
    /// 0: no limit.
    pub limit: u64,
}

/// Which images are asked for by a package.
#[derive(Clone, Debug, Default)]
pub struct PackageQuery {
    /// Libraries' names are compared without regard to case.
    pub name: String,
    /// `dpkg`, `npm`, …
    pub kind: Option<String>,
    /// With the release or without.
    pub version: Option<String>,
    /// From 1.
    pub page: u64,
    /// 0: no limit.
    pub limit: u64,
}

/// Which records are asked for.
#[derive(Clone, Debug, Default)]
pub struct RecordQuery {
    pub ids: Vec<String>,
    pub affected_package: Option<String>,
    pub affected_package_version: Option<String>,
    /// As `feed_group` of vulnerabilities; empty: all.
    pub namespaces: Vec<String>,
    /// From 1.
    pub page: u64,
    /// 0: no limit.
    pub limit: u64,
}

impl Tenant {
    /// Images in which a vulnerability is found, by digest.
    ///
    /// # Errors
    /// 404 where there is no data: that nothing is found would say nothing.
    pub async fn images_by_vulnerability(&self, query: &VulnerabilityQuery) -> Result<VulnerableImages> {
        let store = &self.service.store;
        store.vulnerability_data_in_force().await?.ok_or_else(no_data)?;
        let mut findings = store.findings_named(&query.vulnerability).await?;
        findings.retain(|finding| query.selects(finding));
        let versions: BTreeSet<i64> = findings.iter().map(|finding| finding.package_version).collect();
        let versions: Vec<i64> = versions.into_iter().collect();
        let versions: HashMap<i64, package_versions::Model> =
            store.package_versions(&versions).await?.into_iter().map(|row| (row.id, row)).collect();
        let packages: HashMap<i64, VulnerablePackage> = findings
            .iter()
            .filter_map(|finding| {
                let version = versions.get(&finding.package_version)?;
                let is_meant = query.affected_package.as_ref().is_none_or(|name| *name == version.name);
                is_meant.then(|| (finding.id, vulnerable(finding, version)))
            })
            .collect();
        let mut ids: Vec<i64> = packages.keys().copied().collect();
        ids.sort_unstable();
        let found = self.account.images_with_findings(&ids, slice(query.page, query.limit)).await?;
        let paging = paging(query.page, query.limit, found.images.len(), found.total);
        let images = found.images.into_iter().map(|image| {
            let key = |package: &VulnerablePackage| {
                (package.name.clone(), package.version.clone(), package.kind.clone(), package.namespace.clone())
            };
            let mut vulnerable_packages: Vec<VulnerablePackage> =
                image.hits.iter().filter_map(|id| packages.get(id)).cloned().collect();
            vulnerable_packages.sort_by_cached_key(key);
            vulnerable_packages.dedup();
            VulnerableImage { image: told(image), vulnerable_packages }
        });
        Ok(VulnerableImages { images: images.collect(), paging })
    }

    /// Images that hold a package, by digest.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn images_by_package(&self, query: &PackageQuery) -> Result<ImagesWithPackages> {
        let rows = self.service.store.package_versions_named(&query.name).await?;
        let packages: HashMap<i64, QueriedPackage> =
            rows.iter().filter_map(|row| Some((row.id, query.select(row)?))).collect();
        let mut ids: Vec<i64> = packages.keys().copied().collect();
        ids.sort_unstable();
        let found = self.account.images_with_packages(&ids, slice(query.page, query.limit)).await?;
        let paging = paging(query.page, query.limit, found.images.len(), found.total);
        let images = found.images.into_iter().map(|image| {
            let mut packages: Vec<QueriedPackage> =
                image.hits.iter().filter_map(|id| packages.get(id)).cloned().collect();
            packages.sort_by(|a, b| (&a.name, &a.version, &a.kind).cmp(&(&b.name, &b.version, &b.kind)));
            packages.dedup();
            ImageWithPackages { image: told(image), packages }
        });
        Ok(ImagesWithPackages { images: images.collect(), paging })
    }
}

impl VulnerabilityQuery {
    fn selects(&self, finding: &findings::Model) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == finding.feed_group)
            && self.severity.is_none_or(|severity| severity.as_str() == finding.severity)
            && !(self.vendor_only && finding.will_not_fix)
    }
}

impl PackageQuery {
    fn select(&self, row: &package_versions::Model) -> Option<QueriedPackage> {
        let package = package(row);
        let fact = PackageFact::new(0, &package);
        let has_name = if fact.is_os_package() {
            row.name == self.name
        } else {
            row.name.to_lowercase() == self.name.to_lowercase()
        };
        let is_selected = has_name
            && self.kind.as_deref().is_none_or(|kind| kind == fact.kind)
            && self.version.as_deref().is_none_or(|version| version == fact.version || version == fact.full_version);
        is_selected.then(|| QueriedPackage {
            name: row.name.clone(),
            version: row.version.clone(),
            kind: fact.kind.to_owned(),
        })
    }
}

fn package(row: &package_versions::Model) -> Package {
    Package::new(PackageType::parse(&row.kind), &row.name, &row.version)
}

fn vulnerable(finding: &findings::Model, version: &package_versions::Model) -> VulnerablePackage {
    VulnerablePackage {
        name: version.name.clone(),
        version: version.version.clone(),
        kind: windlass_policy::package_kind(PackageType::parse(&version.kind)).to_owned(),
        namespace: finding.feed_group.clone(),
        severity: SeverityName::parse(&finding.severity).unwrap_or(SeverityName::Unknown),
    }
}

fn slice(page: u64, limit: u64) -> Slice {
    match limit {
        0 => Slice { offset: 0, limit: None },
        // Beyond what databases count, nothing is there.
        _ => Slice {
            offset: page.max(1).saturating_sub(1).saturating_mul(limit).min(i64::MAX.unsigned_abs()),
            limit: Some(limit.min(i64::MAX.unsigned_abs())),
        },
    }
}

fn paging(page: u64, limit: u64, returned: usize, total: u64) -> Paging {
    let page = if limit == 0 { 1 } else { page.max(1) };
    let is_last = limit == 0 || page.saturating_mul(limit) >= total;
    Paging {
        page: page.to_string(),
        returned_count: returned,
        total_count: usize::try_from(total).unwrap_or(usize::MAX),
        next_page: (!is_last).then(|| (page + 1).to_string()),
    }
}

fn told(image: Row) -> QueriedImage {
    let moment = |moment: windlass_store::Moment| IsoSeconds::from(jiff::Timestamp::from(moment));
    let tags = image.tags.into_iter().map(|tag| QueriedTag {
        fulltag: tag.fulltag(),
        tag_detected_at: Some(moment(tag.detected_at)),
        registry: tag.registry,
        repo: tag.repository,
        tag: tag.tag,
    });
    QueriedImage {
        tag_history: tags.collect(),
        image_digest: image.digest,
        image_id: image.image_id,
        analyzed_at: image.analyzed_at.map(moment),
    }
}
