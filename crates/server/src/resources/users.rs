//! Users of an account, and the caller as a user (`spec/api.md` A4.16).

use windlass_v1::accounts::{Credential, CredentialQuery, CredentialRequest, User, UserRequest};

use crate::{
    Failure,
    operation::{Blank, Input, Json, JsonBody, List, Operation},
    scope::{Administration, Authenticated},
};

const USERS: &str = "/accounts/{accountname}/users";
const USER: &str = "/accounts/{accountname}/users/{username}";
const CREDENTIALS: &str = "/accounts/{accountname}/users/{username}/credentials";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(USERS, "list_users", "Lists the users of an account").for_named_account("listUsers", list),
        Operation::post(USERS, "create_user", "Adds a user to an account")
            .body::<JsonBody<UserRequest>>()
            .names("username")
            .for_named_account("createUser", create),
        Operation::get(USER, "get_account_user", "Shows a user").target("username").for_named_account("getUser", get),
        Operation::delete(USER, "delete_user", "Removes a user")
            .target("username")
            .for_named_account("deleteUser", delete),
        Operation::get(CREDENTIALS, "list_user_credentials", "Tells what a user has, without the values")
            .target("username")
            .for_named_account("getUser", credentials),
        Operation::post(CREDENTIALS, "create_user_credential", "Sets or replaces a user's password")
            .body::<JsonBody<CredentialRequest>>()
            .target("username")
            .for_named_account("updateUser", set_credential),
        Operation::delete(CREDENTIALS, "delete_user_credential", "Removes a user's password")
            .query::<CredentialQuery>()
            .target("username")
            .for_named_account("updateUser", delete_credential),
        Operation::get("/user", "get_user", "Shows the caller").for_users(own),
        Operation::get("/user/credentials", "get_credentials", "Tells what the caller has, without the values")
            .for_users(own_credentials),
        Operation::post("/user/credentials", "add_credential", "Sets or replaces the caller's password")
            .body::<JsonBody<CredentialRequest>>()
            .for_users(set_own_credential),
    ]
}

async fn list(account: Administration, _: Input<(), ()>) -> Result<List<User>, Failure> {
    // An account that is not there has no users; it is to be told.
    account.tenant.account().await?;
    Ok(List(account.tenant.users().await?))
}

async fn create(account: Administration, input: Input<(), UserRequest>) -> Result<Json<User>, Failure> {
    Ok(Json(account.tenant.create_user(&input.body).await?))
}

async fn get(account: Administration, input: Input<(), ()>) -> Result<Json<User>, Failure> {
    Ok(Json(account.tenant.user(input.path.get("username")).await?))
}

async fn delete(account: Administration, input: Input<(), ()>) -> Result<Blank<204>, Failure> {
    account.tenant.delete_user(&account.caller, input.path.get("username")).await?;
    Ok(Blank)
}

async fn credentials(account: Administration, input: Input<(), ()>) -> Result<List<Credential>, Failure> {
    Ok(List(account.tenant.credentials(input.path.get("username")).await?))
}

async fn set_credential(
    account: Administration,
    input: Input<(), CredentialRequest>,
) -> Result<Json<Credential>, Failure> {
    Ok(Json(account.tenant.set_credential(input.path.get("username"), &input.body).await?))
}

async fn delete_credential(account: Administration, input: Input<CredentialQuery, ()>) -> Result<Blank<204>, Failure> {
    account.tenant.delete_credential(&account.caller, input.path.get("username")).await?;
    Ok(Blank)
}

async fn own(authenticated: Authenticated, _: Input<(), ()>) -> Result<Json<User>, Failure> {
    Ok(Json(authenticated.caller.describe()))
}

async fn own_credentials(authenticated: Authenticated, _: Input<(), ()>) -> Result<List<Credential>, Failure> {
    let Authenticated { service, caller, .. } = authenticated;
    Ok(List(service.tenant(&caller.account_name()).credentials(caller.username()).await?))
}

async fn set_own_credential(
    authenticated: Authenticated,
    input: Input<(), CredentialRequest>,
) -> Result<Json<Credential>, Failure> {
    let Authenticated { service, caller, .. } = authenticated;
    caller.demand_whole()?;
    Ok(Json(service.tenant(&caller.account_name()).set_credential(caller.username(), &input.body).await?))
}
