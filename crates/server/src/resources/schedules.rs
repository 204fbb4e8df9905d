//! What recurs. The original does not tell.

use windlass_v1::schedules::Schedule;

use crate::{
    Failure,
    operation::{Input, List, Operation},
    scope::System,
};

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/system/schedules", "list_schedules", "Tells what recurs, and how it went the last time")
            .for_system("listSchedules", list),
    ]
}

async fn list(system: System, _: Input<(), ()>) -> Result<List<Schedule>, Failure> {
    Ok(List(system.service.schedules().await?))
}
