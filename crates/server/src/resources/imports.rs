//! Imports: analyses that were made elsewhere, uploaded in parts (`spec/api.md` A4.13). The image is added with
//! `POST /images`.

use axum::body::Body as HttpBody;
use windlass_v1::imports::{ImportOperation, ImportPart, ImportedContent, PART_LIMIT};

use crate::{
    Failure,
    operation::{Input, Json, List, Operation, RawBody, reader},
    scope::Tenant,
};

const ACTION: &str = "importImage";
const UNKNOWN: &str = "There is no such import.";

pub(crate) fn operations() -> Vec<Operation> {
    let mut operations = vec![
        Operation::post("/imports/images", "create_operation", "Begins an import").for_account(ACTION, create),
        Operation::get("/imports/images", "list_operations", "Lists imports, newest first").for_account(ACTION, list),
        Operation::get("/imports/images/{operation_id}", "get_operation", "Shows an import")
            .fails(404, UNKNOWN)
            .for_account(ACTION, get),
        Operation::delete("/imports/images/{operation_id}", "invalidate_operation", "Gives an import up")
            .fails(404, UNKNOWN)
            .for_account(ACTION, invalidate),
    ];
    for (part, path, list_id, upload_id) in PARTS {
        operations.push(
            Operation::get(path, list_id, "Lists what was uploaded of one part of an import")
                .for_account(ACTION, move |tenant, input| contents(tenant, input, *part)),
        );
        operations.push(
            Operation::post(path, upload_id, "Uploads a part of an import, as it was hashed")
                .body::<RawBody<PART_LIMIT>>()
                .fails(404, UNKNOWN)
                .fails(409, "The import takes nothing any more.")
                .for_account(ACTION, move |tenant, input| upload(tenant, input, *part)),
        );
    }
    operations
}

/// The parts: where they are, and the ids of the operations that list and upload them.
const PARTS: &[(ImportPart, &str, &str, &str)] = &[
    (ImportPart::Packages, "/imports/images/{operation_id}/packages", "list_import_packages", "import_image_packages"),
    (
        ImportPart::Dockerfile,
        "/imports/images/{operation_id}/dockerfile",
        "list_import_dockerfiles",
        "import_image_dockerfile",
    ),
    (
        ImportPart::Manifest,
        "/imports/images/{operation_id}/manifest",
        "list_import_image_manifests",
        "import_image_manifest",
    ),
    (
        ImportPart::ParentManifest,
        "/imports/images/{operation_id}/parent_manifest",
        "list_import_parent_manifests",
        "import_image_parent_manifest",
    ),
    (
        ImportPart::ImageConfig,
        "/imports/images/{operation_id}/image_config",
        "list_import_image_configs",
        "import_image_config",
    ),
];

async fn create(tenant: Tenant, _: Input<(), ()>) -> Result<Json<ImportOperation>, Failure> {
    Ok(Json(tenant.begin_import().await?))
}

async fn list(tenant: Tenant, _: Input<(), ()>) -> Result<List<ImportOperation>, Failure> {
    Ok(List(tenant.imports().await?))
}

async fn get(tenant: Tenant, input: Input<(), ()>) -> Result<Json<ImportOperation>, Failure> {
    Ok(Json(tenant.import(input.path.get("operation_id")).await?))
}

async fn invalidate(tenant: Tenant, input: Input<(), ()>) -> Result<Json<ImportOperation>, Failure> {
    Ok(Json(tenant.delete_import(input.path.get("operation_id")).await?))
}

async fn contents(
    tenant: Tenant,
    input: Input<(), ()>,
    part: ImportPart,
) -> Result<Json<Vec<ImportedContent>>, Failure> {
    Ok(Json(tenant.import_contents(input.path.get("operation_id"), part).await?))
}

async fn upload(
    tenant: Tenant,
    input: Input<(), HttpBody>,
    part: ImportPart,
) -> Result<Json<ImportedContent>, Failure> {
    Ok(Json(tenant.upload_import_content(input.path.get("operation_id"), part, reader(input.body)).await?))
}
