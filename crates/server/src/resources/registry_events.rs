//! Registries that tell of pushes, and how they prove who they are.

use axum::{
    body::Body,
    http::{HeaderMap, Response},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::IntoParams;
use windlass_operations::{Proof, registry_pushes::Kind};
use windlass_v1::registry_hooks::{RegistryHook, RegistryHookRequest, RegistryHookSecret, RegistryPushes};

use crate::{
    Failure,
    dispatch::{
        audit::{RefusedLogIn, Unchanged},
        credentials::{self, Credentials},
    },
    operation::{Answer, Blank, Described, Input, Json, JsonBody, List, Operation, RawBody, collect},
    scope::{Public, Tenant},
};

/// Longest body that a registry may send, in bytes.
const BODY_LIMIT: usize = 1 << 20;
const UNKNOWN: &str = "There is no such hook.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/registry-events/{kind}", "take_registry_event", "Takes what a registry tells of pushes")
            .query::<HookQuery>()
            .body::<RawBody<{ BODY_LIMIT as u64 }>>()
            .fails(401, "The sender does not prove that it is a hook.")
            .fails(404, "There is no such kind of registry.")
            .for_anyone(take),
        Operation::get("/registry-hooks", "list_registry_hooks", "Lists registries that may tell of pushes")
            .for_account("listRegistryHooks", list),
        Operation::post("/registry-hooks", "create_registry_hook", "Lets a registry tell of pushes")
            .body::<JsonBody<RegistryHookRequest>>()
            .names("name")
            .fails(409, "There is one of that name already.")
            .for_account("createRegistryHook", create),
        Operation::get("/registry-hooks/{name}", "get_registry_hook", "Shows a registry that may tell of pushes")
            .fails(404, UNKNOWN)
            .for_account("getRegistryHook", show),
        Operation::post("/registry-hooks/{name}/rotate", "rotate_registry_hook", "Gives a hook another secret")
            .fails(404, UNKNOWN)
            .for_account("updateRegistryHook", rotate),
        Operation::delete("/registry-hooks/{name}", "delete_registry_hook", "Lets a registry tell no more")
            .fails(404, UNKNOWN)
            .for_account("deleteRegistryHook", delete),
    ]
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
struct HookQuery {
    /// The hook's id, for senders that sign the body or cannot send headers.
    hook: Option<String>,
    /// The hook's secret, for senders that can send nothing else.
    secret: Option<String>,
}

/// What became of an event. Registries tell of every pull as well: what has nothing visited is nothing to record.
struct Taken(RegistryPushes);

impl IntoResponse for Taken {
    fn into_response(self) -> Response<Body> {
        let mut response = Json(self.0).into_response();
        if self.0.visits == 0 {
            response.extensions_mut().insert(Unchanged);
        }
        response
    }
}

impl Answer for Taken {
    fn describe() -> Described {
        Json::<RegistryPushes>::describe()
    }
}

async fn take(public: Public, input: Input<HookQuery, Body>) -> Result<Taken, Failure> {
    let name = input.path.get("kind");
    let kind = Kind::parse(name).ok_or_else(|| {
        Failure::not_found(format!("there is no kind of registry {name}: there are {}", Kind::names().join(", ")))
    })?;
    let shown = Shown::of(&input.headers, &input.query).ok_or(Failure::Unauthenticated)?;
    let body = collect(input.body, BODY_LIMIT).await?;
    match public.service.take_registry_event(kind, &shown.proof(), &body).await? {
        Some(pushes) => Ok(Taken(pushes)),
        None if public.service.is_to_be_told_of(&shown.id).await? => {
            let mut refusal = Failure::Unauthenticated.into_response();
            refusal.extensions_mut().insert(RefusedLogIn);
            Err(Failure::Other(Box::new(refusal)))
        }
        None => Err(Failure::Unauthenticated),
    }
}

/// What a sender shows: each can do something else.
struct Shown {
    id: String,
    secret: String,
    is_signature: bool,
}

impl Shown {
    /// A signature in the header of GitHub, else a token, or user and password, or a header of ours, or the address.
    fn of(headers: &HeaderMap, query: &HookQuery) -> Option<Self> {
        let header = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let secret = |id: &str, secret: &str| Self { id: id.into(), secret: secret.into(), is_signature: false };
        let of_token = |token: &str| token.split_once('.').map(|(id, shown)| secret(id, shown));
        if let (Some(signature), Some(id)) = (header("x-hub-signature-256"), &query.hook) {
            let digits = signature.strip_prefix("sha256=")?.to_owned();
            return Some(Self { id: id.clone(), secret: digits, is_signature: true });
        }
        match credentials::read(headers) {
            Some(Credentials::Basic { username, password }) => return Some(secret(&username, &password)),
            Some(Credentials::Bearer(token)) => return of_token(&token),
            None => {}
        }
        // Some send what they are told to as the header's whole value.
        for name in ["x-windlass-hook", "authorization"] {
            if let Some(shown) = header(name).as_deref().and_then(of_token) {
                return Some(shown);
            }
        }
        query.hook.as_deref().zip(query.secret.as_deref()).map(|(id, shown)| secret(id, shown))
    }

    fn proof(&self) -> Proof<'_> {
        if self.is_signature {
            Proof::Signature { id: &self.id, digits: &self.secret }
        } else {
            Proof::Secret { id: &self.id, secret: &self.secret }
        }
    }
}

async fn list(tenant: Tenant, _: Input<(), ()>) -> Result<List<RegistryHook>, Failure> {
    Ok(List(tenant.registry_hooks().await?))
}

async fn create(tenant: Tenant, input: Input<(), RegistryHookRequest>) -> Result<Json<RegistryHookSecret>, Failure> {
    Ok(Json(tenant.create_registry_hook(input.body).await?))
}

async fn show(tenant: Tenant, input: Input<(), ()>) -> Result<Json<RegistryHook>, Failure> {
    Ok(Json(tenant.registry_hook(input.path.get("name")).await?))
}

async fn rotate(tenant: Tenant, input: Input<(), ()>) -> Result<Json<RegistryHookSecret>, Failure> {
    Ok(Json(tenant.rotate_registry_hook(input.path.get("name")).await?))
}

async fn delete(tenant: Tenant, input: Input<(), ()>) -> Result<Blank<204>, Failure> {
    tenant.delete_registry_hook(input.path.get("name")).await?;
    Ok(Blank)
}
