//! Policy bundles, and the language they are written in (`spec/api.md` A4.7).

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use windlass_v1::policies::{DELETED, GateSpec, PolicyRecord, PolicyUpdate};

use crate::{
    Failure,
    operation::{Input, Json, JsonBody, List, Operation},
    scope::{Authenticated, Tenant},
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/policies", "list_policies", "Lists the policy bundles of the account")
            .query::<WithoutDetail>()
            .for_account("listPolicies", list),
        Operation::post("/policies", "add_policy", "Adds a policy bundle, or replaces the one with its id")
            .query::<WithDetail>()
            .body::<JsonBody<BundleDocument>>()
            .fails(400, "The document is no valid policy bundle.")
            .for_account("createPolicy", add),
        Operation::get("/policies/{policyId}", "get_policy", "Shows a policy bundle")
            .query::<WithDetail>()
            .target("policyId")
            .fails(404, "There is no such policy bundle.")
            .for_account("getPolicy", show),
        Operation::put("/policies/{policyId}", "update_policy", "Replaces a policy bundle, and activates it")
            .query::<Activation>()
            .body::<JsonBody<PolicyUpdate>>()
            .target("policyId")
            .fails(400, "The record is that of another bundle, lacks members, or its bundle is not valid.")
            .fails(404, "There is no such policy bundle.")
            .fails(409, "The active bundle would become inactive.")
            .for_account("updatePolicy", update),
        Operation::delete("/policies/{policyId}", "delete_policy", "Removes a policy bundle and its evaluations")
            .target("policyId")
            .fails(404, "There is no such policy bundle.")
            .fails(409, "The policy bundle is active.")
            .for_account("deletePolicy", delete),
        Operation::get("/system/policy_spec", "describe_policy", "Describes the language of policy bundles")
            .for_users(describe),
    ]
}

#[derive(Deserialize, IntoParams)]
struct WithoutDetail {
    /// Whether bundles are told in full.
    #[serde(default)]
    #[param(default = false)]
    detail: bool,
}

#[derive(Deserialize, IntoParams)]
struct WithDetail {
    /// Whether the bundle is told in full.
    #[serde(default = "yes")]
    #[param(default = true)]
    detail: bool,
}

#[derive(Deserialize, IntoParams)]
struct Activation {
    /// Whether images are judged by it from now on, in place of the bundle that is active.
    #[serde(default)]
    #[param(default = false)]
    active: bool,
}

fn yes() -> bool {
    true
}

/// A policy bundle of version `1_0`, or of the successor's version 2. What is wrong with its shape is told in the words of
/// its own check, with the path to the first violation.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
struct BundleDocument(Value);

async fn list(tenant: Tenant, input: Input<WithoutDetail, ()>) -> Result<List<PolicyRecord>, Failure> {
    Ok(List(tenant.policies(input.query.detail).await?))
}

async fn add(tenant: Tenant, input: Input<WithDetail, BundleDocument>) -> Result<Json<PolicyRecord>, Failure> {
    let record = tenant.add_policy(input.body.0).await?;
    Ok(Json(if input.query.detail { record } else { record.without_bundle() }))
}

async fn show(tenant: Tenant, input: Input<WithDetail, ()>) -> Result<Json<Vec<PolicyRecord>>, Failure> {
    Ok(Json(vec![tenant.policy(input.path.get("policyId"), input.query.detail).await?]))
}

async fn update(tenant: Tenant, input: Input<Activation, PolicyUpdate>) -> Result<Json<Vec<PolicyRecord>>, Failure> {
    let id = input.path.get("policyId");
    Ok(Json(vec![tenant.update_policy(id, input.body, input.query.active).await?]))
}

async fn delete(tenant: Tenant, input: Input<(), ()>) -> Result<Json<&'static str>, Failure> {
    tenant.delete_policy(input.path.get("policyId")).await?;
    Ok(Json(DELETED))
}

async fn describe(_: Authenticated, _: Input<(), ()>) -> Result<Json<Vec<GateSpec>>, Failure> {
    Ok(Json(windlass_operations::policies::policy_spec()))
}
