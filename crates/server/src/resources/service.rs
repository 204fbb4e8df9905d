//! The service itself: its version, health and metrics (`spec/api.md` A4.1).

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
    response::IntoResponse,
};
use windlass_operations::Service;
use windlass_v1::{
    error::{ErrorCodeDescription, error_codes},
    services::Version,
};

use crate::{
    Failure,
    metrics::Metrics,
    operation::{Answer, Described, Input, Json, Operation},
    scope::{Authenticated, Public},
};

pub(crate) fn operations(metrics: &Metrics) -> Vec<Operation> {
    let counters = Operation::get("/metrics", "metrics", "Counters in the text format of Prometheus");
    vec![
        if metrics.is_open() {
            counters.for_anyone(counters_for_anyone)
        } else {
            counters.for_users(counters_for_users)
        },
        Operation::get("/", "ping", "Tells the version of the API").for_anyone(ping),
        Operation::get("/health", "health_check", "Tells whether work can be accepted")
            .fails(503, "The database does not answer.")
            .for_anyone(health),
        Operation::get("/health/ready", "readiness_check", "Tells whether the database and object storage answer")
            .fails(503, "One of them does not answer; the message says which.")
            .for_anyone(ready),
        Operation::get("/version", "version_check", "Tells the version of the software").for_anyone(version),
        Operation::get("/system/error_codes", "describe_error_codes", "Lists the codes of errors").for_users(codes),
    ]
}

async fn ping(_: Public, _: Input<(), ()>) -> Result<Json<&'static str>, Failure> {
    Ok(Json("v1"))
}

async fn health(public: Public, _: Input<(), ()>) -> Result<Json<&'static str>, Failure> {
    public.service.store().ping().await.map_err(|error| {
        tracing::error!(%error, "the database does not answer");
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer.")
    })?;
    Ok(Json("ok"))
}

async fn ready(public: Public, _: Input<(), ()>) -> Result<Json<&'static str>, Failure> {
    match public.service.impediment().await {
        None => Ok(Json("ok")),
        Some(impediment) => Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, impediment)),
    }
}

async fn version(_: Public, _: Input<(), ()>) -> Result<Json<Version>, Failure> {
    Ok(Json(Version::default()))
}

async fn codes(_: Authenticated, _: Input<(), ()>) -> Result<Json<Vec<ErrorCodeDescription>>, Failure> {
    Ok(Json(error_codes()))
}

/// The text format of Prometheus.
struct Exposition(String);

impl IntoResponse for Exposition {
    fn into_response(self) -> Response<Body> {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], self.0).into_response()
    }
}

impl Answer for Exposition {
    fn describe() -> Described {
        Described { status: StatusCode::OK, media_type: "text/plain", schema: None, components: Vec::new() }
    }
}

async fn counters_for_anyone(public: Public, _: Input<(), ()>) -> Result<Exposition, Failure> {
    exposition(&public.service, &public.metrics).await
}

async fn counters_for_users(user: Authenticated, _: Input<(), ()>) -> Result<Exposition, Failure> {
    exposition(&user.service, &user.metrics).await
}

async fn exposition(service: &Service, metrics: &Metrics) -> Result<Exposition, Failure> {
    if metrics.count() {
        service.measure().await;
    }
    let text = metrics.render();
    text.map(Exposition).ok_or_else(|| Failure::not_found("This process counts nothing: metrics are switched off."))
}
