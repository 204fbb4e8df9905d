//! Roles, and who has which in an account. The original has none.

use windlass_operations::identity::Role;
use windlass_v1::roles::{Role as Described, RoleBinding, RoleBindingRequest};

use crate::{
    Failure,
    operation::{Blank, Input, Json, JsonBody, List, Operation},
    scope::{Administration, Authenticated},
};

const ROLES: &str = "/accounts/{accountname}/roles";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/roles", "list_roles", "Lists the roles there are").for_users(describe),
        Operation::get(ROLES, "list_role_bindings", "Lists who has which role in an account")
            .for_named_account("listRoles", list),
        Operation::post(ROLES, "create_role_binding", "Gives a user a role in an account")
            .body::<JsonBody<RoleBindingRequest>>()
            .names("username")
            .for_named_account("createRole", bind),
        Operation::delete(ROLES, "delete_role_binding", "Takes a role in an account away from a user")
            .query::<RoleBindingRequest>()
            .for_named_account("deleteRole", unbind),
    ]
}

async fn describe(_: Authenticated, _: Input<(), ()>) -> Result<Json<Vec<Described>>, Failure> {
    Ok(Json(Role::describe_all()))
}

async fn list(account: Administration, _: Input<(), ()>) -> Result<List<RoleBinding>, Failure> {
    Ok(List(account.tenant.role_bindings().await?))
}

async fn bind(account: Administration, input: Input<(), RoleBindingRequest>) -> Result<Json<RoleBinding>, Failure> {
    Ok(Json(account.tenant.bind_role(&account.caller, &input.body).await?))
}

async fn unbind(account: Administration, input: Input<RoleBindingRequest, ()>) -> Result<Blank<204>, Failure> {
    account.tenant.unbind_role(&input.query).await?;
    Ok(Blank)
}
