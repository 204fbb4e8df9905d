//! Accounts (`spec/api.md` A4.16).

use windlass_v1::accounts::{
    Account, AccountQuery, AccountRequest, AccountSettings, AccountSettingsRequest, AccountStatus, AccountStatusRequest,
};

use crate::{
    Failure,
    operation::{Input, Json, JsonBody, List, Operation},
    scope::{Administration, System, Tenant},
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/accounts", "list_accounts", "Lists accounts")
            .query::<AccountQuery>()
            .for_system("listAccounts", list),
        Operation::post("/accounts", "create_account", "Adds an account")
            .body::<JsonBody<AccountRequest>>()
            .names("name")
            .for_system("createAccount", create),
        Operation::get("/accounts/{accountname}", "get_account", "Shows an account")
            .for_named_account("getAccount", get),
        Operation::delete("/accounts/{accountname}", "delete_account", "Deletes a disabled account with all it has")
            .target("accountname")
            .for_system("deleteAccount", delete),
        Operation::put("/accounts/{accountname}/state", "update_account_state", "Enables or disables an account")
            .body::<JsonBody<AccountStatusRequest>>()
            .names("state")
            .target("accountname")
            .for_system("updateAccount", set_state),
        Operation::get("/accounts/{accountname}/settings", "get_account_settings", "Shows how images are judged")
            .for_named_account("getSettings", settings),
        Operation::put("/accounts/{accountname}/settings", "update_account_settings", "Changes how images are judged")
            .body::<JsonBody<AccountSettingsRequest>>()
            .for_named_account("updateSettings", change_settings),
        Operation::get("/account", "get_own_account", "Shows the account of the request")
            .for_account("getAccount", own),
    ]
}

async fn list(system: System, input: Input<AccountQuery, ()>) -> Result<List<Account>, Failure> {
    Ok(List(system.service.accounts(input.query.state).await?))
}

async fn create(system: System, input: Input<(), AccountRequest>) -> Result<Json<Account>, Failure> {
    Ok(Json(system.service.create_account(&input.body).await?))
}

async fn get(account: Administration, _: Input<(), ()>) -> Result<Json<Account>, Failure> {
    Ok(Json(account.tenant.account().await?))
}

async fn delete(system: System, input: Input<(), ()>) -> Result<Json<AccountStatus>, Failure> {
    Ok(Json(system.service.delete_account(input.path.get("accountname")).await?))
}

async fn set_state(system: System, input: Input<(), AccountStatusRequest>) -> Result<Json<AccountStatus>, Failure> {
    let name = input.path.get("accountname");
    Ok(Json(system.service.set_account_state(name, input.body.state).await?))
}

async fn settings(account: Administration, _: Input<(), ()>) -> Result<Json<AccountSettings>, Failure> {
    Ok(Json(account.tenant.settings().await?))
}

async fn change_settings(
    account: Administration,
    input: Input<(), AccountSettingsRequest>,
) -> Result<Json<AccountSettings>, Failure> {
    Ok(Json(account.tenant.change_settings(input.body).await?))
}

async fn own(tenant: Tenant, _: Input<(), ()>) -> Result<Json<Account>, Failure> {
    Ok(Json(tenant.account().await?))
}
