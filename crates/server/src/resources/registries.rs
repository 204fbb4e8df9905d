//! Registries and the credentials for them (`spec/api.md` A4.10).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_v1::registries::{Registry, RegistryRequest};

use crate::{
    Failure,
    operation::{Input, Json, JsonBody, List, Operation},
    scope::Tenant,
};

const MALFORMED: &str = "The name is no host, repository or prefix.";
const REFUSED: &str = "The registry does not let these credentials in, or those of this machine are not to be used.";
const UNKNOWN: &str = "There is no such registry.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/registries", "list_registries", "Lists registries").for_account("listRegistries", list),
        Operation::post("/registries", "create_registry", "Adds a registry with the credentials for it")
            .query::<ValidateQuery>()
            .body::<JsonBody<RegistryRequest>>()
            .fails(406, REFUSED)
            .fails(409, MALFORMED)
            .fails(500, "The registry is there already.")
            .for_account("createRegistry", create),
        Operation::get("/registries/{*registry}", "get_registry", "Shows a registry")
            .fails(404, UNKNOWN)
            .for_account("getRegistry", show),
        Operation::put("/registries/{*registry}", "update_registry", "Changes a registry or the credentials for it")
            .query::<ValidateQuery>()
            .body::<JsonBody<RegistryRequest>>()
            .fails(404, UNKNOWN)
            .fails(406, REFUSED)
            .fails(409, "The body names another registry.")
            .for_account("updateRegistry", update),
        Operation::delete("/registries/{*registry}", "delete_registry", "Forgets a registry")
            .for_account("deleteRegistry", delete),
    ]
}

#[derive(Deserialize, IntoParams)]
#[serde(default)]
struct ValidateQuery {
    /// Whether the registry is asked first if it lets these credentials in.
    #[param(required = false, default = true)]
    validate: bool,
}

impl Default for ValidateQuery {
    fn default() -> Self {
        Self { validate: true }
    }
}

async fn list(tenant: Tenant, _: Input<(), ()>) -> Result<List<Registry>, Failure> {
    Ok(List(tenant.registries().await?))
}

async fn create(tenant: Tenant, input: Input<ValidateQuery, RegistryRequest>) -> Result<Json<Vec<Registry>>, Failure> {
    Ok(Json(vec![tenant.create_registry(input.body, input.query.validate).await?]))
}

async fn show(tenant: Tenant, input: Input<(), ()>) -> Result<Json<Vec<Registry>>, Failure> {
    Ok(Json(vec![tenant.registry(input.path.get("registry")).await?]))
}

async fn update(tenant: Tenant, input: Input<ValidateQuery, RegistryRequest>) -> Result<Json<Vec<Registry>>, Failure> {
    let changed = tenant.update_registry(input.path.get("registry"), input.body, input.query.validate).await?;
    Ok(Json(vec![changed]))
}

async fn delete(tenant: Tenant, input: Input<(), ()>) -> Result<Json<bool>, Failure> {
    tenant.delete_registry(input.path.get("registry")).await?;
    Ok(Json(true))
}
