//! Questions over all images of an account, and over all vulnerability data (`spec/api.md` A4.14).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_operations::vulnerabilities::{PackageQuery, RecordQuery, VulnerabilityQuery};
use windlass_v1::{
    queries::{ImagesWithPackages, QueriedVulnerabilities, VulnerableImages},
    vulnerabilities::SeverityName,
};

use crate::{
    Failure,
    operation::{Input, Json, Listed, Operation},
    scope::{Authenticated, Tenant},
};

const NO_DATA: &str = "There is no vulnerability data.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/query/images/by_vulnerability",
            "query_images_by_vulnerability",
            "Lists the images in which a vulnerability is found",
        )
        .query::<ByVulnerability>()
        .fails(404, NO_DATA)
        .for_account("listImages", by_vulnerability),
        Operation::get("/query/images/by_package", "query_images_by_package", "Lists the images that hold a package")
            .query::<ByPackage>()
            .for_account("listImages", by_package),
        Operation::get("/query/vulnerabilities", "query_vulnerabilities", "Tells what is known of vulnerabilities")
            .query::<Records>()
            .fails(404, NO_DATA)
            .for_users(records),
    ]
}

/// Which images are asked for.
#[derive(Deserialize, IntoParams)]
struct ByVulnerability {
    /// A name of the vulnerability.
    vulnerability_id: String,
    /// Where the record comes from: `debian:12`, `github:npm`, `nvd`
    namespace: Option<String>,
    /// The name of a vulnerable package.
    affected_package: Option<String>,
    #[param(nullable = false, inline)]
    severity: Option<SeverityName>,
    /// Leave out what the vendor will not fix.
    vendor_only: Option<bool>,
    /// From 1.
    #[param(minimum = 0)]
    page: Option<u64>,
    /// 0: no limit.
    #[param(minimum = 0, maximum = 1000)]
    limit: Option<u64>,
}

/// Which images are asked for.
#[derive(Deserialize, IntoParams)]
struct ByPackage {
    name: String,
    /// `dpkg`, `rpm`, `APKG`, `npm`, …
    package_type: Option<String>,
    /// With the release or without.
    version: Option<String>,
    /// From 1.
    #[param(minimum = 0)]
    page: Option<u64>,
    /// 0: no limit.
    #[param(minimum = 0, maximum = 1000)]
    limit: Option<u64>,
}

/// Which records are asked for.
#[derive(Deserialize, IntoParams)]
struct Records {
    /// Names of vulnerabilities, separated by commas.
    id: Vec<String>,
    /// The name of a package that is affected.
    affected_package: Option<String>,
    /// A version of it that is affected.
    affected_package_version: Option<String>,
    /// Where records come from, separated by commas.
    namespace: Option<Vec<String>>,
    /// From 1.
    #[param(minimum = 0)]
    page: Option<u64>,
    /// 0: no limit.
    #[param(minimum = 0, maximum = 1000)]
    limit: Option<u64>,
}

async fn by_vulnerability(
    tenant: Tenant,
    input: Input<ByVulnerability, ()>,
) -> Result<Listed<VulnerableImages>, Failure> {
    let query = input.query;
    let query = VulnerabilityQuery {
        vulnerability: query.vulnerability_id,
        namespace: query.namespace,
        affected_package: query.affected_package,
        severity: query.severity,
        vendor_only: query.vendor_only.unwrap_or(true),
        page: query.page.unwrap_or(1),
        limit: query.limit.unwrap_or(0),
    };
    Listed::page("images", tenant.list_images_by_vulnerability(&query).await?).await
}

async fn by_package(tenant: Tenant, input: Input<ByPackage, ()>) -> Result<Listed<ImagesWithPackages>, Failure> {
    let query = input.query;
    let query = PackageQuery {
        name: query.name,
        kind: query.package_type,
        version: query.version,
        page: query.page.unwrap_or(1),
        limit: query.limit.unwrap_or(0),
    };
    Listed::page("images", tenant.list_images_by_package(&query).await?).await
}

async fn records(user: Authenticated, input: Input<Records, ()>) -> Result<Json<QueriedVulnerabilities>, Failure> {
    let query = input.query;
    let query = RecordQuery {
        ids: query.id,
        affected_package: query.affected_package,
        affected_package_version: query.affected_package_version,
        namespaces: query.namespace.unwrap_or_default(),
        page: query.page.unwrap_or(1),
        limit: query.limit.unwrap_or(0),
    };
    Ok(Json(user.service.vulnerability_records(query).await?))
}
