//! Questions over all images of an account (`spec/api.md` A4.14).

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use windlass_policy::PackageFact;
use windlass_sbom::{Package, PackageType};
use windlass_store::{
    findings,
    image_tags::TagName,
    package_versions,
    queried_images::{QueriedImage as Row, Slice, Wanted},
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
use crate::{Batches, Result, Tenant};

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

/// Images that are told batch by batch, by digest.
pub struct Listing<T> {
    pub batches: Batches<T>,
    pub place: Place,
}

/// Where a page stands in the whole.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    page: u64,
    limit: u64,
    /// How many there are on all pages; `None` where there is one page.
    total: Option<u64>,
}

impl Place {
    /// As the API tells it, once it is known how many were returned.
    pub fn paging(self, returned: usize) -> Paging {
        let (page, total) = match self.total {
            None => (1, returned as u64),
            Some(total) => (self.page, total),
        };
        let is_last = self.total.is_none() || page.saturating_mul(self.limit) >= total;
        Paging {
            page: page.to_string(),
            returned_count: returned,
            total_count: usize::try_from(total).unwrap_or(usize::MAX),
            next_page: (!is_last).then(|| (page + 1).to_string()),
        }
    }
}

impl Tenant {
    /// Images in which a vulnerability is found.
    ///
    /// # Errors
    /// 404 where there is no data: that nothing is found would say nothing.
    pub async fn list_images_by_vulnerability(&self, query: &VulnerabilityQuery) -> Result<Listing<VulnerableImage>> {
        let store = &self.service.store;
        store.vulnerability_data_in_force().await?.ok_or_else(no_data)?;
        let mut findings = store.findings_named(&query.vulnerability).await?;
        findings.retain(|finding| query.selects(finding));
        let versions: BTreeSet<i64> = findings.iter().map(|finding| finding.package_version).collect();
        let versions: Vec<i64> = versions.into_iter().collect();
        let versions: HashMap<i64, package_versions::Model> =
            store.package_versions(&versions).await?.into_iter().map(|row| (row.id, row)).collect();
        let packages = findings.iter().filter_map(|finding| {
            let version = versions.get(&finding.package_version)?;
            let is_meant = query.affected_package.as_ref().is_none_or(|name| *name == version.name);
            is_meant.then(|| (finding.id, vulnerable(finding, version)))
        });
        self.listing(
            Wanted::Findings,
            packages.collect(),
            (query.page, query.limit),
            |image, mut vulnerable_packages| {
                vulnerable_packages.sort_by(|a: &VulnerablePackage, b| {
                    (&a.name, &a.version, &a.kind, &a.namespace).cmp(&(&b.name, &b.version, &b.kind, &b.namespace))
                });
                vulnerable_packages.dedup();
                VulnerableImage { image, vulnerable_packages }
            },
        )
        .await
    }

    /// As [`Tenant::list_images_by_vulnerability`], all at once.
    pub async fn images_by_vulnerability(&self, query: &VulnerabilityQuery) -> Result<VulnerableImages> {
        let Listing { batches, place } = self.list_images_by_vulnerability(query).await?;
        let images = batches.all().await?;
        Ok(VulnerableImages { paging: place.paging(images.len()), images })
    }

    /// Images that hold a package.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list_images_by_package(&self, query: &PackageQuery) -> Result<Listing<ImageWithPackages>> {
        let rows = self.service.store.package_versions_named(&query.name).await?;
        let packages = rows.iter().filter_map(|row| Some((row.id, query.select(row)?)));
        self.listing(Wanted::Packages, packages.collect(), (query.page, query.limit), |image, mut packages| {
            packages
                .sort_by(|a: &QueriedPackage, b| (&a.name, &a.version, &a.kind).cmp(&(&b.name, &b.version, &b.kind)));
            packages.dedup();
            ImageWithPackages { image, packages }
        })
        .await
    }

    /// As [`Tenant::list_images_by_package`], all at once.
    pub async fn images_by_package(&self, query: &PackageQuery) -> Result<ImagesWithPackages> {
        let Listing { batches, place } = self.list_images_by_package(query).await?;
        let images = batches.all().await?;
        Ok(ImagesWithPackages { paging: place.paging(images.len()), images })
    }

    /// Images that hold any of `packages`, which are told under their ids, each made by `one`.
    async fn listing<P, T>(
        &self,
        wanted: fn(Vec<i64>) -> Wanted,
        packages: HashMap<i64, P>,
        (page, limit): (u64, u64),
        one: fn(QueriedImage, Vec<P>) -> T,
    ) -> Result<Listing<T>>
    where
        P: Clone + Send + Sync + 'static,
        T: Send + 'static,
    {
        let mut ids: Vec<i64> = packages.keys().copied().collect();
        ids.sort_unstable();
        let wanted = wanted(ids);
        // A limit of 0 is none.
        let (page, total, most) = match limit {
            0 => (1, None, u64::MAX),
            _ => (page.max(1), Some(self.account.count_images_with(&wanted).await?), limit),
        };
        // Beyond what databases count, nothing is there.
        let first = (page - 1).saturating_mul(limit).min(i64::MAX.unsigned_abs());
        let search = Arc::new((self.account.clone(), wanted, packages));
        let batches = Batches::reading(most, move |last: Option<String>, limit| {
            let search = Arc::clone(&search);
            async move {
                let (account, wanted, packages) = &*search;
                let offset = if last.is_some() { 0 } else { first };
                let rows = account.images_with(wanted, Slice { after: last.as_deref(), offset, limit, total }).await?;
                let last = rows.last().map(|last| last.digest.clone());
                let images = rows.into_iter().map(|row| {
                    let held = row.hits.iter().filter_map(|id| packages.get(id)).cloned().collect();
                    one(told(row), held)
                });
                Ok((images.collect(), last))
            }
        });
        Ok(Listing { batches, place: Place { page, limit, total } })
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

fn told(image: Row) -> QueriedImage {
    let moment = |moment: windlass_store::Moment| IsoSeconds::from(jiff::Timestamp::from(moment));
    let tags = image.tags.into_iter().map(|tag| QueriedTag {
        fulltag: TagName { registry: &tag.registry, repository: &tag.repository, tag: &tag.tag }.fulltag(),
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
