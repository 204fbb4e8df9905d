//! Who did what. The original does not tell.

use windlass_v1::audit::{AuditPage, AuditQuery};

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::{System, Tenant},
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/audit", "list_audit_records", "Tells who did what in the account of the request")
            .query::<AuditQuery>()
            .for_account("listAuditRecords", of_account),
        Operation::get("/system/audit", "list_all_audit_records", "Tells who did what in every account")
            .query::<AuditQuery>()
            .for_system("listAuditRecords", of_everyone),
    ]
}

async fn of_account(tenant: Tenant, input: Input<AuditQuery, ()>) -> Result<Json<AuditPage>, Failure> {
    Ok(Json(tenant.audit_records(&input.query).await?))
}

async fn of_everyone(system: System, input: Input<AuditQuery, ()>) -> Result<Json<AuditPage>, Failure> {
    Ok(Json(system.service.audit_records(&input.query).await?))
}
