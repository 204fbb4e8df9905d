//! The parts of the service and how they are (`spec/api.md` A4.1).

use windlass_v1::services::{Service, Status, SystemStatus};

use crate::{
    Failure,
    operation::{Input, Json, List, Operation},
    scope::{Authenticated, System},
};

const UNKNOWN: &str = "There is no such part on that host.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/status", "get_status", "Tells how the API is").for_users(status),
        Operation::get("/system", "get_service_detail", "Tells how the parts of the service are").for_users(system),
        Operation::get("/system/services", "list_services", "Lists the parts of the service")
            .for_system("listServices", list),
        Operation::get("/system/services/{servicename}", "get_services_by_name", "Lists the parts with a name")
            .for_system("getService", by_name),
        Operation::get(
            "/system/services/{servicename}/{hostid}",
            "get_services_by_name_and_host",
            "Shows a part of the service on a host",
        )
        .fails(404, UNKNOWN)
        .for_system("getService", by_name_and_host),
        Operation::delete(
            "/system/services/{servicename}/{hostid}",
            "delete_service",
            "Forgets a part of the service that does not run",
        )
        .fails(404, UNKNOWN)
        .fails(409, "It runs.")
        .for_system("deleteService", delete),
    ]
}

async fn status(user: Authenticated, _: Input<(), ()>) -> Result<Json<Status>, Failure> {
    Ok(Json(user.service.status().await?))
}

async fn system(user: Authenticated, _: Input<(), ()>) -> Result<Json<SystemStatus>, Failure> {
    Ok(Json(SystemStatus { service_states: user.service.services(None).await? }))
}

async fn list(system: System, _: Input<(), ()>) -> Result<List<Service>, Failure> {
    Ok(List(system.service.services(None).await?))
}

async fn by_name(system: System, input: Input<(), ()>) -> Result<List<Service>, Failure> {
    Ok(List(system.service.services(Some(input.path.get("servicename"))).await?))
}

async fn by_name_and_host(system: System, input: Input<(), ()>) -> Result<Json<Vec<Service>>, Failure> {
    let (name, host) = (input.path.get("servicename"), input.path.get("hostid"));
    Ok(Json(vec![system.service.service(name, host).await?]))
}

async fn delete(system: System, input: Input<(), ()>) -> Result<Json<bool>, Failure> {
    system.service.delete_service(input.path.get("servicename"), input.path.get("hostid")).await?;
    Ok(Json(true))
}
