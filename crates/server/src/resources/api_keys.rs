//! The caller's API keys. The original has none.

use windlass_v1::api_keys::{ApiKey, ApiKeyRequest, CreatedApiKey};

use crate::{
    Failure,
    operation::{Blank, Input, Json, JsonBody, List, Operation},
    scope::Authenticated,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/user/api-keys", "list_api_keys", "Lists the caller's API keys, without their secrets")
            .for_users(list),
        Operation::post("/user/api-keys", "create_api_key", "Makes an API key; its secret is shown this once")
            .body::<JsonBody<ApiKeyRequest>>()
            .names("name")
            .fails(409, "The caller has a key of that name.")
            .for_users(create),
        Operation::delete("/user/api-keys/{name}", "delete_api_key", "Removes an API key").for_users(delete),
    ]
}

async fn list(authenticated: Authenticated, _: Input<(), ()>) -> Result<List<ApiKey>, Failure> {
    Ok(List(authenticated.service.api_keys(&authenticated.caller).await?))
}

async fn create(authenticated: Authenticated, input: Input<(), ApiKeyRequest>) -> Result<Json<CreatedApiKey>, Failure> {
    Ok(Json(authenticated.service.create_api_key(&authenticated.caller, &input.body).await?))
}

async fn delete(authenticated: Authenticated, input: Input<(), ()>) -> Result<Blank<204>, Failure> {
    authenticated.service.delete_api_key(&authenticated.caller, input.path.get("name")).await?;
    Ok(Blank)
}
