//! Bills of materials of images, to download (`spec/api.md` A4.4).

use windlass_operations::analysis::BillFormat;

use crate::{
    Failure,
    operation::{Input, Operation},
    scope::Tenant,
    stored::{Download, FileKind},
};

const NOT_THERE: &str = "There is no such image, or it is not analysed.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/images/{imageDigest}/sboms/native",
            "get_image_sbom_native",
            "Downloads the bill of materials as syft-json, compressed with gzip",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", native),
        Operation::get(
            "/images/{imageDigest}/sboms/cyclonedx-json",
            "get_image_sbom_cyclonedx_json",
            "Downloads the bill of materials as CycloneDX 1.6",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", cyclonedx),
        Operation::get(
            "/images/{imageDigest}/sboms/spdx-json",
            "get_image_sbom_spdx_json",
            "Downloads the bill of materials as SPDX 2.3",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", spdx),
    ]
}

struct Native;

impl FileKind for Native {
    const MEDIA_TYPE: &'static str = "application/gzip";
    const SUFFIX: &'static str = "_native.json.gzip";
}

struct CycloneDx;

impl FileKind for CycloneDx {
    const MEDIA_TYPE: &'static str = "application/vnd.cyclonedx+json";
    const SUFFIX: &'static str = ".cdx.json";
}

struct Spdx;

impl FileKind for Spdx {
    const MEDIA_TYPE: &'static str = "application/spdx+json";
    const SUFFIX: &'static str = ".spdx.json";
}

async fn native(tenant: Tenant, input: Input<(), ()>) -> Result<Download<Native>, Failure> {
    Ok(Download::new(tenant.native_sbom(input.path.get("imageDigest")).await?))
}

async fn cyclonedx(tenant: Tenant, input: Input<(), ()>) -> Result<Download<CycloneDx>, Failure> {
    Ok(Download::new(tenant.sbom_as(input.path.get("imageDigest"), BillFormat::CycloneDxJson).await?))
}

async fn spdx(tenant: Tenant, input: Input<(), ()>) -> Result<Download<Spdx>, Failure> {
    Ok(Download::new(tenant.sbom_as(input.path.get("imageDigest"), BillFormat::SpdxJson).await?))
}
