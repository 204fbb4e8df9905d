//! Documents of images (`spec/api.md` A4.4).

use windlass_v1::metadata::{MetadataResponse, MetadataType};

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
    stored::Stored,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/images/{imageDigest}/metadata", "list_image_metadata", "Lists the kinds of documents")
            .for_account("getImage", kinds),
        Operation::get(
            "/images/{imageDigest}/metadata/{mtype}",
            "get_image_metadata_by_type",
            "Tells a document of an image, in base64",
        )
        .fails(404, "There is no such image or kind of document, or the image is not analysed.")
        .for_account("getImage", document),
    ]
}

async fn kinds(_: Tenant, _: Input<(), ()>) -> Result<Json<Vec<&'static str>>, Failure> {
    Ok(Json(MetadataType::ALL.iter().map(|kind| kind.as_str()).collect()))
}

async fn document(tenant: Tenant, input: Input<(), ()>) -> Result<Stored<MetadataResponse>, Failure> {
    Ok(Stored::new(tenant.image_metadata(input.path.get("imageDigest"), input.path.get("mtype")).await?))
}
