//! Vulnerabilities of images (`spec/api.md` A4.5).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_v1::vulnerabilities::{VulnerabilityResponse, VulnerabilityType};

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
};

const NOT_THERE: &str = "There is no such image or kind of vulnerabilities, the image is not analysed, or there is no \
                         vulnerability data.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/images/{imageDigest}/vuln",
            "get_image_vulnerability_types",
            "Lists the kinds of vulnerabilities",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", kinds),
        Operation::get(
            "/images/{imageDigest}/vuln/{vtype}",
            "get_image_vulnerabilities_by_type",
            "Lists the vulnerabilities of an image",
        )
        .query::<Choices>()
        .fails(404, NOT_THERE)
        .for_account("getImage", of_kind),
        Operation::get(
            "/images/by_id/{imageId}/vuln",
            "get_image_vulnerability_types_by_imageId",
            "Lists the kinds of vulnerabilities",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", kinds_by_id),
        Operation::get(
            "/images/by_id/{imageId}/vuln/{vtype}",
            "get_image_vulnerabilities_by_type_imageId",
            "Lists the vulnerabilities of an image",
        )
        .query::<Choices>()
        .fails(404, NOT_THERE)
        .for_account("getImage", of_kind_by_id),
    ]
}

/// Which vulnerabilities are told.
#[derive(Deserialize, IntoParams)]
struct Choices {
    /// Match everything anew instead of telling what is known.
    force_refresh: Option<bool>,
    /// Leave out what the vendor will not fix.
    #[param(required = false)]
    vendor_only: Option<bool>,
}

impl Choices {
    fn is_vendor_only(&self) -> bool {
        self.vendor_only.unwrap_or(true)
    }

    fn is_forced(&self) -> bool {
        self.force_refresh.unwrap_or(false)
    }
}

async fn kinds(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Vec<&'static str>>, Failure> {
    Ok(Json(words(&tenant.vulnerability_types(input.path.get("imageDigest")).await?)))
}

async fn kinds_by_id(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Vec<&'static str>>, Failure> {
    Ok(Json(words(&tenant.vulnerability_types_by_id(input.path.get("imageId")).await?)))
}

fn words(kinds: &[VulnerabilityType]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.as_str()).collect()
}

async fn of_kind(tenant: Tenant, input: Input<Choices, ()>) -> Result<Json<VulnerabilityResponse>, Failure> {
    let (path, choices) = (&input.path, &input.query);
    let (digest, kind) = (path.get("imageDigest"), path.get("vtype"));
    Ok(Json(tenant.vulnerabilities(digest, kind, choices.is_vendor_only(), choices.is_forced()).await?))
}

async fn of_kind_by_id(tenant: Tenant, input: Input<Choices, ()>) -> Result<Json<VulnerabilityResponse>, Failure> {
    let (path, choices) = (&input.path, &input.query);
    let (id, kind) = (path.get("imageId"), path.get("vtype"));
    Ok(Json(tenant.vulnerabilities_by_id(id, kind, choices.is_vendor_only(), choices.is_forced()).await?))
}
