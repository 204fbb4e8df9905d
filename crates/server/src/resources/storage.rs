//! How much is kept, and how much may be. The original does not tell.

use windlass_v1::storage::{AccountStorage, Quota, QuotaRequest, StorageQuery, SystemStorage};

use crate::{
    Failure,
    operation::{Input, Json, JsonBody, Operation},
    scope::{Administration, System},
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/system/storage", "get_system_storage", "Tells how much is kept in all, and of whom")
            .query::<StorageQuery>()
            .for_system("getStorage", of_everyone),
        Operation::get(
            "/accounts/{accountname}/storage",
            "get_account_storage",
            "Tells how much is kept for an account",
        )
        .for_named_account("getStorage", of_account),
        Operation::put("/accounts/{accountname}/quota", "set_account_quota", "Limits how much an account may have")
            .body::<JsonBody<QuotaRequest>>()
            .target("accountname")
            .for_system("updateAccount", set_quota),
    ]
}

async fn of_everyone(system: System, input: Input<StorageQuery, ()>) -> Result<Json<SystemStorage>, Failure> {
    Ok(Json(system.service.storage(input.query.fresh).await?))
}

async fn of_account(account: Administration, _: Input<(), ()>) -> Result<Json<AccountStorage>, Failure> {
    Ok(Json(account.tenant.storage().await?))
}

async fn set_quota(system: System, input: Input<(), QuotaRequest>) -> Result<Json<Quota>, Failure> {
    Ok(Json(system.service.set_quota(input.path.get("accountname"), &input.body).await?))
}
