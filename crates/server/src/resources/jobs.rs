//! Work that waits, is under way or was given up. The original does not tell.

use windlass_v1::jobs::{Job, JobList, JobQuery};

use crate::{
    Failure,
    operation::{Input, Json, Operation},
    scope::System,
};

const UNKNOWN: &str = "There is no such job; what was done is kept no longer.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/system/jobs", "list_jobs", "Lists jobs of every account, newest first")
            .query::<JobQuery>()
            .for_system("listJobs", list),
        Operation::get("/system/jobs/{job}", "get_job", "Shows a job").fails(404, UNKNOWN).for_system("getJob", show),
        Operation::post("/system/jobs/{job}/retry", "retry_job", "Lets a job that was given up be tried again")
            .fails(404, UNKNOWN)
            .fails(409, "The job was not given up, or nothing would come of it; the answer says why.")
            .for_system("retryJob", retry),
    ]
}

async fn list(system: System, input: Input<JobQuery, ()>) -> Result<Json<JobList>, Failure> {
    Ok(Json(system.service.jobs(&input.query).await?))
}

async fn show(system: System, input: Input<(), ()>) -> Result<Json<Job>, Failure> {
    Ok(Json(system.service.job(input.path.get("job")).await?))
}

async fn retry(system: System, input: Input<(), ()>) -> Result<Json<Job>, Failure> {
    Ok(Json(system.service.retry_job(input.path.get("job")).await?))
}
