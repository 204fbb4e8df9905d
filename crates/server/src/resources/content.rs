//! What is in images, by kind (`spec/api.md` A4.4).

use windlass_v1::content::{ContentResponse, LISTED};

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
    stored::Stored,
};

const NOT_THERE: &str = "There is no such image or kind of content, or the image is not analysed.";

/// A kind of content with a path of its own: by digest, and by image id where there is one.
struct Named {
    kind: &'static str,
    by_digest: (&'static str, &'static str),
    by_id: Option<(&'static str, &'static str)>,
    summary: &'static str,
}

const NAMED: [Named; 3] = [
    Named {
        kind: "files",
        by_digest: ("/images/{imageDigest}/content/files", "get_image_content_by_type_files"),
        by_id: Some(("/images/by_id/{imageId}/content/files", "get_image_content_by_type_imageId_files")),
        summary: "Lists the files in an image",
    },
    Named {
        kind: "java",
        by_digest: ("/images/{imageDigest}/content/java", "get_image_content_by_type_javapackage"),
        by_id: Some(("/images/by_id/{imageId}/content/java", "get_image_content_by_type_imageId_javapackage")),
        summary: "Lists the Java archives in an image",
    },
    Named {
        kind: "malware",
        by_digest: ("/images/{imageDigest}/content/malware", "get_image_content_by_type_malware"),
        by_id: None,
        summary: "Tells what malware scanners found in an image",
    },
];

pub(crate) fn operations() -> Vec<Operation> {
    let mut operations = vec![
        Operation::get("/images/{imageDigest}/content", "list_image_content", "Lists the kinds of content")
            .for_account("getImage", kinds),
        Operation::get(
            "/images/by_id/{imageId}/content",
            "list_image_content_by_imageid",
            "Lists the kinds of content",
        )
        .for_account("getImage", kinds),
        Operation::get(
            "/images/{imageDigest}/content/{ctype}",
            "get_image_content_by_type",
            "Lists what is in an image, of one kind",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", |tenant, input| of(tenant, input, None)),
        Operation::get(
            "/images/by_id/{imageId}/content/{ctype}",
            "get_image_content_by_type_imageId",
            "Lists what is in an image, of one kind",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", |tenant, input| of_id(tenant, input, None)),
    ];
    for Named { kind, by_digest: (path, id), by_id, summary } in NAMED {
        let by_digest = Operation::get(path, id, summary).fails(404, NOT_THERE);
        operations.push(by_digest.for_account("getImage", move |tenant, input| of(tenant, input, Some(kind))));
        let by_id = by_id.map(|(path, id)| Operation::get(path, id, summary).fails(404, NOT_THERE));
        operations.extend(
            by_id.map(|draft| draft.for_account("getImage", move |tenant, input| of_id(tenant, input, Some(kind)))),
        );
    }
    operations
}

async fn kinds(_: Tenant, _: Input<(), ()>) -> Result<Json<Vec<&'static str>>, Failure> {
    Ok(Json(LISTED.to_vec()))
}

/// Of the kind that the path names, unless the path is of one kind.
async fn of(
    tenant: Tenant,
    input: Input<(), ()>,
    kind: Option<&'static str>,
) -> Result<Stored<ContentResponse>, Failure> {
    let kind = kind.unwrap_or_else(|| input.path.get("ctype"));
    Ok(Stored::new(tenant.image_content(input.path.get("imageDigest"), kind).await?))
}

async fn of_id(
    tenant: Tenant,
    input: Input<(), ()>,
    kind: Option<&'static str>,
) -> Result<Stored<ContentResponse>, Failure> {
    let kind = kind.unwrap_or_else(|| input.path.get("ctype"));
    Ok(Stored::new(tenant.image_content_by_id(input.path.get("imageId"), kind).await?))
}
