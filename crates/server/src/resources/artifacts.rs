//! What analysers saw in the files of images (`spec/api.md` A4.4).

use windlass_operations::analysis::ArtifactType;
use windlass_v1::artifacts::{RetrievedFile, SearchResult};

use crate::{
    Failure,
    operation::{Input, Operation},
    scope::Tenant,
    stored::Stored,
};

const NOT_THERE: &str = "There is no such image, or it is not analysed.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/images/{imageDigest}/artifacts/retrieved_files",
            "list_retrieved_files",
            "Lists the files whose content was kept",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", retrieved_files),
        Operation::get(
            "/images/{imageDigest}/artifacts/file_content_search",
            "list_file_content_search_results",
            "Lists the files whose content matched a pattern",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", |tenant, input| search(tenant, input, ArtifactType::FileContentSearch)),
        Operation::get(
            "/images/{imageDigest}/artifacts/secret_search",
            "list_secret_search_results",
            "Lists the files that seem to hold secrets",
        )
        .fails(404, NOT_THERE)
        .for_account("getImage", |tenant, input| search(tenant, input, ArtifactType::SecretSearch)),
    ]
}

async fn retrieved_files(tenant: Tenant, input: Input<(), ()>) -> Result<Stored<Vec<RetrievedFile>>, Failure> {
    let digest = input.path.get("imageDigest");
    Ok(Stored::new(tenant.image_artifact(digest, ArtifactType::RetrievedFiles).await?))
}

async fn search(
    tenant: Tenant,
    input: Input<(), ()>,
    kind: ArtifactType,
) -> Result<Stored<Vec<SearchResult>>, Failure> {
    Ok(Stored::new(tenant.image_artifact(input.path.get("imageDigest"), kind).await?))
}
