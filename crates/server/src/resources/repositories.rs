//! Repositories that are watched for new tags (`spec/api.md` A4.9).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_operations::WatchRequest;
use windlass_v1::subscriptions::Subscription;

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::Tenant,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/repositories", "add_repository", "Has a repository watched for new tags")
            .query::<AddQuery>()
            .fails(404, "The tags of the repository cannot be listed.")
            .for_account("createRepository", add),
    ]
}

#[derive(Deserialize, IntoParams)]
struct AddQuery {
    /// `registry/repository`
    #[param(example = "docker.io/library/alpine")]
    repository: String,
    /// Whether new tags are watched for other images in turn.
    #[serde(default)]
    autosubscribe: bool,
    /// Only tells what would be watched.
    #[serde(default)]
    dryrun: bool,
    /// A tag that proves the repository where the registry does not list its tags.
    lookuptag: Option<String>,
    /// Globs, of which a tag must fit one to be added.
    #[serde(default)]
    #[param(style = Form, explode = false)]
    include: Option<Vec<String>>,
    /// Globs of tags that are not added.
    #[serde(default)]
    #[param(style = Form, explode = false)]
    exclude: Option<Vec<String>>,
    /// How many of these tags are added: the last ones, where numbers in them count as numbers; 0: all.
    max_tags: Option<u64>,
    /// Images that were built before this time are not added; empty: whenever they were.
    since: Option<String>,
}

async fn add(tenant: Tenant, input: Input<AddQuery, ()>) -> Result<Json<Vec<Subscription>>, Failure> {
    let AddQuery { repository, autosubscribe, dryrun, lookuptag, include, exclude, max_tags, since } = input.query;
    let (repository, lookuptag, since) = (repository.as_str(), lookuptag.as_deref(), since.as_deref());
    let request = WatchRequest { repository, autosubscribe, dryrun, lookuptag, include, exclude, max_tags, since };
    Ok(Json(vec![tenant.watch_repository(request).await?]))
}
