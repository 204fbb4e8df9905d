//! Imports: analyses that were made elsewhere, uploaded in parts (`spec/api.md` A4.13), whose image is added with
//! `POST /images`; or as one archive.

use axum::{body::Body as HttpBody, extract::multipart::MultipartError};
use futures::TryStreamExt as _;
use tokio_util::io::StreamReader;
use windlass_v1::{
    archives::{UPLOAD_FIELD, UPLOAD_LIMIT},
    error::Problem,
    images::ImageRecord,
    imports::{ImportOperation, ImportPart, ImportedContent, PART_LIMIT},
};

use crate::{
    Failure,
    operation::{FileForm, FormFile, Input, Json, List, Operation, RawBody, broken_off, form, reader},
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
        Operation::post(
            "/import/images",
            "import_image_archive",
            "Takes in the archive of an image that was analysed elsewhere",
        )
        .body::<FileForm<Archive>>()
        .fails(409, "It is no archive, is damaged, or the image is there already.")
        .for_account(ACTION, import_archive),
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

/// An archive of ours or of the original's.
struct Archive;

impl FormFile for Archive {
    const FIELD: &'static str = UPLOAD_FIELD;
    const LIMIT: u64 = UPLOAD_LIMIT;
}

async fn import_archive(tenant: Tenant, input: Input<(), HttpBody>) -> Result<Json<Vec<ImageRecord>>, Failure> {
    let mut form = form(input.headers, input.body).await?;
    let unreadable =
        |error: MultipartError| Failure::bad_request(format!("The form cannot be read: {}", error.body_text()));
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() == Some(UPLOAD_FIELD) {
            let pieces = field.map_err(|error| broken_off(axum::Error::new(error)));
            return Ok(Json(vec![tenant.import_archive(StreamReader::new(pieces)).await?]));
        }
    }
    Err(Problem::bad_request(format!("Missing formdata parameter '{UPLOAD_FIELD}'")).into())
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

async fn contents(tenant: Tenant, input: Input<(), ()>, part: ImportPart) -> Result<List<ImportedContent>, Failure> {
    Ok(List(tenant.import_contents(input.path.get("operation_id"), part).await?))
}

async fn upload(
    tenant: Tenant,
    input: Input<(), HttpBody>,
    part: ImportPart,
) -> Result<Json<ImportedContent>, Failure> {
    Ok(Json(tenant.upload_import_content(input.path.get("operation_id"), part, reader(input.body)).await?))
}
