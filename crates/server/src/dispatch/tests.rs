use axum::{
    body::Body,
    extract::Request,
    http::{Method, StatusCode},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use windlass_operations::testing::on_every_service;

use super::{REQUEST_ID, answering, routes::Routes};
use crate::{
    Failure, Metrics,
    operation::{Input, Json, Operation},
    scope::Public,
};

async fn crash(_: Public, _: Input<(), ()>) -> Result<Json<&'static str>, Failure> {
    panic!("this is expected")
}

#[test]
fn a_handler_that_crashes_fails_its_request_under_its_id_and_no_other() {
    on_every_service(|bench| async move {
        let operations = vec![
            Operation::get("/crash", "read", "Crashes").for_anyone(crash),
            Operation::post("/crash", "change", "Crashes").for_anyone(crash),
        ];
        let application = answering(bench.service.clone(), Metrics::none(), Routes::new(operations, Vec::new()));
        for method in [Method::GET, Method::POST, Method::GET] {
            let request = Request::builder().method(method.clone()).uri("/v1/crash").header(REQUEST_ID, "asked-once");
            let answer = application.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{method}");
            assert_eq!(answer.headers()[REQUEST_ID], "asked-once", "{method}");
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let text = String::from_utf8_lossy(&body);
            assert!(text.contains("X-Request-Id") && !text.contains("expected"), "{method}: {text}");
        }
    });
}
